import type { ExemplarView, QueryReport } from '#core/contract/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Answer } from '../../client/engine.svelte.ts';
import { LiveQuery } from '../../client/live.svelte.ts';
import { signalsCursor } from '../../charts/cursor.svelte.ts';
import { plotSeries } from '../../charts/series.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { stepFor } from '../../shell/time-range.ts';
import { readStored, writeStored } from '../../ui/stored.ts';
import { plotExemplars } from './exemplars.ts';
import { densityPoints, letterOf, queriesMax, readExplore, writeExplore, type AskedQuery, type ExploreQuery } from './explore-link.ts';
import { unitOf } from './unit-of.ts';

const historyMax = 50;

interface Span {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}
interface OneKey extends Span {
  readonly dataset: string;
  readonly expr: string;
}
interface GraphKey extends Span {
  readonly dataset: string;
  /** Those drawn, with their places among all. */
  readonly drawn: readonly { readonly index: number; readonly expr: string }[];
}
interface PointKey {
  readonly dataset: string;
  readonly expr: string;
  readonly timeMs: number;
}

/** What came back for one of the drawn queries. */
interface Drawn {
  readonly index: number;
  readonly answer: Answer<'metrics.range'> | undefined;
  readonly error: EngineError | undefined;
}

interface Matter {
  readonly dataset: string;
  readonly expr: string;
}
const sameExpr = (before: Matter, after: Matter): boolean => before.expr === after.expr && before.dataset === after.dataset;

/** Queries A, B, C ... as one graph, as tables and explained. What was run is in the address; what is being typed is not yet. */
export class ExploreState {
  readonly session: Session;
  readonly cursor = signalsCursor;
  readonly range: LiveQuery<GraphKey, readonly Drawn[]>;
  readonly instant: LiveQuery<PointKey, Answer<'metrics.instant'>>;
  readonly exemplars: LiveQuery<GraphKey, readonly ExemplarView[]>;
  readonly explained: LiveQuery<OneKey, Answer<'metrics.explain'>>;
  /** The text of each editor; there may be more of them than queries that were run. */
  typed = $state<string[]>(['']);
  history = $state.raw<readonly string[]>(readHistory());
  #historyAt = -1;
  /** The queries of the address that the editors know of. */
  #seen = '';

  constructor(session: Session) {
    this.session = session;
    this.range = new LiveQuery(session.engine, {
      key: () => this.#graphKey(),
      ask: (key, signal) => Promise.all(key.drawn.map((one) => this.#draw(key, one, signal))),
      sameMatter: (before, after) => before.dataset === after.dataset && JSON.stringify(before.drawn) === JSON.stringify(after.drawn),
    });
    this.exemplars = new LiveQuery(session.engine, {
      key: () => this.#graphKey(),
      ask: async ({ dataset, drawn, startMs, endMs }, signal) => {
        const found = await Promise.all(drawn.map(({ expr }) => session.engine.call('metrics.exemplars', { dataset, expr, startMs, endMs }, signal)));
        return found.flat();
      },
      sameMatter: (before, after) => before.dataset === after.dataset && JSON.stringify(before.drawn) === JSON.stringify(after.drawn),
    });
    this.instant = new LiveQuery(session.engine, {
      key: () => (this.query.tab === 'table' && this.expr !== '' ? { dataset: session.dataset, expr: this.expr, timeMs: this.momentMs } : undefined),
      ask: (key, signal) => session.engine.call('metrics.instant', key, signal),
      sameMatter: sameExpr,
    });
    this.explained = new LiveQuery(session.engine, {
      key: () => (this.query.tab === 'explain' && this.expr !== '' ? { dataset: session.dataset, expr: this.expr, ...this.#span() } : undefined),
      ask: (key, signal) => session.engine.call('metrics.explain', key, signal),
      sameMatter: sameExpr,
    });
    $effect.pre(() => {
      const exprs = this.query.asked.map(({ expr }) => expr);
      if (JSON.stringify(exprs) === this.#seen) return;
      this.#seen = JSON.stringify(exprs);
      this.typed = exprs;
    });
  }

  readonly query = $derived.by(() => readExplore(this.session.router.place.params));
  /** The query whose table or explanation is shown. */
  readonly expr = $derived.by(() => this.query.asked[this.query.shown]!.expr);
  readonly isAsked = $derived.by(() => this.query.asked.some(({ expr }) => expr !== ''));
  readonly momentMs = $derived.by(() => this.query.momentMs ?? Math.round(this.session.clock.bounds.endMs));
  /** By query; a graph may have some answers and some errors. */
  readonly errors = $derived.by((): readonly (EngineError | undefined)[] => {
    const { asked, tab, shown } = this.query;
    if (tab === 'graph') return asked.map((_one, index) => this.range.value?.find((drawn) => drawn.index === index)?.error);
    const { error } = tab === 'table' ? this.instant : this.explained;
    return asked.map((_one, index) => (index === shown ? error : undefined));
  });
  readonly error = $derived.by(() => this.errors.find((error) => error !== undefined) ?? this.range.error);
  readonly report = $derived.by((): QueryReport | undefined => {
    if (this.query.tab === 'table') return this.instant.value;
    if (this.query.tab === 'explain') return this.explained.value;
    return totalOf(this.range.value?.flatMap(({ answer }) => answer ?? []) ?? []);
  });
  readonly seriesCut = $derived.by(() =>
    this.query.tab === 'graph' ? (this.range.value ?? []).reduce((sum, { answer }) => sum + (answer?.seriesCut ?? 0), 0) : 0,
  );
  readonly waiting = $derived.by(() => this.range.waiting || this.instant.waiting || this.explained.waiting);
  readonly stepMs = $derived.by(() => this.#span().stepMs);
  readonly unit = $derived.by(() => this.query.unit ?? unitOf(this.expr));
  readonly plot = $derived.by(() => {
    const { value, valueKey } = this.range;
    if (value === undefined || valueKey === undefined || value.every(({ answer }) => answer === undefined)) return undefined;
    const { startMs, endMs, stepMs } = valueKey;
    const series = value.flatMap(({ index, answer }) => {
      const own = answer === undefined ? [] : plotSeries(answer);
      return value.length === 1 ? own : own.map((one) => ({ ...one, name: `${letterOf(index)} ${one.name}` }));
    });
    return {
      series,
      startMs,
      endMs,
      stepMs,
      unit: this.unit,
      stacked: this.query.stacked,
      exemplars: plotExemplars(this.exemplars.value ?? [], this.session.router.param('dataset')),
    };
  });

  #span(): Span {
    const { startMs, endMs } = this.session.clock.bounds;
    const stepMs = this.query.stepMs ?? stepFor(endMs - startMs, densityPoints[this.query.density]);
    const align = (ms: number): number => Math.floor(ms / stepMs) * stepMs;
    return { startMs: align(startMs), endMs: align(endMs), stepMs };
  }

  #graphKey(): GraphKey | undefined {
    const drawn = this.query.asked.flatMap(({ expr, hidden }, index) => (expr === '' || hidden ? [] : [{ index, expr }]));
    return this.query.tab === 'graph' && drawn.length > 0 ? { dataset: this.session.dataset, drawn, ...this.#span() } : undefined;
  }

  async #draw({ dataset, startMs, endMs, stepMs }: GraphKey, { index, expr }: GraphKey['drawn'][number], signal: AbortSignal): Promise<Drawn> {
    try {
      return { index, answer: await this.session.engine.call('metrics.range', { dataset, expr, startMs, endMs, stepMs }, signal), error: undefined };
    } catch (error) {
      if (signal.aborted || (error instanceof EngineError && error.code === 'unavailable')) throw error;
      return { index, answer: undefined, error: error instanceof EngineError ? error : new EngineError('internal', messageOf(error)) };
    }
  }

  /** Runs what is typed; the same text again asks again. */
  run(): void {
    const asked = this.typed.map((text, i) => ({ expr: text.trim(), hidden: this.query.asked[i]?.hidden ?? false }));
    const exprs = asked.map(({ expr }) => expr).filter((expr) => expr !== '');
    this.#historyAt = -1;
    if (JSON.stringify(asked) === JSON.stringify(this.query.asked)) this.session.clock.refresh();
    this.#ask(asked);
    if (exprs.length === 0) return;
    this.history = [...new Set([...exprs, ...this.history])].slice(0, historyMax);
    writeStored('explore.history', JSON.stringify(this.history));
  }

  /** One more query, empty yet. */
  add(): void {
    if (this.typed.length < queriesMax) this.typed.push('');
  }

  remove(index: number): void {
    this.typed = this.typed.length === 1 ? [''] : this.typed.toSpliced(index, 1);
    if (index < this.query.asked.length) this.#ask(this.query.asked.toSpliced(index, 1));
  }

  toggle(index: number): void {
    this.#ask(this.query.asked.map((one, i) => (i === index ? { ...one, hidden: !one.hidden } : one)));
  }

  /** Puts other queries into the address and leaves the editors as they are. */
  #ask(asked: readonly AskedQuery[]): void {
    this.change({ asked, shown: Math.min(this.query.shown, Math.max(0, asked.length - 1)) });
    this.#seen = JSON.stringify(this.query.asked.map(({ expr }) => expr));
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

/** What several queries said and cost together. */
function totalOf(reports: readonly QueryReport[]): QueryReport | undefined {
  if (reports.length === 0) return undefined;
  const sum = (of: (report: QueryReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  return {
    warnings: [...new Set(reports.flatMap(({ warnings }) => warnings))],
    infos: [...new Set(reports.flatMap(({ infos }) => infos))],
    seriesCount: sum((report) => report.seriesCount),
    samplesRead: sum((report) => report.samplesRead),
    bytesRead: sum((report) => report.bytesRead),
    elapsedMs: sum((report) => report.elapsedMs),
    selectMs: sum((report) => report.selectMs),
    steps: sum((report) => report.steps),
    stepsReused: sum((report) => report.stepsReused),
  };
}

function readHistory(): readonly string[] {
  try {
    const held: unknown = JSON.parse(readStored('explore.history') ?? '[]');
    return Array.isArray(held) ? held.filter((one) => typeof one === 'string') : [];
  } catch {
    return []; // Written by something else: begin anew.
  }
}
