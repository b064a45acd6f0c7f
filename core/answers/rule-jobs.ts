import { walk, parseExpr } from '#core/promql/syntax/index.ts';
import { EngineError } from '#core/model/index.ts';
import type { Parts } from './parts.ts';

/** Rules and what they read change slowly. */
const rememberedMs = 300_000;

interface RuleJobParts extends Pick<Parts, 'live' | 'clock'> {
  readonly rules: () => Parts['rules'];
}

/** Which jobs' targets some rule reads: under overload those are scraped as always. */
export class RuleJobs {
  readonly #parts: RuleJobParts;
  #known: ReadonlySet<string> = new Set();
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(parts: RuleJobParts) {
    this.#parts = parts;
  }

  has(job: string): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= this.#dueMs) {
      this.#dueMs = nowMs + rememberedMs;
      this.#known = new Set(this.#selectors().flatMap((matchers) => this.#parts.live.labelValues('job', matchers)));
    }
    return this.#known.has(job);
  }

  #selectors(): Parameters<Parts['live']['select']>[0][] {
    const found = new Map<string, Parameters<Parts['live']['select']>[0]>();
    for (const { expr } of this.#parts
      .rules()
      .groups()
      .flatMap(({ rules }) => rules)) {
      try {
        walk(parseExpr(expr), (part) => {
          if (part.kind === 'selector') found.set(JSON.stringify(part.matchers), part.matchers);
          else if (part.kind === 'matrix') found.set(JSON.stringify(part.selector.matchers), part.selector.matchers);
        });
      } catch (error) {
        if (!(error instanceof EngineError)) throw error; // a rule that cannot be read is told of where rules are
      }
    }
    return [...found.values()];
  }
}
