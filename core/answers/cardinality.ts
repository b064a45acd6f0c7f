import type { CardinalityView } from '#core/contract/index.ts';
import { defaultIntakeLimits } from '#core/formats/index.ts';
import type { CutTarget } from '#core/intake/index.ts';
import { formatTime, type UnixMs } from '#core/model/index.ts';
import type { GrowingLabel, RefusedSeries, Tsdb } from '#core/tsdb/index.ts';
import type { Parts } from './parts.ts';

/** What was last refused longer ago than this is over. */
const overAfterMs = 10 * 60_000;
const told = 3;
/** A label that gains so many values within an hour explodes: what one source may make (new_series_per_source), from wherever they come. */
const explodingFrom = defaultIntakeLimits.newSeriesMax;

/** The metrics, labels and pairs that make the number of series, what grows, and who was cut. */
export function cardinalityView(store: Tsdb, cuts: readonly CutTarget[], limit: number): CardinalityView {
  const { series, pairs, metrics, labels, labelPairs, growing, refused } = store.cardinality(limit);
  return { series, pairs, metrics, labels, labelPairs, growing, refused, cut: cuts.slice(0, limit) };
}

/** Who was cut lately, and the label that explodes, a sentence each. */
export function explosions({ scraper, live, clock }: Pick<Parts, 'scraper' | 'live' | 'clock'>): string[] {
  const nowMs = clock.now();
  const isNow = ({ lastMs }: { readonly lastMs: UnixMs }): boolean => nowMs - lastMs < overAfterMs;
  const cuts = scraper.cuts().filter(isNow);
  const refused = live.refused(told).filter(isNow);
  const named = new Set([...cuts, ...refused].map(({ label }) => label));
  const growing = live.growing(told).filter(({ label, added }) => added >= explodingFrom && !named.has(label));
  return [...cuts.map(ofTarget), ...refused.map(ofStore), ...growing.map(ofGrowth)].slice(0, told);
}

function ofGrowth({ label, values, added, sinceMs }: GrowingLabel): string {
  return `label ${label}: ${grouped(values)} values, ${grouped(added)} of them since ${clockTime(sinceMs)}; what is new each time belongs into logs or traces`;
}

function ofTarget({ job, url, metric, label, values, sinceMs, newSeriesMax, pageSamplesMax }: CutTarget): string {
  const what = label === '' ? metric : `${metric}, label ${label}: ${grouped(values)} values beyond the limit since ${clockTime(sinceMs)}`;
  if (pageSamplesMax !== undefined) return `${job} ${url} has pages of more than ${grouped(pageSamplesMax)} samples, which are refused: ${what}`;
  return `${job} ${url} was cut at ${grouped(newSeriesMax)} new series: ${what}`;
}

function ofStore({ metric, reason, label, values, times, sinceMs }: RefusedSeries): string {
  const what = label === '' ? '' : `, label ${label}: ${grouped(values)} values`;
  return `${metric}: ${grouped(times)} samples of new series refused since ${clockTime(sinceMs)} (${reason})${what}`;
}

const grouped = (count: number): string => count.toLocaleString('en-US');
/** `10:20 UTC`: the engine does not know whose clock a screen shows. */
const clockTime = (timeMs: UnixMs): string => `${formatTime(timeMs).slice(11, 16)} UTC`;
