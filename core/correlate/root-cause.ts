import { compareText, formatTime } from '#core/model/index.ts';
import { CallForest } from './call-forest.ts';
import { CallGraph, edgesOfSpans } from './call-graph.ts';
import { channels, type Channel, type Judgement } from './channels.ts';
import { Pace } from './pace.ts';
import { spreadOf } from './robust.ts';
import type { Evidence, IncidentData, MetricSuspect, RootCauseAnswer, Suspect, TimeWindow } from './types.ts';

/** How far back "what is usual" reaches. */
const baselineMs = 6 * 3_600_000;
/** With less data before the window than this share of its length, all that lies around it is the baseline. */
const baselineShareMin = 0.3;
const evidenceMax = 12;
const metricsMax = 50;
/** A channel cannot outweigh the others by more than this, in spreads over the services. */
const channelMax = 8;
/** The spread over services that is always assumed, so that a channel without differences stays silent. */
const channelSpreadMin = 0.7;

/**
 * Ranks services by how likely the fault of the window began in them. Four channels judge each service: metrics, span self times and
 * errors, patterns of events, log lines. Each gives the distance from its own median over all services, in robust spreads, so that a
 * noisy signal counts little and a clear one much; the sum ranks. Deterministic, and one setting for all data.
 */
export async function rankRootCauses(data: IncidentData, window: TimeWindow, pace = new Pace()): Promise<RootCauseAnswer> {
  const baseline = baselineOf(data, window);
  const forest = await CallForest.of(data.spans, pace);
  const graph = new CallGraph([...data.edges, ...(await edgesOfSpans(forest, pace))]);
  const judged: ChannelJudgement[] = [];
  for (const channel of channels) judged.push({ channel, services: await channel.judge({ ...data, forest }, graph, baseline, window, pace) });
  const names = [...new Set(judged.flatMap(({ services }) => [...services.keys()]))].filter((name) => name !== '').sort(compareText);
  const suspects = new Map(names.map((service) => [service, { service, score: 0, evidence: [] as Evidence[] }]));
  for (const { channel, services } of judged) {
    const scores = names.map((service) => services.get(service)?.score ?? 0);
    standings(scores).forEach((standing, i) => {
      const suspect = suspects.get(names[i]!)!;
      suspect.score += standing * channel.share;
      suspect.evidence.push(...(services.get(suspect.service)?.evidence ?? []));
    });
  }
  const ranked = [...suspects.values()].sort((a, b) => b.score - a.score || total(b) - total(a) || compareText(a.service, b.service));
  return {
    window,
    baseline,
    suspects: ranked.map((suspect) => withChain(suspect, graph, ranked)),
    metrics: metricSuspects(ranked),
    notes: notesOf(data, judged, baseline, window),
  };
}

/** Before the window when there is enough, else all around it. */
function baselineOf({ series, spans, logs }: IncidentData, window: TimeWindow): TimeWindow {
  let first = Infinity;
  let last = -Infinity;
  const meet = (timeMs: number | undefined): void => {
    if (timeMs === undefined) return;
    first = Math.min(first, timeMs);
    last = Math.max(last, timeMs);
  };
  for (const { timesMs } of series) {
    meet(timesMs[0]);
    meet(timesMs.at(-1));
  }
  for (const { startMs } of spans) meet(startMs);
  for (const { timeMs } of logs) meet(timeMs);
  if (first === Infinity) return { startMs: window.startMs, endMs: window.startMs };
  const enough = window.startMs - first >= (window.endMs - window.startMs) * baselineShareMin;
  if (enough) return { startMs: Math.max(first, window.startMs - baselineMs), endMs: window.startMs - 1 };
  return { startMs: first, endMs: last };
}

/** How far each score stands above the median, in robust spreads; 0 for those below. */
function standings(scores: readonly number[]): number[] {
  const { median, scale } = spreadOf(scores);
  return scores.map((score) => Math.min(channelMax, Math.max(0, score - median) / (scale + channelSpreadMin)));
}

const total = ({ evidence }: Suspect): number => evidence.reduce((sum, { surprise }) => sum + Math.log1p(surprise), 0);

/** Strongest evidence first, and then what the call graph says of the suspect's neighbours. */
function withChain(suspect: Suspect, graph: CallGraph, ranked: readonly Suspect[]): Suspect {
  const evidence = suspect.evidence.toSorted((a, b) => b.surprise - a.surprise || compareText(a.text, b.text)).slice(0, evidenceMax);
  const half = (ranked[0]?.score ?? 0) / 4;
  const struck = new Set(ranked.filter(({ score }) => score > 0 && score >= half).map(({ service }) => service));
  const chain = (names: ReadonlySet<string>, words: (list: string) => string): Evidence[] => {
    const met = [...names].filter((name) => struck.has(name)).sort(compareText);
    if (met.length === 0) return [];
    const numbers = { surprise: 0, before: 0, during: 0, pointsBefore: 0, pointsDuring: met.length };
    return [{ kind: 'edge', subject: met.join(', '), ...numbers, text: words(met.join(', ')) }];
  };
  const up = chain(graph.callers(suspect.service), (list) => `called by ${list}, which show the effect too`);
  const down = chain(graph.callees(suspect.service), (list) => `calls ${list}, which may explain a part`);
  return { ...suspect, evidence: [...evidence, ...up, ...down] };
}

function metricSuspects(ranked: readonly Suspect[]): MetricSuspect[] {
  const all = ranked.flatMap(({ service, score, evidence }) =>
    evidence
      .filter(({ kind }) => kind === 'metric')
      .map(({ subject, surprise }) => ({ service, name: subject, metric: /^[^{]*/.exec(subject)![0], score: (1 + score) * Math.log1p(surprise) })),
  );
  return all.sort((a, b) => b.score - a.score || compareText(a.name, b.name)).slice(0, metricsMax);
}

interface ChannelJudgement {
  readonly channel: Channel;
  readonly services: ReadonlyMap<string, Judgement>;
}

function notesOf(data: IncidentData, judged: readonly ChannelJudgement[], baseline: TimeWindow, window: TimeWindow): string[] {
  const notes = judged
    .filter(({ services }) => services.size === 0)
    .map(({ channel }) => `not enough data for ${channel.name} around ${formatTime(window.startMs)}: it was left out`);
  if (baseline.endMs >= window.startMs && data.series.length + data.spans.length + data.logs.length > 0)
    notes.push('there is little or no data before the window: it was compared with all the data around it, which is less certain');
  if (data.edges.length === 0 && data.spans.length === 0)
    notes.push('no call graph is known: effects at callers cannot be told from causes at callees');
  return notes;
}
