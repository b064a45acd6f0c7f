/** The HTTP that other tools speak: Prometheus' and Alertmanager's APIs, pushes, and our own metrics. */
export { createApi } from './router.ts';
export type { ApiParts } from './router.ts';
export { answerQuery } from './answer-query.ts';
export { ownMetrics } from './own-metrics.ts';
