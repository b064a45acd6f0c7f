import type { TraceRow, TraceSearchAnswer } from '#core/contract/index.ts';
import type { Answer } from '../../../client/engine.svelte.ts';
import { LiveQuery } from '../../../client/live.svelte.ts';
import type { Session } from '../../../shell/session.svelte.ts';
import { msOfNs } from '../words.ts';
import { timeBounds } from './scatter.ts';

export type Show = 'traces' | 'operations' | 'map';
export type SortBy = 'start' | 'duration' | 'spans' | 'errors';

/** A stretch of time and of durations that was brushed in the scatter. */
export interface Brush {
  readonly fromMs: number;
  readonly toMs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

interface RangeKey {
  readonly dataset: string;
  readonly fromNs: string;
  readonly toNs: string;
}

const pageSize = 500;
const shows: readonly Show[] = ['traces', 'operations', 'map'];
const sorts: readonly SortBy[] = ['start', 'duration', 'spans', 'errors'];

/** The search: what is asked and how it is shown stands in the address. */
export class SearchState {
  readonly session: Session;
  readonly page: LiveQuery<RangeKey & { readonly text: string; readonly cursor?: string }, TraceSearchAnswer>;
  readonly operations: LiveQuery<RangeKey, Answer<'traces.operations'>>;
  readonly map: LiveQuery<RangeKey, Answer<'traces.serviceMap'>>;
  /** Traces chosen to be compared, at most two. */
  compared = $state.raw<readonly string[]>([]);

  constructor(session: Session) {
    this.session = session;
    const sameDataset = (before: RangeKey, after: RangeKey): boolean => before.dataset === after.dataset;
    this.page = new LiveQuery(session.engine, {
      key: () =>
        this.show === 'traces' ? { ...this.#range(), text: this.text, ...(this.cursor === undefined ? {} : { cursor: this.cursor }) } : undefined,
      ask: (key, signal) => session.engine.call('traces.search', { ...key, limit: pageSize }, signal),
      sameMatter: (before, after) => sameDataset(before, after) && before.text === after.text && before.cursor === after.cursor,
    });
    this.operations = new LiveQuery(session.engine, {
      key: () => (this.show === 'operations' ? this.#range() : undefined),
      ask: (key, signal) => session.engine.call('traces.operations', key, signal),
      sameMatter: sameDataset,
    });
    this.map = new LiveQuery(session.engine, {
      key: () => (this.show === 'map' ? this.#range() : undefined),
      ask: (key, signal) => session.engine.call('traces.serviceMap', key, signal),
      sameMatter: sameDataset,
    });
  }

  get text(): string {
    return this.session.router.param('q') ?? '';
  }

  get show(): Show {
    return shows.find((one) => one === this.session.router.param('show')) ?? 'traces';
  }

  get sortBy(): SortBy {
    return sorts.find((one) => one === this.session.router.param('sort')) ?? 'start';
  }

  get cursor(): string | undefined {
    return this.session.router.param('before');
  }

  readonly brush = $derived.by((): Brush | undefined => {
    const [fromMs, toMs, minNs, maxNs] = (this.session.router.param('brush') ?? '').split('~').map(Number);
    if (maxNs === undefined || ![fromMs, toMs, minNs, maxNs].every(Number.isFinite)) return undefined;
    return { fromMs: fromMs!, toMs: toMs!, minNs: minNs!, maxNs };
  });
  /** Seconds of the range, for rates. */
  readonly rangeS = $derived.by(() => {
    const { startMs, endMs } = this.session.clock.bounds;
    return Math.max(1, (endMs - startMs) / 1000);
  });
  readonly all = $derived.by(() => this.page.value?.traces ?? []);
  /** What of the range the traces are drawn in. */
  readonly drawn = $derived.by(() =>
    timeBounds(this.all, this.session.clock.bounds, this.cursor !== undefined || this.page.value?.next !== undefined),
  );
  readonly rows = $derived.by(() =>
    sorted(
      this.all.filter((row) => inBrush(row, this.brush)),
      this.sortBy,
    ),
  );

  change(params: Readonly<Record<string, string | undefined>>): void {
    this.session.router.note(params);
  }

  /** Asks anew; the same text again asks again. */
  run(text: string): void {
    if (text === this.text && this.show === 'traces') this.session.clock.refresh();
    this.change({ q: text.trim(), show: undefined, before: undefined, brush: undefined });
  }

  setBrush(brush: Brush | undefined): void {
    const text = brush === undefined ? undefined : [brush.fromMs, brush.toMs, brush.minNs, brush.maxNs].map((value) => Math.round(value)).join('~');
    this.change({ brush: text });
  }

  compare(traceId: string, on: boolean): void {
    const rest = this.compared.filter((one) => one !== traceId);
    this.compared = on ? [...rest, traceId].slice(-2) : rest;
  }

  #range(): RangeKey {
    const { startMs, endMs } = this.session.clock.bounds;
    const ns = (ms: number): string => String(BigInt(Math.max(0, Math.round(ms))) * 1_000_000n);
    return { dataset: this.session.dataset, fromNs: ns(startMs), toNs: ns(endMs) };
  }
}

function inBrush(row: TraceRow, brush: Brush | undefined): boolean {
  if (brush === undefined) return true;
  const startMs = msOfNs(row.startNs);
  return startMs >= brush.fromMs && startMs <= brush.toMs && row.durationNs >= brush.minNs && row.durationNs <= brush.maxNs;
}

function sorted(rows: readonly TraceRow[], by: SortBy): readonly TraceRow[] {
  if (by === 'start') return rows;
  const keys = { duration: (row: TraceRow) => row.durationNs, spans: (row: TraceRow) => row.spanCount, errors: (row: TraceRow) => row.errorCount };
  return rows.toSorted((a, b) => keys[by](b) - keys[by](a));
}
