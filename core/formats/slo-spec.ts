import type { DurationMs, Labels } from '#core/model/index.ts';

/** A service level objective, whichever file or form it came from. */
export interface SloSpec {
  readonly file: string;
  readonly line: number;
  readonly form: 'prometheus/v1' | 'openslo/v1alpha' | 'openslo/v1' | 'signalbox';
  readonly service: string;
  readonly name: string;
  /** For people; empty when there is none. */
  readonly title: string;
  readonly description: string;
  readonly labels: Labels;
  /** Per cent of events that are to be good, in (0, 100). */
  readonly objective: number;
  /** The window over which the budget is counted. */
  readonly periodMs: DurationMs;
  readonly indicator: SloIndicator;
  readonly alerting: SloAlerting;
}

/**
 * What is counted. Queries are PromQL in which `{{.window}}` stands for the window; one that names no window is made into
 * one over the window (core/rules/slo). `slice` counts good stretches of time instead of good events.
 */
export type SloIndicator = (
  | { readonly kind: 'events'; readonly of: 'good' | 'bad'; readonly query: string; readonly total: string; readonly counter: boolean }
  | { readonly kind: 'ratio'; readonly of: 'good' | 'bad'; readonly query: string }
  /** Good while `query op value`. */
  | { readonly kind: 'threshold'; readonly query: string; readonly op: '<' | '<=' | '>' | '>='; readonly value: number }
  /** Good when a request took at most so long; `metric` without `_bucket`. */
  | {
      readonly kind: 'latency';
      readonly metric: string;
      readonly matchers: string;
      readonly seconds: number;
      readonly histogram: 'classic' | 'native';
    }
) & { readonly slice?: SloSlice };

/** A stretch of time is good when its share of good events is at least `target`; without a target the shares themselves are averaged. */
export interface SloSlice {
  readonly windowMs: DurationMs;
  readonly target: number | undefined;
}

export interface SloAlerting {
  readonly name: string;
  readonly windows: readonly BurnWindow[];
  readonly page: AlertText;
  readonly ticket: AlertText;
  /** An alert needs at least so many events in its long window; 0 is no guard. */
  readonly minEvents: number;
}

export interface AlertText {
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** An alert fires when both windows burn the budget faster than `share` of it in the long one. */
export interface BurnWindow {
  readonly severity: 'page' | 'ticket';
  readonly longMs: DurationMs;
  readonly shortMs: DurationMs;
  /** Share of the budget, 0..1. */
  readonly share: number;
}

const minute = 60_000;
const hour = 60 * minute;

/** The multi-window, multi-burn-rate alerts of Google's SRE workbook, chapter 5; over 30 days they burn at 14.4, 6, 3 and 1. */
export const burnWindows: readonly BurnWindow[] = [
  { severity: 'page', longMs: hour, shortMs: 5 * minute, share: 0.02 },
  { severity: 'page', longMs: 6 * hour, shortMs: 30 * minute, share: 0.05 },
  { severity: 'ticket', longMs: 24 * hour, shortMs: 2 * hour, share: 0.1 },
  { severity: 'ticket', longMs: 72 * hour, shortMs: 6 * hour, share: 0.1 },
];
