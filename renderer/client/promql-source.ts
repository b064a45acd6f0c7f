import type { Engine } from './engine.svelte.ts';

/** What the editors' completion of PromQL asks: the shape of its library's own client. */
export interface PromqlSource {
  labelNames(metric?: string): Promise<string[]>;
  labelValues(label: string, metric?: string): Promise<string[]>;
  metricMetadata(): Promise<Record<string, { readonly type: string; readonly help: string }[]>>;
  metricNames(): Promise<string[]>;
  series(): Promise<Map<string, string>[]>;
  flags(): Promise<Record<string, string>>;
}

/** What the completion asks, answered by the engine. Fails soft: no completion is better than an error over the query being typed. */
export function promqlSource(engine: Engine, dataset: () => string): PromqlSource {
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
