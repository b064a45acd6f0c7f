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

/** Values beyond so many of a service make no further rows: they are ids. */
const valuesMax = 5000;

/** Strongest first. */
export async function attributeShifts(spans: readonly CallSpan[], baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<AttributeShift[]> {
  const totals = new Map<string, [number, number]>();
  const counts = new Map<string, [number, number]>();
  await pace.each(spans, ({ service, startMs, attributes = [] }) => {
    const side = sideOf(startMs, baseline, window);
    if (side === undefined) return;
    raise(totals, service, side);
    for (const [key, value] of attributes)
      if (counts.size < valuesMax || counts.has(`${service}\n${key}\n${value}`)) raise(counts, `${service}\n${key}\n${value}`, side);
  });
  const shifts = [...counts].map(([name, [before, during]]): AttributeShift => {
    const [service = '', key = '', value = ''] = name.split('\n');
    const [allBefore, allDuring] = totals.get(service)!;
    const surprise = allBefore === 0 ? 0 : likelihoodRoot(before, allBefore, during, allDuring);
    return {
      service,
      key,
      value,
      surprise,
      before: before / Math.max(1, allBefore),
      during: during / Math.max(1, allDuring),
      countBefore: before,
      countDuring: during,
    };
  });
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service + a.key + a.value, b.service + b.key + b.value));
}

function raise(map: Map<string, [number, number]>, key: string, side: 0 | 1): void {
  const known = map.get(key) ?? [0, 0];
  known[side]++;
  map.set(key, known);
}
