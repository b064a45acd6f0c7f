import { matchesOf, presence, type Match, type MatchContext } from './match.ts';
import { absent, clearRow, collect, copyStep, newRow, type Vector } from '../vector.ts';

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
