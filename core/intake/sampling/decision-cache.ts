import type { TailSamplingConfig } from '#core/formats/index.ts';
import type { SamplingDecision } from './waiting-spans.ts';

/** What late spans need to know of their trace. */
type Remembered = Pick<SamplingDecision, 'kept' | 'policy' | 'part'>;

/** The last decisions, kept and dropped ones apart: those asked for last stay longest. */
export class DecisionCache {
  readonly #kept = new Map<string, Remembered>();
  readonly #dropped = new Map<string, Remembered>();
  readonly #limits: Pick<TailSamplingConfig, 'keptRemembered' | 'droppedRemembered'>;
  #forgotten: string[] = [];

  /** `decisions`: of an earlier process, the newest first. */
  constructor(limits: Pick<TailSamplingConfig, 'keptRemembered' | 'droppedRemembered'>, decisions: readonly SamplingDecision[]) {
    this.#limits = limits;
    for (const decision of decisions.toReversed()) this.set(decision);
  }

  has(traceId: string): boolean {
    return this.#kept.has(traceId) || this.#dropped.has(traceId);
  }

  get(traceId: string): Remembered | undefined {
    const side = this.#kept.has(traceId) ? this.#kept : this.#dropped;
    const found = side.get(traceId);
    if (found === undefined) return undefined;
    side.delete(traceId);
    side.set(traceId, found);
    return found;
  }

  set({ traceId, kept, policy, part }: SamplingDecision): void {
    const [side, max] = kept ? [this.#kept, this.#limits.keptRemembered] : [this.#dropped, this.#limits.droppedRemembered];
    side.set(traceId, { kept, policy, part });
    if (side.size <= max) return;
    const oldest = side.keys().next().value!;
    side.delete(oldest);
    this.#forgotten.push(oldest);
  }

  delete(traceId: string): void {
    this.#kept.delete(traceId);
    this.#dropped.delete(traceId);
  }

  /** Traces forgotten since the last call. */
  takeForgotten(): readonly string[] {
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    return forgotten;
  }
}
