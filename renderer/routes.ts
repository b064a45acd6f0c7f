import type { ViewEntry } from './shell/view.ts';
import {
  IconAlert,
  IconDataset,
  IconExplore,
  IconFlap,
  IconIncident,
  IconOverview,
  IconReport,
  IconRoute,
  IconRunbook,
  IconSearch,
  IconSettings,
  IconSilence,
  IconSlo,
  IconSource,
  IconSteps,
  IconTrace,
  IconUnknown,
} from './ui/icons.ts';
import Overview from './views/overview/OverviewView.svelte';

/** The rail, from the top. Only what the first screen needs comes with the first load. */
export const views: readonly ViewEntry[] = [
  { id: '', title: 'Overview', icon: IconOverview, keys: 'g o', load: () => Promise.resolve({ default: Overview }) },
  { id: 'incidents', title: 'Incidents', icon: IconIncident, keys: 'g i', load: () => import('./views/incidents/IncidentsView.svelte') },
  { id: 'alerts', title: 'Alerts', icon: IconAlert, keys: 'g a', load: () => import('./views/alerts/AlertsView.svelte') },
  {
    id: 'alerts/silences',
    title: 'Silences',
    icon: IconSilence,
    keys: 'g q',
    load: () => import('./views/alerts/silences/SilencesView.svelte'),
  },
  { id: 'alerts/routes', title: 'Routes', icon: IconRoute, keys: 'g h', load: () => import('./views/alerts/routes/RoutesView.svelte') },
  { id: 'alerts/rules', title: 'Rules', icon: IconSteps, keys: 'g u', load: () => import('./views/alerts/rules/RulesView.svelte') },
  { id: 'alerts/noise', title: 'Noise', icon: IconFlap, keys: 'g y', load: () => import('./views/alerts/noise/NoiseView.svelte') },
  { id: 'alerts/why', title: 'Why was I paged?', icon: IconUnknown, keys: 'g w', load: () => import('./views/alerts/why/WhyView.svelte') },
  { id: 'explore', title: 'Explore', icon: IconExplore, keys: 'g e', load: () => import('./views/explore/ExploreView.svelte') },
  { id: 'explore/logs', title: 'Logs', icon: IconReport, keys: 'g l', load: () => import('./views/logs/LogsView.svelte') },
  { id: 'explore/traces', title: 'Traces', icon: IconTrace, keys: 'g t', load: () => import('./views/traces/TracesView.svelte') },
  { id: 'explore/changes', title: 'What changed?', icon: IconSearch, keys: 'g d', load: () => import('./views/whatchanged/WhatChangedView.svelte') },
  { id: 'slos', title: 'SLOs', icon: IconSlo, keys: 'g b', load: () => import('./views/slos/SlosView.svelte') },
  { id: 'runbooks', title: 'Runbooks', icon: IconRunbook, keys: 'g r', load: () => import('./views/runbooks/RunbooksView.svelte') },
  { id: 'cases', title: 'Cases', icon: IconDataset, keys: 'g c', load: () => import('./views/cases/CasesView.svelte') },
  { id: 'sources', title: 'Sources', icon: IconSource, keys: 'g s', load: () => import('./views/sources/SourcesView.svelte') },
  { id: 'settings', title: 'Settings', icon: IconSettings, keys: 'g ,', load: () => import('./views/settings/SettingsView.svelte') },
];
