/** Incidents: an append-only log, what it folds to, and the post-mortem that is read from it. */
export { createIncidents } from './incidents.ts';
export type { Incidents, IncidentsOptions } from './incidents.ts';
export { suggestSev, suggestTitle } from './severity.ts';
export { roleCards } from './roles.ts';
export { durations } from './durations.ts';
export { draftUpdate, statusText } from './status.ts';
export { observations } from './observations.ts';
export { postmortem, postmortemFileName, postmortemSections } from './postmortem.ts';
export { readTemplate } from './template.ts';
export type { ChartData } from './chart-data.ts';
