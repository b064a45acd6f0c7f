import type { LogLine, LogPage } from '#core/contract/index.ts';
import { logLevels, messageOf, type LogLevel } from '#core/model/index.ts';
import type { Answer } from '../../client/engine.svelte.ts';
import { LiveQuery, LiveStream } from '../../client/live.svelte.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { readFilters, withFilters, writeFilters, type LogFilter } from './filters.ts';
import { levelOrder, readLevels } from './levels.ts';

export type Show = 'lines' | 'patterns' | 'bookmarks';

interface Asked {
  readonly dataset: string;
  readonly text: string;
  readonly levels?: LogLevel[];
  readonly fromNs?: string;
  readonly toNs?: string;
}

const pageLines = 500;
const volumeBuckets = 90;
const trendBuckets = 30;
const metricPoints = 240;
const shows: readonly Show[] = ['lines', 'patterns', 'bookmarks'];

/** The log explorer: what is asked and how it is shown stands in the address. */
export class LogsState {
  readonly session: Session;
  readonly kind: LiveQuery<{ readonly text: string }, Answer<'logs.kind'>>;
  readonly page: LiveQuery<Asked & { readonly direction: 'backward' | 'forward' }, LogPage>;
  readonly volume: LiveQuery<Asked & { readonly fromNs: string; readonly toNs: string }, Answer<'logs.volume'>>;
  readonly summary: LiveQuery<Asked, Answer<'logs.summary'>>;
  readonly patterns: LiveQuery<Asked & { readonly compared: boolean }, Answer<'logs.patterns'>>;
  readonly metric: LiveQuery<
    { readonly dataset: string; readonly text: string; readonly startMs: number; readonly endMs: number },
    Answer<'logs.metric'>
  >;
  readonly store: LiveQuery<{ readonly dataset: string }, Answer<'logs.store'>>;
  readonly tail: LiveStream<'logs.tail'>;
  /** Pages after the first, of the first page's question. */
  more = $state.raw<{
    readonly of: object | undefined;
    readonly lines: readonly LogLine[];
    readonly next: string | undefined;
    readonly isPartial: boolean;
  }>();
  isLoading = $state(false);
  problem = $state('');
  /** Bookmarks are asked for again when this rises. */
  bookmarksChanged = $state(0);
  readonly bookmarks: LiveQuery<{ readonly dataset: string; readonly changed: number }, Answer<'logs.bookmarks'>>;

  constructor(session: Session) {
    this.session = session;
    const { engine } = session;
    const same = (before: Asked, after: Asked): boolean =>
      before.dataset === after.dataset && before.text === after.text && before.levels?.join() === after.levels?.join();
    this.kind = new LiveQuery(engine, {
      key: () => (/^\s*[a-z(]+.*\{/.test(this.text) && !this.isStages ? { text: this.text } : undefined),
      ask: (key, signal) => engine.call('logs.kind', key, signal),
    });
    this.page = new LiveQuery(engine, {
      key: () => (this.show === 'lines' && !this.isMetric && !this.isTailing ? { ...this.#asked(), direction: this.direction } : undefined),
      ask: (key, signal) => engine.call('logs.search', { ...key, limit: pageLines }, signal),
      sameMatter: (before, after) => same(before, after) && before.direction === after.direction,
    });
    this.volume = new LiveQuery(engine, {
      key: () =>
        this.show === 'bookmarks' || this.isMetric ? undefined : { ...this.#asked(true), fromNs: this.#bound('startMs'), toNs: this.#bound('endMs') },
      ask: (key, signal) => engine.call('logs.volume', { ...key, buckets: volumeBuckets }, signal),
      sameMatter: same,
    });
    this.summary = new LiveQuery(engine, {
      key: () => (this.filters.length > 0 && this.show === 'lines' ? this.#asked() : undefined),
      ask: (key, signal) => engine.call('logs.summary', key, signal),
      sameMatter: same,
    });
    this.patterns = new LiveQuery(engine, {
      key: () => (this.show === 'patterns' ? { ...this.#asked(), compared: this.isCompared } : undefined),
      ask: ({ compared, fromNs: _from, toNs: _to, ...key }, signal) =>
        engine.call('logs.patterns', { ...key, windows: this.#windows(compared), buckets: trendBuckets }, signal),
      sameMatter: (before, after) => same(before, after) && before.compared === after.compared,
    });
    this.metric = new LiveQuery(engine, {
      key: () => (this.isMetric ? { dataset: session.dataset, text: this.text, ...session.clock.bounds } : undefined),
      ask: ({ startMs, endMs, ...key }, signal) => {
        const stepMs = Math.max(1000, Math.ceil((endMs - startMs) / metricPoints / 1000) * 1000);
        return engine.call('logs.metric', { ...key, startMs, endMs, stepMs }, signal);
      },
      sameMatter: (before, after) => before.text === after.text && before.dataset === after.dataset,
    });
    this.store = new LiveQuery(engine, {
      key: () => ({ dataset: session.dataset }),
      ask: (key, signal) => engine.call('logs.store', key, signal),
    });
    this.bookmarks = new LiveQuery(engine, {
      key: () => ({ dataset: session.dataset, changed: this.bookmarksChanged }),
      ask: ({ dataset }, signal) => engine.call('logs.bookmarks', { dataset }, signal),
      sameMatter: () => true,
    });
    this.tail = new LiveStream(engine, 'logs.tail', () =>
      this.isTailing ? { dataset: session.dataset, text: this.whole, ...this.#levels() } : undefined,
    );
  }

  get text(): string {
    return this.session.router.param('q') ?? '';
  }
  get show(): Show {
    return shows.find((one) => one === this.session.router.param('show')) ?? 'lines';
  }
  get direction(): 'backward' | 'forward' {
    return this.session.router.param('order') === 'oldest' ? 'forward' : 'backward';
  }
  get isTailing(): boolean {
    return this.session.router.param('tail') === '1';
  }
  get isCompared(): boolean {
    return this.session.router.param('compare') === '1';
  }
  /** Lines up to here, in ns; undefined: to the end of the range. */
  get until(): string | undefined {
    const until = this.session.router.param('until') ?? '';
    return /^\d{1,19}$/.test(until) ? until : undefined;
  }
  readonly columns = $derived.by((): readonly string[] => (this.session.router.param('cols') ?? '').split(',').filter((name) => name !== ''));
  readonly levels = $derived.by(() => readLevels(this.session.router.param('level')));
  readonly filters = $derived.by(() => readFilters(this.session.router.param('f')));
  readonly whole = $derived.by(() => withFilters(this.text, this.filters));
  readonly isMetric = $derived.by(() => this.kind.value?.kind === 'metric');
  readonly lines = $derived.by((): readonly LogLine[] => {
    if (this.isTailing) return (this.tail.value?.lines ?? []).toReversed();
    const first = this.page.value?.lines ?? [];
    return this.more !== undefined && this.more.of === this.page.value ? [...first, ...this.more.lines] : first;
  });
  readonly next = $derived.by(() => (this.more !== undefined && this.more.of === this.page.value ? this.more.next : this.page.value?.next));
  readonly isPartial = $derived.by(() =>
    this.more !== undefined && this.more.of === this.page.value ? this.more.isPartial : (this.page.value?.isPartial ?? false),
  );
  /** Lines of the range by level, the levels that are hidden too. */
  readonly levelCounts = $derived.by(() => {
    const { counts, buckets } = this.volume.value ?? { counts: new Float64Array(0), buckets: 0 };
    return logLevels.map((_, k) =>
      Array.from({ length: buckets }, (_unused, i) => counts[i * logLevels.length + k]!).reduce((sum, one) => sum + one, 0),
    );
  });

  get isStages(): boolean {
    return /^\s*(?:\{|\||!=|!~|!>)/.test(this.text);
  }

  change(params: Readonly<Record<string, string | undefined>>): void {
    this.session.router.note(params);
  }

  run(text: string): void {
    if (text.trim() === this.text) this.session.clock.refresh();
    this.change({ q: text.trim(), until: undefined, show: this.show === 'bookmarks' ? undefined : this.session.router.param('show') });
  }

  setFilters(filters: readonly LogFilter[]): void {
    this.change({ f: writeFilters(filters), until: undefined, show: undefined });
  }

  addFilter(words: string): void {
    if (!this.filters.some((one) => one.words === words)) this.setFilters([...this.filters, { words, isOn: true }]);
  }

  toggleLevel(level: LogLevel): void {
    const shown = this.levels ?? levelOrder;
    const next = shown.includes(level) ? shown.filter((one) => one !== level) : [...shown, level];
    this.change({ level: next.length === 0 || next.length === levelOrder.length ? undefined : next.join(',') });
  }

  /** Only this level; all when it is the only one already. */
  onlyLevel(level: LogLevel): void {
    this.change({ level: this.levels?.length === 1 && this.levels[0] === level ? undefined : level });
  }

  toggleColumn(name: string): void {
    const next = this.columns.includes(name) ? this.columns.filter((one) => one !== name) : [...this.columns, name];
    this.change({ cols: next.join(',') });
  }

  /** Asks for the lines behind those that are there. */
  async loadMore(): Promise<void> {
    const key = this.page.valueKey;
    const of = this.page.value;
    const cursor = this.next;
    if (key === undefined || of === undefined || cursor === undefined || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await this.session.engine.call('logs.search', { ...key, limit: pageLines, cursor });
      if (this.page.value !== of) return;
      const before = this.more?.of === of ? this.more.lines : [];
      this.more = { of, lines: [...before, ...page.lines], next: page.next, isPartial: page.isPartial };
      this.problem = '';
    } catch (error) {
      this.problem = messageOf(error);
    } finally {
      this.isLoading = false;
    }
  }

  /** The time of the next line of one of the levels, before or after a time; undefined when there is none in the range. */
  async findLevel(levels: LogLevel[], fromNs: string, direction: 'backward' | 'forward'): Promise<string | undefined> {
    const asked = this.#asked();
    const bound = direction === 'backward' ? { toNs: fromNs } : { fromNs: String(BigInt(fromNs) + 1n) };
    const page = await this.session.engine.call('logs.search', { ...asked, ...bound, levels, direction, limit: 1 });
    return page.lines[0]?.timeNs;
  }

  async bookmark(line: LogLine, note: string): Promise<void> {
    const person = await this.session.person.ask();
    if (person === undefined) return;
    const { timeNs, labels, line: text, level } = line;
    await this.session.engine.call('logs.addBookmark', {
      dataset: this.session.dataset,
      timeNs,
      labels: [...labels],
      line: text,
      level,
      note,
      person,
    });
    this.bookmarksChanged++;
  }

  #asked(allLevels = false): Asked {
    const isAll = this.session.clock.range.from === 'all';
    const toNs = this.until === undefined || allLevels ? this.#bound('endMs') : String(BigInt(this.until) + 1n);
    return {
      dataset: this.session.dataset,
      text: this.whole,
      ...(allLevels ? {} : this.#levels()),
      ...(isAll ? {} : { fromNs: this.#bound('startMs') }),
      ...(isAll && this.until === undefined ? {} : { toNs }),
    };
  }

  #levels(): { levels?: LogLevel[] } {
    return this.levels === undefined ? {} : { levels: [...this.levels] };
  }

  #windows(compared: boolean): { fromNs: string; toNs: string }[] {
    const { startMs, endMs } = this.session.clock.bounds;
    const ns = (ms: number): string => String(BigInt(Math.max(0, Math.round(ms))) * 1_000_000n);
    const window = { fromNs: ns(startMs), toNs: ns(endMs) };
    return compared ? [{ fromNs: ns(startMs - (endMs - startMs)), toNs: ns(startMs) }, window] : [window];
  }

  #bound(side: 'startMs' | 'endMs'): string {
    const { range, bounds } = this.session.clock;
    const { oldestNs, newestNs } = this.store.value ?? {};
    if (range.from === 'all' && side === 'startMs' && oldestNs !== undefined) return oldestNs;
    if (range.from === 'all' && side === 'endMs' && newestNs !== undefined) return String(BigInt(newestNs) + 1n);
    return String(BigInt(Math.max(0, Math.round(bounds[side]))) * 1_000_000n);
  }

  /** The range that the volume is of, in ms. */
  get volumeBounds(): { readonly startMs: number; readonly endMs: number } {
    const key = this.volume.valueKey;
    return { startMs: Number(BigInt(key?.fromNs ?? '0') / 1_000_000n), endMs: Number(BigInt(key?.toNs ?? '0') / 1_000_000n) };
  }
}
