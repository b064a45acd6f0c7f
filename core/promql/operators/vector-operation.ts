import { labelsKey } from '#core/model/index.ts';
import type { Budget } from '../budget.ts';
import { checkedOperation } from './checked-operation.ts';
import { matchesOf, oneSide, presence, resultHead, type Match, type MatchContext } from './match.ts';
import { RowOperation } from './operators.ts';
import { clearRow, collect, emptyVector, newRow, perHead, type Head, type Vector } from '../vector.ts';

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
