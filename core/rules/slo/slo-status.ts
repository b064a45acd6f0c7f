import type { SloSpec } from '#core/formats/index.ts';
import type { DurationMs } from '#core/model/index.ts';
import { errorBudget } from './slo-rules.ts';
import { errorRatioExpr, eventCountExpr } from './error-ratio.ts';

/** Queries for what an SLO's screen shows; each gives one sample, or none without events. */
export interface SloQueries {
  /** Share of bad events over the period. */
  readonly periodErrorRatio: string;
  /** Share of the budget that is left over the period: 1 untouched, 0 spent, below 0 overspent. */
  readonly budgetRemaining: string;
  /** How fast the budget burns over a window: at 1 it lasts exactly the period. */
  readonly burnRate: (windowMs: DurationMs) => string;
  /** Events within a window; undefined where the indicator counts none. */
  readonly eventCount: (windowMs: DurationMs) => string | undefined;
}

/** Asked of the events themselves, so that they answer from the first sample on, before any rule has recorded anything. */
export function sloQueries(slo: SloSpec): SloQueries {
  const budget = errorBudget(slo);
  const period = errorRatioExpr(slo, slo.periodMs);
  return {
    periodErrorRatio: period,
    budgetRemaining: `1 - (${period}) / ${budget}`,
    burnRate: (windowMs) => `(${errorRatioExpr(slo, windowMs)}) / ${budget}`,
    eventCount: (windowMs) => eventCountExpr(slo, windowMs),
  };
}

export interface BudgetForecast {
  /** Until the budget is gone; 0 when it is, undefined when at this pace it never will be. */
  readonly goneInMs: DurationMs | undefined;
  readonly sentence: string;
}

/** What becomes of the budget at the pace of a burn rate. `remaining` is the share left. */
export function budgetForecast(remaining: number, burnRate: number, periodMs: DurationMs): BudgetForecast {
  if (Number.isNaN(remaining) || Number.isNaN(burnRate)) return { goneInMs: undefined, sentence: 'no events yet' };
  if (remaining <= 0) return { goneInMs: 0, sentence: 'the budget is gone' };
  if (burnRate <= 1) {
    const pace = burnRate <= 0 ? 'nothing is being spent' : 'at this pace the budget lasts';
    return { goneInMs: undefined, sentence: pace };
  }
  const goneInMs = (remaining * periodMs) / burnRate;
  return { goneInMs, sentence: `at this pace the budget is gone in ${roughly(goneInMs)}` };
}

/** The two largest units: `2 d 4 h`. */
function roughly(durationMs: DurationMs): string {
  const minutes = Math.max(1, Math.floor(durationMs / 60_000));
  const parts = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  const first = parts.findIndex((part) => part > 0);
  const shown = parts.slice(first, first + 2).map((part, i) => ({ part, unit: ['d', 'h', 'min'][first + i]! }));
  return shown
    .filter(({ part }) => part > 0)
    .map(({ part, unit }) => `${part} ${unit}`)
    .join(' ');
}
