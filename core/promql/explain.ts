import { labelPairs, type DurationMs, type Labels } from '#core/model/index.ts';
import { childrenOf, printExpr, typeOf, unwrap, walk, type Expr, type ValueType, type VectorSelector } from './syntax/index.ts';
import type { Grid, Sight } from './grid.ts';
import { Evaluation } from './evaluate.ts';
import { Block, type Head, type Vector } from './vector.ts';
import type { RangeVector } from './read/windows.ts';

/** What one part of a query gave and cost. Parentheses, and what needed no evaluation, are left out. */
export interface ExplainNode {
  readonly text: string;
  readonly kind: Expr['kind'];
  readonly type: ValueType;
  /** Where it stands in the query. */
  readonly place: Expr['place'];
  /** Series it gave; 0 for a scalar. */
  readonly seriesCount: number;
  /** Labels of those series, those with the most different values first. */
  readonly labels: readonly ExplainLabel[];
  /** Without its parts, and with them. 0 without a clock. Includes what others did meanwhile. */
  readonly selfMs: DurationMs;
  readonly totalMs: DurationMs;
  readonly parts: readonly ExplainNode[];
}

export interface ExplainLabel {
  readonly name: string;
  /** Different values, the absence of the label not among them. */
  readonly values: number;
}

interface Entry {
  selfMs: DurationMs;
  heads: readonly Head[];
  evaluated: boolean;
}

/** An evaluation that keeps a ledger of what each part of the query gives and how long it takes. */
export class ExplainedEvaluation extends Evaluation {
  readonly #entries = new Map<Expr, Entry>();
  /** The parts at work, the innermost last. Nothing of one evaluation runs side by side. */
  readonly #atWork: Entry[] = [];
  #sinceMs = 0;

  constructor(...[query, expr]: ConstructorParameters<typeof Evaluation>) {
    super(query, expr);
    walk(expr, (part) => this.#entries.set(part, { selfMs: 0, heads: [], evaluated: false }));
  }

  override async vector(expr: Expr, grid: Grid): Promise<Vector> {
    return this.#watched(expr, await this.#during(expr, () => super.vector(expr, grid)));
  }

  override async sampleTimes(expr: Expr, grid: Grid, seen?: Sight): Promise<Vector> {
    return this.#watched(expr, await this.#during(expr, () => super.sampleTimes(expr, grid, seen)));
  }

  protected override async present(expr: VectorSelector, grid: Grid): Promise<Vector> {
    return this.#watched(expr, await this.#during(expr, () => super.present(expr, grid)));
  }

  override scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    return this.#during(expr, () => super.scalar(expr, grid));
  }

  override async ranges(expr: Expr, grid: Grid): Promise<RangeVector> {
    const ranges = await this.#during(expr, () => super.ranges(expr, grid));
    const entry = this.#entries.get(unwrap(expr));
    if (entry !== undefined) entry.heads = ranges.heads;
    return { ...ranges, read: (index) => this.#timed(entry, () => ranges.read(index)) };
  }

  /** The tree of the query `expr`, once it is evaluated. */
  explain(expr: Expr): ExplainNode {
    const inner = unwrap(expr);
    const entry = this.#entries.get(inner)!;
    const parts = partsOf(inner).filter((part) => this.#entries.get(unwrap(part))!.evaluated);
    const nodes = parts.map((part) => this.explain(part));
    return {
      text: printExpr(inner),
      kind: inner.kind,
      type: typeOf(inner),
      place: inner.place,
      seriesCount: entry.heads.length,
      labels: countLabels(entry.heads.map(({ labels }) => labels)),
      selfMs: entry.selfMs,
      totalMs: nodes.reduce((sum, node) => sum + node.totalMs, entry.selfMs),
      parts: nodes,
    };
  }

  #watched(expr: Expr, vector: Vector): Vector {
    const entry = this.#entries.get(unwrap(expr));
    if (entry !== undefined) entry.heads = vector.heads;
    return vector instanceof Block ? vector : { heads: vector.heads, read: (index) => this.#timed(entry, () => vector.read(index)) };
  }

  async #during<T>(expr: Expr, act: () => Promise<T>): Promise<T> {
    const entry = this.#entries.get(unwrap(expr));
    this.#enter(entry);
    try {
      return await act();
    } finally {
      this.#leave(entry);
    }
  }

  #timed<T>(entry: Entry | undefined, act: () => T): T {
    this.#enter(entry);
    const result = act();
    this.#leave(entry);
    return result;
  }

  /** What a function asks for that is not written in the query counts as its own work. */
  #enter(entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#book();
    entry.evaluated = true;
    this.#atWork.push(entry);
  }

  #leave(entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#book();
    this.#atWork.pop();
  }

  /** Books the time since the last booking on the part that was at work. */
  #book(): void {
    const nowMs = this.query.budget.nowMs();
    const entry = this.#atWork.at(-1);
    if (entry !== undefined) entry.selfMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }
}

/** The selector in a range selector is no part of its own. */
function partsOf(expr: Expr): readonly Expr[] {
  return expr.kind === 'matrix' ? [] : childrenOf(expr);
}

function countLabels(all: readonly Labels[]): ExplainLabel[] {
  const values = new Map<string, Set<string>>();
  for (const labels of all) {
    for (const [name, value] of labelPairs(labels)) {
      const known = values.get(name);
      if (known === undefined) values.set(name, new Set([value]));
      else known.add(value);
    }
  }
  return [...values].map(([name, { size }]) => ({ name, values: size })).sort((a, b) => b.values - a.values || (a.name < b.name ? -1 : 1));
}
