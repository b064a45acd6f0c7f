import { dropLabels, keepLabels, labelsKey, labelValue, METRIC_NAME, withLabel, type Labels } from '#core/model/index.ts';
import { type Binary, type Matching } from '../syntax/index.ts';
import type { Budget } from '../budget.ts';
import type { Notebook } from '../notes.ts';
import { dropsName } from './operators.ts';
import { absent, perHead, withoutName, type Head, type Vector } from '../vector.ts';

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
export interface Match {
  readonly left: number[];
  readonly right: number[];
}

/** The rows of two vectors by signature. */
export async function matchesOf({ matching, budget }: MatchContext, left: Vector, right: Vector): Promise<Match[]> {
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

/** At which steps any of the rows has a sample. Rows without a match are read for this too: errors and notes in them count. */
export async function presence(vector: Vector, indexes: readonly number[], { steps, budget }: MatchContext): Promise<Uint8Array> {
  const there = new Uint8Array(steps);
  for (const i of indexes) {
    const { kinds } = vector.read(i);
    for (let k = 0; k < steps; k++) if (kinds[k] !== absent) there[k] = 1;
    if (budget.spend(steps)) await budget.breathe();
  }
  return there;
}

/** The rows of a match on the side where there may be one of each. */
export function oneSide(match: Match, oneIsRight: boolean): readonly number[] {
  return oneIsRight ? match.right : match.left;
}

/** The labels of what comes of two elements. */
export function resultHead(context: MatchContext, left: Head, right: Head): Head {
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
