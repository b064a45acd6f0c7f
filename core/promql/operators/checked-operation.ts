import { dropLabels, EngineError, keepLabels, labelPairs, labelsKey, METRIC_NAME, type Labels } from '#core/model/index.ts';
import { printLabel, quote, type Matching } from '../syntax/index.ts';
import type { Budget } from '../budget.ts';
import { oneSide, presence, resultHead, type Match, type MatchContext } from './match.ts';
import type { RowOperation } from './operators.ts';
import { absent, Block, collect, float, newRow, newRows, type Head, type Row, type Vector } from '../vector.ts';

/**
 * The operation where several elements of a side may share a signature, or values stand in for missing ones: at each step
 * there may be only one on the one side, and only one result for each label set.
 */
export async function checkedOperation(
  context: MatchContext,
  operation: RowOperation,
  matches: readonly Match[],
  leftVector: Vector,
  rightVector: Vector,
): Promise<Vector> {
  const { steps, budget } = context;
  const left = await collect(leftVector, steps, budget);
  const right = await collect(rightVector, steps, budget);
  const results = new Results(steps, budget);
  const anyLeft = await anyPresent(left, context);
  const anyRight = await anyPresent(right, context);
  for (const match of matches) {
    checkOneSide(context, match, left, right, context.matching.cardinality === 'one-to-many' ? anyRight : anyLeft);
    combineMatch(context, operation, match, left, right, results);
    if (budget.spend(steps * (match.left.length + match.right.length))) await budget.breathe();
  }
  return results.vector();
}

async function anyPresent(vector: Vector, context: MatchContext): Promise<Uint8Array> {
  return presence(
    vector,
    vector.heads.map((_, i) => i),
    context,
  );
}

/** Throws when two elements of the one side have the same signature at the same step. */
function checkOneSide(context: MatchContext, match: Match, left: Block, right: Block, anyMany: Uint8Array): void {
  const { matching, steps } = context;
  const oneIsRight = matching.cardinality !== 'one-to-many';
  const block = oneIsRight ? right : left;
  const ones = oneSide(match, oneIsRight);
  const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (ones.length < 2) return;
  for (let k = 0; k < steps; k++) {
    if (anyMany[k] !== 1 && !filled) continue;
    const there = ones.filter((i) => block.rows[i]!.kinds[k] !== absent);
    if (there.length > 1) throw duplicateError(matching, block, there, oneIsRight ? 'right' : 'left');
  }
}

function duplicateError(matching: Matching, block: Block, there: readonly number[], side: string): EngineError {
  const texts = there
    .slice(0, 2)
    .map((i) => block.heads[i]!.labels)
    .map(labelsText)
    .sort();
  const labels = block.heads[there[0]!]!.labels;
  const names = new Set(matching.labels);
  const group = matching.on ? keepLabels(labels, names) : dropLabels(labels, new Set([...names, METRIC_NAME]));
  return new EngineError(
    'invalid',
    `found duplicate series for the match group ${labelsText(group)} on the ${side} hand-side of the operation: [${texts.join(', ')}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}

/** All labels in braces, the name among them, as Prometheus' errors show series. */
function labelsText(labels: Labels): string {
  return `{${[...labelPairs(labels)].map(([name, value]) => `${printLabel(name)}=${quote(value)}`).join(', ')}}`;
}

function combineMatch(context: MatchContext, operation: RowOperation, match: Match, left: Block, right: Block, results: Results): void {
  const { matching, steps } = context;
  const used = matching.cardinality === 'one-to-one' ? new Uint8Array(steps) : undefined;
  for (const l of match.left) {
    for (const r of match.right) {
      const result = results.of(resultHead(context, left.heads[l]!, right.heads[r]!));
      const a = left.rows[l]!;
      const b = right.rows[r]!;
      for (let k = 0; k < steps; k++)
        if (a.kinds[k]! * b.kinds[k]! > 0 && operation.applies(a.kinds[k]!, b.kinds[k]!)) claim(result.claimed, used, k);
      operation.rows(a, b, result.row);
    }
  }
  if (matching.fillRight !== undefined) fillMissing(context, operation, match, { left, right, missing: 'right', used }, results);
  if (matching.fillLeft !== undefined) fillMissing(context, operation, match, { left, right, missing: 'left', used }, results);
}

/** Throws when a step is claimed twice. */
function claim(claimed: Uint8Array, used: Uint8Array | undefined, step: number): void {
  if (used !== undefined) {
    if (used[step] === 1)
      throw new EngineError('invalid', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)');
    used[step] = 1;
  } else if (claimed[step] === 1) {
    throw new EngineError('invalid', 'multiple matches for labels: grouping labels must ensure unique matches');
  }
  claimed[step] = 1;
}

/** The side of a match that may be missing. */
interface Gap {
  readonly left: Block;
  readonly right: Block;
  readonly missing: 'left' | 'right';
  readonly used: Uint8Array | undefined;
}

/** Applies the operation to the elements of one side whose other side is missing, with the fill value in its place. */
function fillMissing(context: MatchContext, operation: RowOperation, match: Match, { left, right, missing, used }: Gap, results: Results): void {
  const { steps, matching } = context;
  const there = missing === 'right' ? left : right;
  const other = missing === 'right' ? right : left;
  const value = missing === 'right' ? matching.fillRight! : matching.fillLeft!;
  const filled = newRow(steps);
  const others = match[missing];
  for (let k = 0; k < steps; k++) {
    if (others.some((i) => other.rows[i]!.kinds[k] !== absent)) continue;
    filled.values[k] = value;
    filled.kinds[k] = float;
  }
  for (const i of match[missing === 'right' ? 'left' : 'right']) {
    const head = there.heads[i]!;
    const stand: Head = { labels: fillLabels(matching, head.labels), dropName: head.dropName };
    const result = results.of(missing === 'right' ? resultHead(context, head, stand) : resultHead(context, stand, head));
    const row = there.rows[i]!;
    for (let k = 0; k < steps; k++) if (row.kinds[k] !== absent && filled.kinds[k] !== absent) claim(result.claimed, used, k);
    if (missing === 'right') operation.rows(row, filled, result.row);
    else operation.rows(filled, row, result.row);
  }
}

/** The labels of an element that is not there: those that matching goes by. */
function fillLabels(matching: Matching, labels: Labels): Labels {
  return matching.on ? keepLabels(labels, new Set(matching.labels)) : dropLabels(labels, new Set([...matching.labels, METRIC_NAME]));
}

/** Result rows by label set. */
class Results {
  readonly #steps: number;
  readonly #budget: Budget;
  readonly #rows = new Map<string, { head: Head; row: Row; claimed: Uint8Array }>();

  constructor(steps: number, budget: Budget) {
    this.#steps = steps;
    this.#budget = budget;
  }

  of(head: Head): { readonly row: Row; readonly claimed: Uint8Array } {
    const key = labelsKey(head.labels);
    let known = this.#rows.get(key);
    if (known === undefined) {
      const [row] = newRows(1, this.#steps, this.#budget);
      known = { head, row: row!, claimed: new Uint8Array(this.#steps) };
      this.#rows.set(key, known);
    } else if (head.dropName && !known.head.dropName) known.head = head;
    return known;
  }

  vector(): Vector {
    const rows = [...this.#rows.values()];
    return new Block(
      rows.map(({ head }) => head),
      rows.map(({ row }) => row),
    );
  }
}
