import type { TailSamplingConfig } from '#core/formats/index.ts';
import type { Cancel, Clock, DurationMs, Span, UnixMs } from '#core/model/index.ts';
import { decide, type Verdict } from './decide.ts';
import { DecisionCache } from './decision-cache.ts';
import { voterOf, type Voter } from './policies.ts';
import type { SamplingDecision, WaitingSpans } from './waiting-spans.ts';

/** What a push is made of once its late spans are told from those that wait. */
export interface Admitted {
  /** Late spans of traces that are kept, with the decision's attributes. */
  readonly kept: readonly Span[];
  /** Late spans of traces that are not. */
  readonly dropped: readonly Span[];
  /** Spans that wait now. */
  readonly waiting: readonly Span[];
}

/** Decided spans of one source on their way into the store. */
export interface Decided {
  readonly source: string;
  readonly kept: readonly Span[];
  readonly droppedCount: number;
}

/** Takes decided spans into the store; false when it takes nothing now. */
type Store = (decided: readonly Decided[]) => Promise<boolean>;

interface WaitingTrace {
  readonly traceId: string;
  firstMs: DurationMs;
  readonly spans: Span[];
  /** The source of each span. */
  readonly sources: string[];
  /** Rows of the waiting room that hold spans of it. */
  readonly rows: Set<number>;
}

const tickMs: DurationMs = 1000;
/** Spans in memory at once, some 400 MB of them; beyond it the oldest traces are decided early. */
const spansMax = 200_000;

export interface SamplerStats {
  readonly waitingTraces: number;
  readonly waitingSpans: number;
  readonly keptTraces: number;
  readonly droppedTraces: number;
  /** Traces decided before their time, for want of room. */
  readonly earlyTraces: number;
  /** Decisions by policy; the empty name is for traces that no policy wanted. */
  readonly byPolicy: ReadonlyMap<string, { readonly kept: number; readonly dropped: number }>;
}

/**
 * Holds the spans of a trace for `decision_wait` and then keeps or drops them all; spans that come later follow their trace.
 * What waits is on stable storage (WaitingSpans), and is taken up again by the next process.
 */
export class TailSampler {
  readonly #clock: Clock;
  readonly #room: WaitingSpans;
  readonly #store: Store;
  readonly #config: TailSamplingConfig;
  readonly #voters: readonly Voter[];
  readonly #cache: DecisionCache;
  /** In the order of their first spans. */
  readonly #waiting = new Map<string, WaitingTrace>();
  /** Traces that wait for a row. */
  readonly #rowUses = new Map<number, number>();
  readonly #byPolicy = new Map<string, { kept: number; dropped: number }>();
  #spanCount = 0;
  #keptTraces = 0;
  #droppedTraces = 0;
  #earlyTraces = 0;
  #timer: Cancel | undefined;
  #deciding: Promise<void> = Promise.resolve();
  readonly #admissions = new Set<Promise<Admitted>>();
  #stopped = false;

  constructor(config: TailSamplingConfig, clock: Clock, room: WaitingSpans, store: Store) {
    this.#clock = clock;
    this.#room = room;
    this.#store = store;
    this.#config = config;
    this.#voters = config.policies.map((policy) => voterOf(policy, clock.monotonicMs()));
    this.#cache = new DecisionCache(config, room.decisions(config.keptRemembered + config.droppedRemembered));
  }

  get stats(): SamplerStats {
    return {
      waitingTraces: this.#waiting.size,
      waitingSpans: this.#spanCount,
      keptTraces: this.#keptTraces,
      droppedTraces: this.#droppedTraces,
      earlyTraces: this.#earlyTraces,
      byPolicy: this.#byPolicy,
    };
  }

  /** Sorts a push. Settles when its spans that wait are on stable storage; `row` is that of spans which already are. */
  admit(spans: readonly Span[], source: string, row?: number): Promise<Admitted> {
    const admission = this.#admit(spans, source, row).finally(() => this.#admissions.delete(admission));
    this.#admissions.add(admission);
    return admission;
  }

  async #admit(spans: readonly Span[], source: string, row: number | undefined): Promise<Admitted> {
    const undecided = spans.filter(({ traceId }) => !this.#cache.has(traceId));
    const own = row ?? (undecided.length === 0 ? undefined : await this.#room.put(source, undecided));
    const admitted: { readonly kept: Span[]; readonly dropped: Span[]; readonly waiting: Span[] } = { kept: [], dropped: [], waiting: [] };
    for (const span of spans) {
      const decision = this.#cache.get(span.traceId);
      if (decision === undefined) admitted.waiting.push(span);
      else if (decision.kept) admitted.kept.push(labelled(span, decision, true));
      else admitted.dropped.push(span);
    }
    if (own !== undefined && admitted.waiting.length > 0) this.#hold(admitted.waiting, source, own);
    else if (own !== undefined) this.#room.settle({ decisions: [], forgotten: [], rows: [own] });
    return admitted;
  }

  /** Decides what is due. Called by a timer of the clock while anything waits. */
  tick(): Promise<void> {
    const dueMs = this.#clock.monotonicMs() - this.#config.decisionWaitMs;
    const due: WaitingTrace[] = [];
    for (const trace of this.#waiting.values()) {
      if (trace.firstMs > dueMs) break;
      due.push(trace);
    }
    return this.#decide(due, '');
  }

  /** The rows of the waiting room that hold what waits here. */
  get rows(): ReadonlySet<number> {
    return new Set(this.#rowUses.keys());
  }

  /** Stops, when what is under way has ended; what waits goes on waiting on disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.();
    await Promise.allSettled(this.#admissions);
    await this.#deciding;
  }

  /** Ends for good: everything that waits is decided now. */
  async finish(): Promise<void> {
    await this.stop();
    await this.#decide([...this.#waiting.values()], 'tail sampling was turned off');
  }

  #hold(spans: readonly Span[], source: string, row: number): void {
    const firstMs = this.#clock.monotonicMs();
    const traces = new Set<WaitingTrace>();
    for (const span of spans) {
      const trace = this.#traceOf(span.traceId, firstMs);
      traces.add(trace);
      trace.spans.push(span);
      trace.sources.push(source);
    }
    for (const trace of traces) trace.rows.add(row);
    this.#rowUses.set(row, traces.size);
    this.#spanCount += spans.length;
    this.#keepWithinBounds();
    if (!this.#stopped) this.#timer ??= this.#clock.after(tickMs, () => this.#onTimer());
  }

  #traceOf(traceId: string, firstMs: DurationMs): WaitingTrace {
    const known = this.#waiting.get(traceId);
    if (known !== undefined) return known;
    const made: WaitingTrace = { traceId, firstMs, spans: [], sources: [], rows: new Set() };
    this.#waiting.set(traceId, made);
    return made;
  }

  #keepWithinBounds(): void {
    const early: WaitingTrace[] = [];
    let [traceCount, spanCount] = [this.#waiting.size, this.#spanCount];
    for (const trace of this.#waiting.values()) {
      if (traceCount <= this.#config.tracesMax && spanCount <= spansMax) break;
      early.push(trace);
      traceCount--;
      spanCount -= trace.spans.length;
    }
    this.#earlyTraces += early.length;
    if (early.length > 0) void this.#decide(early, `more traces waited than num_traces (${this.#config.tracesMax}) or memory allow`);
  }

  #onTimer(): void {
    void this.tick().then(() => {
      this.#timer = this.#waiting.size === 0 || this.#stopped ? undefined : this.#clock.after(tickMs, () => this.#onTimer());
    });
  }

  #decide(traces: readonly WaitingTrace[], cause: string): Promise<void> {
    if (traces.length === 0) return this.#deciding;
    const [nowMs, atMs] = [this.#clock.monotonicMs(), this.#clock.now()];
    const decisions = traces.map((trace) => decisionOf(trace, decide(this.#voters, trace, nowMs), atMs, cause));
    for (const [i, trace] of traces.entries()) {
      this.#waiting.delete(trace.traceId);
      this.#spanCount -= trace.spans.length;
      this.#cache.set(decisions[i]!);
    }
    this.#deciding = this.#deciding.then(() => this.#settle(traces, decisions));
    return this.#deciding;
  }

  async #settle(traces: readonly WaitingTrace[], decisions: readonly SamplingDecision[]): Promise<void> {
    if (!(await this.#store(decidedOf(traces, decisions)))) {
      this.#waitAgain(traces);
      return;
    }
    for (const decision of decisions) this.#count(decision);
    this.#room.settle({
      decisions,
      forgotten: this.#cache.takeForgotten(),
      rows: traces.flatMap((trace) => [...trace.rows].filter((row) => this.#release(row))),
    });
  }

  /** The store takes nothing now (a full disk): their spans are safe where they wait. */
  #waitAgain(traces: readonly WaitingTrace[]): void {
    for (const trace of traces) {
      this.#cache.delete(trace.traceId);
      trace.firstMs = this.#clock.monotonicMs();
      this.#waiting.set(trace.traceId, trace);
      this.#spanCount += trace.spans.length;
    }
  }

  /** True: no trace needs the row any more. */
  #release(row: number): boolean {
    const left = (this.#rowUses.get(row) ?? 1) - 1;
    if (left > 0) this.#rowUses.set(row, left);
    else this.#rowUses.delete(row);
    return left <= 0;
  }

  #count({ kept, policy }: SamplingDecision): void {
    const tally = this.#byPolicy.get(policy) ?? { kept: 0, dropped: 0 };
    this.#byPolicy.set(policy, tally);
    if (kept) {
      this.#keptTraces++;
      tally.kept++;
    } else {
      this.#droppedTraces++;
      tally.dropped++;
    }
  }
}

function decisionOf({ traceId, spans }: WaitingTrace, { kept, policy, part }: Verdict, atMs: UnixMs, cause: string): SamplingDecision {
  return { traceId, atMs, kept, policy, part, cause, spanCount: spans.length };
}

/** By source, so that each source's account is right. */
function decidedOf(traces: readonly WaitingTrace[], decisions: readonly SamplingDecision[]): readonly Decided[] {
  const bySource = new Map<string, { source: string; kept: Span[]; droppedCount: number }>();
  for (const [i, { spans, sources }] of traces.entries()) {
    for (const [k, span] of spans.entries()) {
      const source = sources[k]!;
      const decided = bySource.get(source) ?? { source, kept: [], droppedCount: 0 };
      bySource.set(source, decided);
      if (decisions[i]!.kept) decided.kept.push(labelled(span, decisions[i]!, false));
      else decided.droppedCount++;
    }
  }
  return [...bySource.values()];
}

/** The span with the attributes by which the Collector says which policy kept it. */
function labelled(span: Span, { policy, part }: Pick<SamplingDecision, 'policy' | 'part'>, isCached: boolean): Span {
  const told = [{ key: 'tailsampling.policy', type: 'string' as const, text: policy }];
  if (part !== '') told.push({ key: 'tailsampling.composite_policy', type: 'string', text: part });
  const cached = isCached ? [{ key: 'tailsampling.cached_decision', type: 'bool' as const, text: 'true' }] : [];
  return { ...span, attributes: [...span.attributes, ...told, ...cached] };
}
