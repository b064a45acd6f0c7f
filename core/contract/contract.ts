import { alertsContract } from './alerts.ts';
import { casesContract } from './cases.ts';
import { correlateContract } from './correlate.ts';
import { incidentsContract } from './incidents.ts';
import { logsContract } from './logs.ts';
import { metricsContract } from './metrics.ts';
import { practiceContract } from './practice.ts';
import { routesContract } from './routes.ts';
import { rulesContract } from './rules.ts';
import { silencesContract } from './silences.ts';
import { slosContract } from './slos.ts';
import { sourcesContract } from './sources.ts';
import { systemContract } from './system.ts';
import { tracesContract } from './traces.ts';

/** Every procedure and stream: `noun.verb`, its input check and the type of its output. */
export const contract = {
  ...systemContract,
  ...metricsContract,
  ...sourcesContract,
  ...alertsContract,
  ...rulesContract,
  ...routesContract,
  ...silencesContract,
  ...slosContract,
  ...incidentsContract,
  ...tracesContract,
  ...logsContract,
  ...casesContract,
  ...correlateContract,
  ...practiceContract,
};
export type SignalboxContract = typeof contract;
