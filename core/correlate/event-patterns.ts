import { compareText } from '#core/model/index.ts';
import type { CallForest } from './call-forest.ts';
import type { Pace } from './pace.ts';
import { sideOf } from './span-shifts.ts';
import type { LogEvent, TimeWindow } from './types.ts';

/**
 * What follows what. The log lines of one span, behind its start, make pairs, and so do the calls that it makes; a fault shows as a pair whose
 * share among the successors of its first event changed (event patterns as in Nezha, FSE'23). Conditioning on the first event
 * keeps a change of traffic, and a change further up the call chain, from counting.
 */
export interface PatternShift {
  readonly service: string;
  /** Root of the likelihood ratio G of the successors' counts before and during, times the change of the share that changed most; 0 or more. */
  readonly surprise: number;
  readonly event: string;
  /** The successor whose share changed most. */
  readonly successor: string;
  /** Its share among the successors, 0..1. */
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
}

const sequenceEnd = 'the end';
/** An event met less often, before or during, says nothing of its successors. */
const eventCountMin = 4;

type Counts = [before: number, during: number];

/** Strongest first. */
export async function patternShifts(
  forest: CallForest,
  logs: readonly LogEvent[],
  baseline: TimeWindow,
  window: TimeWindow,
  pace: Pace,
): Promise<PatternShift[]> {
  const successors = new Map<string, Map<string, Counts>>();
  for (const sequences of await sequencesOf(forest, logs, pace))
    await pace.each(sequences.all(), (sequence) => count(sequence, successors, baseline, window));
  const shifts: PatternShift[] = [];
  await pace.each(successors, ([context, counts]) => {
    const [service = '', event = ''] = context.split('\n');
    const shift = shiftOf(service, event, counts);
    if (shift !== undefined) shifts.push(shift);
  });
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service, b.service) || compareText(a.event, b.event));
}

interface Event {
  readonly service: string;
  readonly timeMs: number;
  readonly name: string;
}

/** Of each span its start and log lines, and its start and calls; of each service's part of a trace where log lines name no span. */
async function sequencesOf(forest: CallForest, logs: readonly LogEvent[], pace: Pace): Promise<readonly Sequences[]> {
  const lines = new Sequences();
  const calls = new Sequences();
  await pace.each(forest.spans, (span) => {
    const { service, operation, traceId, spanId, startMs } = span;
    const start = { service, timeMs: startMs, name: `${operation} begins` };
    if (logs.length > 0) lines.add(traceId, spanId, start);
    calls.add(traceId, spanId, start);
    const caller = forest.parentOf(span);
    if (caller !== undefined) calls.add(traceId, caller.spanId, { service: caller.service, timeMs: startMs, name: `call of ${operation}` });
  });
  await pace.each(logs, ({ service, traceId, spanId, timeMs, pattern }) => {
    if (traceId !== '') lines.add(traceId, spanId, { service, timeMs, name: pattern });
  });
  return [lines, calls];
}

class Sequences {
  readonly #byKey = new Map<string, Event[]>();

  add(traceId: string, spanId: string, event: Event): void {
    const key = `${event.service}\n${traceId}\n${spanId}`;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, [event]);
    else known.push(event);
  }

  all(): Iterable<Event[]> {
    return this.#byKey.values();
  }
}

function count(sequence: Event[], successors: Map<string, Map<string, Counts>>, baseline: TimeWindow, window: TimeWindow): void {
  if (sequence.length > 1) sequence.sort((a, b) => a.timeMs - b.timeMs);
  sequence.forEach(({ service, timeMs, name }, i) => {
    const side = sideOf(timeMs, baseline, window);
    if (side === undefined) return;
    const context = `${service}\n${name}`;
    let counts = successors.get(context);
    if (counts === undefined) successors.set(context, (counts = new Map()));
    const next = sequence[i + 1]?.name ?? sequenceEnd;
    const pair = counts.get(next) ?? [0, 0];
    pair[side]++;
    counts.set(next, pair);
  });
}

function shiftOf(service: string, event: string, counts: ReadonlyMap<string, Counts>): PatternShift | undefined {
  let before = 0;
  let during = 0;
  for (const [b, d] of counts.values()) {
    before += b;
    during += d;
  }
  if (before < eventCountMin || during < eventCountMin) return undefined;
  let ratio = 0;
  let most = 0;
  let successor = '';
  for (const [name, [b, d]] of counts) {
    const part = cellOf(b, ((b + d) * before) / (before + during)) + cellOf(d, ((b + d) * during) / (before + during));
    ratio += part;
    const change = Math.abs(b / before - d / during);
    if (change > most) [most, successor] = [change, name];
  }
  const [b = 0, d = 0] = counts.get(successor) ?? [];
  const surprise = Math.sqrt(Math.max(0, ratio - (counts.size - 1))) * most;
  return { service, surprise, event, successor, before: b / before, during: d / during, countBefore: before, countDuring: during };
}

/** A cell's part of G; of an empty cell 0. */
function cellOf(observed: number, expected: number): number {
  return observed === 0 ? 0 : 2 * observed * Math.log(observed / expected);
}
