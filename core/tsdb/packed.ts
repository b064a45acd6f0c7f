import type { Columns } from './codec/columns.ts';
import type { FrameMeta } from './sealed.ts';

/** The sealed frames of a group that a scan wants, opened when it comes to them. */
export interface GroupPlan {
  readonly group: number;
  metas: readonly FrameMeta[];
}

/** A series as a scan knows it: its place in a group, and its unsealed samples as they were when the scan began. */
export interface Place {
  readonly slot: number;
  readonly plan: GroupPlan;
  readonly head: Columns | undefined;
}

/** Series as columns, an entry each, so that a message of them is soon written and read. Holds copies of what the head has. */
export interface Packed {
  readonly plans: readonly GroupPlan[];
  /** Number of the plan; -1 of a series that only its store can read. */
  readonly planOf: readonly number[];
  readonly slots: readonly number[];
  /** Where the series' unsealed values end; they begin where those before end. */
  readonly ends: readonly number[];
  readonly values: Float64Array;
  /** The times of those values, by `timesOf`. */
  readonly times: readonly Float64Array[];
  readonly timesOf: readonly number[];
}

/** Packs series whose heads hold no histograms; undefined for one that is left out. */
export function packPlaces(places: readonly (Place | undefined)[]): Packed {
  const [plans, times]: [GroupPlan[], Float64Array[]] = [[], []];
  const [planOf, slots, ends, timesOf]: number[][] = [[], [], [], []];
  let count = 0;
  for (const place of places) {
    if (place !== undefined && plans.at(-1) !== place.plan) plans.push(place.plan);
    if (place?.head !== undefined && times.at(-1) !== place.head.times) times.push(place.head.times);
    planOf!.push(place === undefined ? -1 : plans.length - 1);
    slots!.push(place?.slot ?? 0);
    ends!.push((count += place?.head?.values.length ?? 0));
    timesOf!.push(times.length - 1);
  }
  const values = new Float64Array(count);
  places.forEach((place, i) => place?.head !== undefined && values.set(place.head.values, ends![i]! - place.head.values.length));
  return { plans, planOf: planOf!, slots: slots!, ends: ends!, values, times: times.map((one) => one.slice()), timesOf: timesOf! };
}

export function unpackPlaces({ plans, planOf, slots, ends, values, times, timesOf }: Packed): (Place | undefined)[] {
  return planOf.map((number, i) => {
    const plan = plans[number];
    if (plan === undefined) return undefined;
    const [from, to] = [ends[i - 1] ?? 0, ends[i]!];
    return { plan, slot: slots[i]!, head: from === to ? undefined : { times: times[timesOf[i]!]!, values: values.subarray(from, to) } };
  });
}
