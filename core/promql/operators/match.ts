import { EngineError, keepLabels, dropLabels, labelPairs, labelsKey, labelValue, METRIC_NAME, withLabel, type Labels } from '#core/model/index.ts';
import { printLabel, quote, type Binary, type Matching } from '../syntax/index.ts';
import type { Budget } from '../budget.ts';
import type { Notebook } from '../notes.ts';
import { dropsName, RowOperation } from './operators.ts';
import {
  absent,
  Block,
  clearRow,
  collect,
  copyStep,
  emptyVector,
  float,
  newRow,
  newRows,
  perHead,
  withoutName,
  type Head,
  type Row,
  type Vector,
} from '../vector.ts';

/** What all binary operations between vectors need. */
export interface MatchContext {
  readonly expr: Binary;
  readonly matching: Matching;
  readonly steps: number;
  readonly budget: Budget;
  readonly notes: Notebook;
  readonly delayedNames: boolean;
}

/** Gives a label set the key by which elements of two vectors find each other. */
function signer(matching: Matching): (labels: Labels) => string {
  if (matching.on) return (labels) => matching.labels.map((name) => labelValue(labels, name)).join('\ud800');
  const ignored = new Set([...matching.labels, METRIC_NAME]);
  return (labels) => labelsKey(dropLabels(labels, ignored));
}

/** Rows of both sides with one signature. */
interface Match {
  readonly left: number[];
  readonly right: number[];
}

async function matchesOf({ matching, budget }: MatchContext, left: Vector, right: Vector): Promise<Match[]> {
  const sign = signer(matching);
  const matches = new Map<string, Match>();
  for (const [side, vector] of [['left', left] as const, ['right', right] as const]) {
    await perHead(vector.heads, budget, (head, i) => {
      const key = sign(head.labels);
      let match = matches.get(key);
      if (match === undefined) matches.set(key, (match = { left: [], right: [] }));
      match[side].push(i);
    });
  }
  return [...matches.values()];
}

/** `and`, `or` and `unless`: by what is there, never by value. */
export async function setOperation(context: MatchContext, left: Vector, right: Vector): Promise<Vector> {
  const { expr, steps } = context;
  const matches = await matchesOf(context, left, right);
  if (expr.op === 'or') return union(context, matches, left, right);
  const present: (Uint8Array | undefined)[] = [];
  for (const match of matches) {
    const there = match.right.length === 0 ? undefined : await presence(right, match.right, context);
    for (const i of match.left) present[i] = there;
  }
  const wanted = expr.op === 'and';
  const dropped = left.heads.flatMap((_, i) => (wanted && present[i] === undefined ? [i] : []));
  await presence(left, dropped, context);
  const kept = left.heads.flatMap((_, i) => (wanted && present[i] === undefined ? [] : [i]));
  const row = newRow(steps);
  return {
    heads: kept.map((i) => left.heads[i]!),
    read(index) {
      clearRow(row);
      const from = left.read(kept[index]!);
      const there = present[kept[index]!];
      for (let k = 0; k < steps; k++) if (from.kinds[k] !== absent && (there?.[k] === 1) === wanted) copyStep(from, row, k);
      return row;
    },
  };
}

/** At which steps any of the rows has a sample. Rows without a match are read for this too: errors and notes in them count. */
async function presence(vector: Vector, indexes: readonly number[], { steps, budget }: MatchContext): Promise<Uint8Array> {
  const there = new Uint8Array(steps);
  for (const i of indexes) {
    const { kinds } = vector.read(i);
    for (let k = 0; k < steps; k++) if (kinds[k] !== absent) there[k] = 1;
    if (budget.spend(steps)) await budget.breathe();
  }
  return there;
}

async function union(context: MatchContext, matches: readonly Match[], left: Vector, right: Vector): Promise<Vector> {
  const { steps, budget } = context;
  const block = await collect(left, steps, budget);
  const hidden: (Uint8Array | undefined)[] = [];
  for (const match of matches) {
    if (match.right.length === 0 || match.left.length === 0) continue;
    const there = await presence(block, match.left, context);
    for (const i of match.right) hidden[i] = there;
  }
  const row = newRow(steps);
  return {
    heads: [...block.heads, ...right.heads],
    read(index) {
      if (index < block.heads.length) return block.read(index);
      clearRow(row);
      const from = right.read(index - block.heads.length);
      const there = hidden[index - block.heads.length];
      for (let k = 0; k < steps; k++) if (from.kinds[k] !== absent && there?.[k] !== 1) copyStep(from, row, k);
      return row;
    },
  };
}

/** A row of the many side, one of the one side, and the head of what comes of them. */
interface Pair {
  readonly left: number;
  readonly right: number;
  readonly head: Head;
}

/** Arithmetic and comparison between two vectors. */
export async function vectorOperation(context: MatchContext, left: Vector, right: Vector): Promise<Vector> {
  const { matching, expr, steps, budget, notes } = context;
  if (left.heads.length === 0 && right.heads.length === 0) return emptyVector;
  const matches = await matchesOf(context, left, right);
  const operation = new RowOperation(expr.op, expr.bool, expr.place, notes);
  const grouped = matching.cardinality !== 'one-to-one';
  const oneIsRight = matching.cardinality !== 'one-to-many';
  const simple =
    matching.fillLeft === undefined &&
    matching.fillRight === undefined &&
    matches.every((match) => (oneIsRight || grouped ? oneSide(match, oneIsRight).length <= 1 && (grouped || match.left.length <= 1) : false));
  const pairs = simple ? await pairsOf(context, matches, left, right) : [];
  if (!simple || !(await distinct(pairs, budget))) return checkedOperation(context, operation, matches, left, right);
  for (const match of matches) {
    if (match.right.length === 0) await presence(left, match.left, context);
    if (match.left.length === 0) await presence(right, match.right, context);
  }
  const one = grouped ? await collect(oneIsRight ? right : left, steps, budget) : undefined;
  const row = newRow(steps);
  return {
    heads: pairs.map((pair) => pair.head),
    read(index) {
      clearRow(row);
      const pair = pairs[index]!;
      operation.rows(
        one !== undefined && !oneIsRight ? one.read(pair.left) : left.read(pair.left),
        one !== undefined && oneIsRight ? one.read(pair.right) : right.read(pair.right),
        row,
      );
      return row;
    },
  };
}

function oneSide(match: Match, oneIsRight: boolean): readonly number[] {
  return oneIsRight ? match.right : match.left;
}

async function distinct(pairs: readonly Pair[], budget: Budget): Promise<boolean> {
  const heads = pairs.map((pair) => pair.head);
  return new Set(await perHead(heads, budget, (head) => labelsKey(head.labels))).size === pairs.length;
}

/** All pairs of matches that have at most one element on the one side. */
async function pairsOf(context: MatchContext, matches: readonly Match[], left: Vector, right: Vector): Promise<Pair[]> {
  const indexes = matches.flatMap((match) => match.left.flatMap((l) => match.right.map((r) => ({ left: l, right: r }))));
  const lefts = indexes.map((pair) => left.heads[pair.left]!);
  const heads = await perHead(lefts, context.budget, (head, i) => resultHead(context, head, right.heads[indexes[i]!.right]!));
  return indexes.map((pair, i) => ({ ...pair, head: heads[i]! }));
}

/** The labels of what comes of two elements. */
function resultHead(context: MatchContext, left: Head, right: Head): Head {
  const { expr, matching, delayedNames } = context;
  const [many, one] = matching.cardinality === 'one-to-many' ? [right, left] : [left, right];
  let labels = many.labels;
  if (dropsName(expr.op) || (expr.bool && !delayedNames)) labels = withoutName(labels);
  if (matching.cardinality === 'one-to-one') {
    const names = new Set(matching.labels);
    labels = matching.on ? keepLabels(labels, names) : dropLabels(labels, names);
  }
  for (const name of matching.include) labels = withLabel(labels, name, labelValue(one.labels, name));
  return { labels, dropName: expr.bool || many.dropName };
}

/**
 * The operation where several elements of a side may share a signature, or values stand in for missing ones: at each step
 * there may be only one on the one side, and only one result for each label set.
 */
async function checkedOperation(
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
