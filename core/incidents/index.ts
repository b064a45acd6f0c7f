/** Incidents: an append-only log, what it folds to, and the post-mortem that is read from it. */
export { createIncidents } from './incidents.ts';
export type { Incidents, IncidentsOptions, DeclareInput, UpdateInput } from './incidents.ts';
export { suggestSev, suggestTitle, updateDue } from './severity.ts';
export type { SevSuggestion } from './severity.ts';
export { roleCards } from './roles.ts';
export type { RoleCard } from './roles.ts';
export { durations } from './durations.ts';
export type { Span } from './durations.ts';
export { draftUpdate, statusText } from './status.ts';
export type { Audience, UpdateDraft } from './status.ts';
export type { Similar } from './similar.ts';
export { observations } from './observations.ts';
export type { Observations } from './observations.ts';
export { postmortem, postmortemFileName, postmortemSections } from './postmortem.ts';
export { readTemplate } from './template.ts';
export type { Template } from './template.ts';
export type { PostmortemInput } from './postmortem.ts';
export type { ChartData } from './chart-data.ts';
