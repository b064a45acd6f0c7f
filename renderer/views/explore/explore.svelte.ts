import type { Answer } from '../../client/engine.svelte.ts';
import { LiveQuery } from '../../client/live.svelte.ts';
import { Cursor } from '../../charts/cursor.svelte.ts';
import { plotSeries } from '../../charts/series.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { stepFor } from '../../shell/time-range.ts';
import { readStored, writeStored } from '../../ui/stored.ts';
import { densityPoints, readExplore, writeExplore, type ExploreQuery } from './explore-link.ts';
import { unitOf } from './unit-of.ts';

const historyMax = 50;

interface RangeKey {
  readonly dataset: string;
  readonly expr: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}
interface PointKey {
  readonly dataset: string;
  readonly expr: string;
  readonly timeMs: number;
}

/** One query as graph and as table. What was run is in the address; what is being typed is not yet. */
export class ExploreState {
  readonly session: Session;
  readonly cursor = new Cursor();
  readonly range: LiveQuery<RangeKey, Answer<'metrics.range'>>;
  readonly instant: LiveQuery<PointKey, Answer<'metrics.instant'>>;
  typed = $state('');
  history = $state.raw<readonly string[]>(readHistory());
  #historyAt = -1;

  constructor(session: Session) {
    this.session = session;
    const sameExpr = (
      before: { readonly expr: string; readonly dataset: string },
      after: { readonly expr: string; readonly dataset: string },
    ): boolean => before.expr === after.expr && before.dataset === after.dataset;
    this.range = new LiveQuery(session.engine, {
      key: () => (this.query.tab === 'graph' && this.query.expr !== '' ? this.#rangeKey() : undefined),
      ask: (key, signal) => session.engine.call('metrics.range', key, signal),
      sameMatter: sameExpr,
    });
    this.instant = new LiveQuery(session.engine, {
      key: () =>
        this.query.tab === 'table' && this.query.expr !== '' ? { dataset: session.dataset, expr: this.query.expr, timeMs: this.momentMs } : undefined,
      ask: (key, signal) => session.engine.call('metrics.instant', key, signal),
      sameMatter: sameExpr,
    });
    $effect.pre(() => {
      this.typed = this.query.expr;
    });
  }

  readonly query = $derived.by(() => readExplore(this.session.router.place.params));
  readonly momentMs = $derived.by(() => this.query.momentMs ?? Math.round(this.session.clock.bounds.endMs));
  readonly error = $derived.by(() => (this.query.tab === 'graph' ? this.range.error : this.instant.error));
  readonly report = $derived.by(() => (this.query.tab === 'graph' ? this.range.value : this.instant.value));
  readonly waiting = $derived.by(() => (this.query.tab === 'graph' ? this.range.waiting : this.instant.waiting));
  readonly stepMs = $derived.by(() => this.#rangeKey().stepMs);
  readonly unit = $derived.by(() => this.query.unit ?? unitOf(this.query.expr));
  readonly plot = $derived.by(() => {
    const { value, valueKey } = this.range;
    if (value === undefined || valueKey === undefined) return undefined;
    return {
      series: plotSeries(value),
      startMs: valueKey.startMs,
      endMs: valueKey.endMs,
      stepMs: valueKey.stepMs,
      unit: this.unit,
      stacked: this.query.stacked,
    };
  });

  #rangeKey(): RangeKey {
    const { startMs, endMs } = this.session.clock.bounds;
    const stepMs = this.query.stepMs ?? stepFor(endMs - startMs, densityPoints[this.query.density]);
    const align = (ms: number): number => Math.floor(ms / stepMs) * stepMs;
    return { dataset: this.session.dataset, expr: this.query.expr, startMs: align(startMs), endMs: align(endMs), stepMs };
  }

  /** Runs what is typed; the same text again asks again. */
  run(): void {
    const expr = this.typed.trim();
    this.#historyAt = -1;
    if (expr === this.query.expr) this.session.clock.refresh();
    this.change({ expr });
    if (expr === '') return;
    this.history = [expr, ...this.history.filter((one) => one !== expr)].slice(0, historyMax);
    writeStored('explore.history', JSON.stringify(this.history));
  }

  change(part: Partial<ExploreQuery>): void {
    this.session.router.note(writeExplore({ ...this.query, ...part }));
  }

  /** The query run before or after the one shown; undefined at the ends. */
  past(by: -1 | 1): string | undefined {
    const at = this.#historyAt - by;
    if (at < -1 || at >= this.history.length) return undefined;
    this.#historyAt = at;
    return at === -1 ? '' : this.history[at];
  }
}

function readHistory(): readonly string[] {
  try {
    const held: unknown = JSON.parse(readStored('explore.history') ?? '[]');
    return Array.isArray(held) ? held.filter((one) => typeof one === 'string') : [];
  } catch {
    return []; // Written by something else: begin anew.
  }
}
