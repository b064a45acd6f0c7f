import { untrack } from 'svelte';
import { look } from '../ui/look.svelte.ts';
import { now } from '../ui/now.svelte.ts';
import type { Router } from './router.svelte.ts';
import { fixedRange, isLive, rangeFromParams, rangeToPrometheus, resolveTime, startRange, type TimeRange } from './time-range.ts';

export const refreshChoicesMs = [0, 5_000, 15_000, 60_000, 300_000] as const;

/** A cut range is at least this wide. */
const dataSpanMsMin = 300_000;

/** Data that ended longer ago is a capture: "all data" then ends where it ends. */
const captureAgeMsMin = 600_000;

/** What is stored, for "all data". */
export interface Extent {
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
}

/** The time range that every screen shows, and how often it moves on. The address says it, so a copied link shows the same. */
export class ViewClock {
  range = $state.raw<TimeRange>(startRange);
  refreshMs = $state<number>(15_000);
  /** What `now` means in the range until the next refresh. */
  anchorMs = $state(now.ms);
  #extent: () => Extent | undefined;
  #refreshMsMin: () => number;
  #router: Router;
  #before: TimeRange[] = [];

  /** `refreshMsMin`: while it is not 0 the range moves on no more often than this. */
  constructor(router: Router, extent: () => Extent | undefined, refreshMsMin: () => number) {
    this.#router = router;
    this.#extent = extent;
    this.#refreshMsMin = refreshMsMin;
    $effect.pre(() => {
      const { place } = router;
      untrack(() => {
        const told = rangeFromParams(place.params);
        if (told !== undefined && (told.from !== this.range.from || told.to !== this.range.to)) this.range = told;
        this.#write();
      });
    });
    $effect(() => {
      if (this.refreshMs === 0 || !isLive(this.range)) return;
      const timer = setInterval(() => this.refresh(), Math.max(this.refreshMs, this.#refreshMsMin()));
      return () => clearInterval(timer);
    });
  }

  /** The range in Unix ms, start before end. */
  readonly bounds = $derived.by((): { readonly startMs: number; readonly endMs: number } => {
    const extent = this.range.from === 'all' ? this.#extent() : undefined;
    const toMs = resolveTime(this.range.to, this.anchorMs, look.zone, true) ?? this.anchorMs;
    const newestMs = extent?.newestMs ?? toMs;
    const endMs = newestMs < toMs - captureAgeMsMin ? newestMs + 1 : toMs;
    const startMs = extent?.oldestMs ?? resolveTime(this.range.from, this.anchorMs, look.zone) ?? endMs - 3_600_000;
    return startMs < endMs ? { startMs, endMs } : { startMs: endMs - 3_600_000, endMs };
  });

  /** The bounds, cut to where the data begins: a box that was started a minute ago shows its minutes, not an empty hour. */
  readonly dataBounds = $derived.by((): { readonly startMs: number; readonly endMs: number } => {
    const { startMs, endMs } = this.bounds;
    const oldestMs = this.#extent()?.oldestMs ?? startMs;
    return { startMs: Math.max(startMs, Math.min(oldestMs, endMs - dataSpanMsMin)), endMs };
  });

  /** Whether the range moves on less often than the person asked. */
  get slowed(): boolean {
    return this.refreshMs !== 0 && this.#refreshMsMin() > this.refreshMs;
  }

  get live(): boolean {
    return isLive(this.range);
  }

  refresh(): void {
    this.anchorMs = now.ms;
  }

  set(range: TimeRange): void {
    this.#before = [...this.#before.slice(-19), this.range];
    this.range = range;
    this.anchorMs = now.ms;
    this.#write();
  }

  zoom(startMs: number, endMs: number): void {
    this.set(fixedRange(startMs, endMs));
  }

  /** Back to the range before the last change, or else twice as wide around the middle. */
  zoomOut(): void {
    const before = this.#before.pop();
    if (before !== undefined) {
      this.range = before;
      this.anchorMs = now.ms;
      this.#write();
      return;
    }
    const { startMs, endMs } = this.bounds;
    const half = (endMs - startMs) / 2;
    this.range = fixedRange(startMs - half, Math.min(endMs + half, now.ms));
    this.#write();
  }

  /** Moves the range by half its width: -1 earlier, 1 later. */
  shift(by: -1 | 1): void {
    const { startMs, endMs } = this.bounds;
    const stepMs = (by * (endMs - startMs)) / 2;
    this.set(fixedRange(startMs + stepMs, endMs + stepMs));
  }

  /** Fixes the range where it stands, for a link that shows the same tomorrow. */
  makeAbsolute(): void {
    const { startMs, endMs } = this.bounds;
    this.set(fixedRange(startMs, endMs));
  }

  #write(): void {
    const { from, to } = this.range;
    const none = { from: undefined, to: undefined, 'g0.range_input': undefined, 'g0.end_input': undefined };
    const usual = from === startRange.from && to === startRange.to;
    if (this.#router.place.path.join('/') === 'explore') this.#router.note({ ...none, ...rangeToPrometheus(this.range) });
    else this.#router.note(usual ? none : { ...none, from, to });
  }
}
