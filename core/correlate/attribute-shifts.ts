import { compareText } from '#core/model/index.ts';
import type { Pace } from './pace.ts';
import { likelihoodRoot, sideOf } from './span-shifts.ts';
import type { CallSpan, TimeWindow } from './types.ts';

/** An attribute's value that more of a service's spans have. */
export interface AttributeShift {
  readonly service: string;
  readonly key: string;
  readonly value: string;
  readonly surprise: number;
  /** Share of the service's spans. */
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
}

/** A value in fewer traces of the window is the id of something, or chance: spans of one trace share what they were asked for. */
const tracesMin = 3;

/** Of one attribute and service. */
interface Tally {
  readonly sides: [before: number, during: number];
  traces: number;
  lastTrace: string;
}
type Pair = readonly [key: string, value: string];

/** Strongest first. */
export async function attributeShifts(spans: readonly CallSpan[], baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<AttributeShift[]> {
  const totals = new Map<string, [before: number, during: number]>();
  // Spans that have the same attribute mostly share its object, which is found faster than a text.
  const tallies = new Map<string, Map<Pair, Tally>>();
  await pace.each(spans, ({ service, startMs, traceId, attributes = [] }) => {
    const side = sideOf(startMs, baseline, window);
    if (side === undefined) return;
    entryOf<string, [number, number]>(totals, service, () => [0, 0])[side]++;
    const ofService = entryOf(tallies, service, () => new Map<Pair, Tally>());
    for (const pair of attributes) count(entryOf(ofService, pair, newTally), side, traceId);
  });
  const shifts: AttributeShift[] = [];
  for (const [service, ofService] of tallies) {
    const merged = new Map<string, Tally>();
    await pace.each(ofService, ([[key, value], tally]) => add(entryOf(merged, `${key}\n${value}`, newTally), tally));
    await pace.each(merged, ([name, { sides, traces }]) => {
      const shift = traces < tracesMin ? undefined : shiftOf(service, name, sides, totals.get(service)!);
      if (shift !== undefined) shifts.push(shift);
    });
  }
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service + a.key + a.value, b.service + b.key + b.value));
}

const newTally = (): Tally => ({ sides: [0, 0], traces: 0, lastTrace: '' });

/** Traces are counted in the window, where they are told apart from the one before: a trace's spans come together. */
function count(tally: Tally, side: 0 | 1, traceId: string): void {
  tally.sides[side]++;
  if (side === 0 || (traceId !== '' && tally.lastTrace === traceId)) return;
  tally.traces++;
  tally.lastTrace = traceId;
}

function add(to: Tally, { sides: [before, during], traces }: Tally): void {
  to.sides[0] += before;
  to.sides[1] += during;
  to.traces += traces;
}

function shiftOf(
  service: string,
  name: string,
  [before, during]: readonly [number, number],
  [allBefore, allDuring]: readonly [number, number],
): AttributeShift | undefined {
  const surprise = allBefore === 0 ? 0 : likelihoodRoot(before, allBefore, during, allDuring);
  if (surprise === 0) return undefined;
  const [key = '', value = ''] = name.split('\n', 2);
  const shares = { before: before / allBefore, during: during / allDuring };
  return { service, key, value, surprise, ...shares, countBefore: before, countDuring: during };
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let entry = map.get(key);
  if (entry === undefined) map.set(key, (entry = make()));
  return entry;
}
