import type { PrometheusClient } from '@prometheus-io/codemirror-promql/dist/esm/client/index.js';
import type { Engine } from '../../client/engine.svelte.ts';

/** What the completion asks, answered by the engine. Fails soft: no completion is better than an error over the query being typed. */
export function promqlSource(engine: Engine, dataset: () => string): PrometheusClient {
  const soft = async <T>(answer: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await answer;
    } catch {
      return otherwise; // The line is away or the question was cancelled; the next keystroke asks again.
    }
  };
  const selector = (metric: string | undefined): { match?: string } =>
    metric === undefined || metric === '' ? {} : { match: `{__name__=${JSON.stringify(metric)}}` };
  const names = (): Promise<readonly { name: string; type: string; help: string }[]> =>
    soft(engine.call('metrics.names', { dataset: dataset() }), []);
  return {
    labelNames: async (metric) => [...(await soft(engine.call('metrics.labels', { dataset: dataset(), ...selector(metric) }), []))],
    labelValues: async (label, metric) => [
      ...(await soft(engine.call('metrics.labelValues', { dataset: dataset(), label, ...selector(metric) }), [])),
    ],
    metricMetadata: async () => Object.fromEntries((await names()).map(({ name, type, help }) => [name, [{ type, help }]])),
    metricNames: async () => (await names()).map(({ name }) => name),
    series: () => Promise.resolve([]),
    flags: () => Promise.resolve({}),
  };
}
