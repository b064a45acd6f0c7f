import type { CallForest } from './call-forest.ts';
import type { CallGraph } from './call-graph.ts';
import { patternShifts, type PatternShift } from './event-patterns.ts';
import { logShifts, type LogShift } from './log-shifts.ts';
import type { Pace } from './pace.ts';
import { scoreOfShifts, weighShifts, type WeighedShift } from './metric-suspicion.ts';
import { spanShifts, type SpanShift } from './span-shifts.ts';
import type { Evidence, IncidentData, TimeWindow } from './types.ts';

/** What a channel says of a service. Scores compare within a channel. */
export interface Judgement {
  readonly score: number;
  /** Strongest first. */
  readonly evidence: readonly Evidence[];
}

/** What the channels judge. */
export interface Judged extends Omit<IncidentData, 'spans'> {
  readonly forest: CallForest;
}

export interface Channel {
  readonly name: string;
  /** What the channel counts beside the others. */
  readonly share: number;
  readonly judge: (data: Judged, graph: CallGraph, baseline: TimeWindow, window: TimeWindow, pace: Pace) => Promise<Map<string, Judgement>>;
}

/** Metrics count half: they are many, so that some are far off at any time, and their causes are furthest from them. */
export const channels: readonly Channel[] = [
  { name: 'metrics', share: 0.5, judge: judgeMetrics },
  {
    name: 'spans',
    share: 1,
    judge: async ({ forest }, graph, baseline, window, pace) => judgeShifts(await spanShifts(forest, baseline, window, pace), graph, spanEvidence),
  },
  {
    name: 'patterns of events in traces',
    share: 1,
    judge: async ({ forest, logs }, graph, baseline, window, pace) =>
      judgeShifts(await patternShifts(forest, logs, baseline, window, pace), graph, patternEvidence),
  },
  {
    name: 'log lines',
    share: 1,
    judge: async ({ logs }, graph, baseline, window, pace) => judgeShifts(await logShifts(logs, baseline, window, pace), graph, logEvidence),
  },
];

const evidenceMax = 6;
/** Evidence below this is what chance brings. */
const surpriseMin = 1;

async function judgeMetrics(
  { series }: Judged,
  graph: CallGraph,
  baseline: TimeWindow,
  window: TimeWindow,
  pace: Pace,
): Promise<Map<string, Judgement>> {
  const judgements = new Map<string, Judgement>();
  for (const [service, shifts] of await weighShifts(series, graph, baseline, window, pace)) {
    const evidence = shifts.slice(0, evidenceMax).filter(({ shift }) => shift.z >= surpriseMin);
    judgements.set(service, { score: scoreOfShifts(shifts), evidence: evidence.map(metricEvidence) });
  }
  return judgements;
}

const explainedShare = 0.3;
const breadthShare = 0.6;
const breadthMax = 3;

interface Shift {
  readonly service: string;
  readonly surprise: number;
}

/** Shifts come strongest first. A caller's count less by what its callees show, for that explains them. */
function judgeShifts<S extends Shift>(shifts: readonly S[], graph: CallGraph, evidence: (shift: S) => Evidence): Map<string, Judgement> {
  const byService = Map.groupBy(shifts, ({ service }) => service);
  const strongest = new Map([...byService].map(([service, list]) => [service, Math.log1p(list[0]!.surprise)]));
  const judgements = new Map<string, Judgement>();
  for (const [service, list] of byService) {
    const below = Math.max(0, ...[...graph.callees(service)].map((callee) => strongest.get(callee) ?? 0));
    const score = list.slice(0, breadthMax).reduce((sum, { surprise }, i) => {
      const weight = Math.log1p(surprise);
      const left = weight === 0 ? 0 : weight * (1 - explainedShare * Math.min(1, below / weight));
      return sum + left * (i === 0 ? 1 : breadthShare);
    }, 0);
    judgements.set(service, {
      score,
      evidence: list
        .slice(0, evidenceMax)
        .filter(({ surprise }) => surprise >= surpriseMin)
        .map(evidence),
    });
  }
  return judgements;
}

/** Four significant digits. */
const figure = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${figure(share * 100)} %`;

function metricEvidence({ shift, explainedBy }: WeighedShift): Evidence {
  const { series, z, before, during, pointsBefore, pointsDuring } = shift;
  const way = during > before ? 'rose' : 'fell';
  const because = explainedBy === '' ? '' : `; ${explainedBy}, which it calls, shows the same`;
  const text = `${series.name} ${way} from ${figure(before)} to ${figure(during)} (${figure(z)} robust standard deviations, ${pointsDuring} points against ${pointsBefore})${because}`;
  return { kind: 'metric', subject: series.name, surprise: z, before, during, pointsBefore, pointsDuring, text };
}

function spanEvidence({ operation, kind, surprise, before, during, countBefore, countDuring }: SpanShift): Evidence {
  const counts = `${countDuring} spans against ${countBefore}`;
  const text =
    kind === 'errors'
      ? `errors begin in ${percent(during)} of the spans of ${operation}, before in ${percent(before)} (${counts})`
      : `own time of ${operation} rose from ${figure(before)} to ${figure(during)} ms (${counts})`;
  return { kind, subject: operation, surprise, before, during, pointsBefore: countBefore, pointsDuring: countDuring, text };
}

function patternEvidence({ event, successor, surprise, before, during, countBefore, countDuring }: PatternShift): Evidence {
  const text = `after "${event}" came "${successor}" in ${percent(during)} of ${countDuring}, before in ${percent(before)} of ${countBefore}`;
  return { kind: 'calls', subject: event, surprise, before, during, pointsBefore: countBefore, pointsDuring: countDuring, text };
}

function logEvidence({ pattern, isError, surprise, before, during, countBefore, countDuring }: LogShift): Evidence {
  const what = isError ? 'log line of a failure' : 'log line';
  const text =
    countBefore === 0
      ? `${what} "${pattern}" is new, ${countDuring} times`
      : `${what} "${pattern}" rose from ${figure(before)} to ${figure(during)} a minute (${countDuring} against ${countBefore})`;
  return { kind: 'log', subject: pattern, surprise, before, during, pointsBefore: countBefore, pointsDuring: countDuring, text };
}
