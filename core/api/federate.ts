import {
  compareLabels,
  compareText,
  isStale,
  labelPairs,
  labelsKey,
  labelValue,
  messageOf,
  METRIC_NAME,
  type HttpAnswer,
  type Labels,
  type Matcher,
  type UnixMs,
} from '#core/model/index.ts';
import { formatFloat } from '#core/formats/index.ts';
import type { TsdbView } from '#core/tsdb/index.ts';
import type { Params } from './params.ts';
import { selectorsOf } from './series.ts';
import type { ConfigInForce } from './settings.ts';

interface FederateParts {
  readonly live: TsdbView;
  readonly clock: { now(): UnixMs };
  readonly config: () => ConfigInForce;
}

type Pair = readonly [label: string, value: string];

interface Newest {
  readonly labels: Labels;
  readonly name: string;
  readonly timeMs: UnixMs;
  readonly value: number;
}

/** How names of other than the old letters are written. */
interface NameForm {
  readonly escaping: string;
  metric(name: string): string;
  label(name: string): string;
  series(metric: string, pairs: readonly string[]): string;
}

/** As far as an instant query looks back. */
const lookbackMs = 5 * 60_000;
const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * GET /federate: the newest sample of each matching series, with its time, as a page of text 0.0.4 that another Prometheus scrapes. Native
 * histograms are left out, since text cannot carry them. Names of other than the old letters are escaped to underscores unless `accept` takes
 * them as they are. A selector that every series would match is refused. Source: Prometheus' documentation, "Federation", and "Content
 * negotiation" for the escaping.
 */
export function federate({ live, clock, config }: FederateParts, params: Params, accept: string): HttpAnswer {
  let selectors;
  try {
    selectors = selectorsOf(params, '');
  } catch (error) {
    return { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${messageOf(error)}\n` };
  }
  const names = accept.includes('escaping=allow-utf-8') ? utf8Names : underscoredNames;
  const body = page(newestOf(live, selectors, clock.now()), added(config().settings.externalLabels), names);
  return { status: 200, headers: { 'content-type': `text/plain; version=0.0.4; charset=utf-8; escaping=${names.escaping}` }, body };
}

function newestOf(live: TsdbView, selectors: readonly (readonly Matcher[])[], nowMs: UnixMs): Newest[] {
  const found = new Map<string, Newest>();
  for (const matchers of selectors) {
    for (const { labels, timesMs, values, histograms } of live.scan(matchers, nowMs - lookbackMs + 1, nowMs)) {
      const last = timesMs.length - 1;
      if (isStale(values, last) || histograms?.[last] !== undefined) continue;
      found.set(labelsKey(labels), { labels, name: labelValue(labels, METRIC_NAME), timeMs: timesMs[last]!, value: values[last]! });
    }
  }
  return [...found.values()].filter(({ name }) => name !== '').sort((a, b) => compareText(a.name, b.name) || compareLabels(a.labels, b.labels));
}

/** What series get that have no label of the name. Whoever honours the labels of this page must not put the instance of the scrape on series that had none. */
function added(external: Labels): readonly Pair[] {
  const pairs: Pair[] = [...labelPairs(external)];
  if (labelValue(external, 'instance') === '') pairs.push(['instance', '']);
  return pairs.sort(([a], [b]) => compareText(a, b));
}

function page(newest: readonly Newest[], external: readonly Pair[], names: NameForm): string {
  let [text, before] = ['', ''];
  for (const { labels, name, value, timeMs } of newest) {
    if (name !== before) text += `# TYPE ${names.metric(name)} untyped\n`;
    before = name;
    const own = [...labelPairs(labels)].filter(([label]) => label !== METRIC_NAME);
    const pairs = [...own, ...external.filter(([label]) => labelValue(labels, label) === '')].map(
      ([label, of]) => `${names.label(label)}=${quoted(of)}`,
    );
    text += `${names.series(names.metric(name), pairs)} ${value === 0 ? '0' : formatFloat(value, 'g')} ${timeMs}\n`;
  }
  return text;
}

const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
const underscored = (name: string): string => name.replace(/^[0-9]|[^a-zA-Z0-9_:]/gu, '_');

const underscoredNames: NameForm = {
  escaping: 'underscores',
  metric: underscored,
  label: underscored,
  series: (metric, pairs) => `${metric}{${pairs.join(',')}}`,
};
const utf8Names: NameForm = {
  escaping: 'allow-utf-8',
  metric: (name) => (legacyMetricName.test(name) ? name : quoted(name)),
  label: (name) => (legacyLabelName.test(name) ? name : quoted(name)),
  series: (metric, pairs) => (metric.startsWith('"') ? `{${[metric, ...pairs].join(',')}}` : `${metric}{${pairs.join(',')}}`),
};
