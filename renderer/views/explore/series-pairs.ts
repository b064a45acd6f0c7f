import type { Labels } from '#core/model/index.ts';
import { parseExpr, walk } from '#core/promql/syntax/index.ts';

/**
 * What a series of an answer speaks of, names and values laid flat: its own labels, and what the query's selectors ask for outright, since an
 * aggregation takes labels away.
 */
export function pairsOfSeries(labels: Labels, expr: string): readonly string[] {
  const pairs = [...labels];
  const known = new Set(labels.filter((_, i) => i % 2 === 0));
  for (const [name, value] of equalMatchers(expr)) if (!known.has(name)) pairs.push(name, value);
  return pairs;
}

function equalMatchers(expr: string): Map<string, string> {
  const found = new Map<string, string>();
  try {
    walk(parseExpr(expr), (node) => {
      if (node.kind !== 'selector') return;
      for (const { name, op, value } of node.matchers) if (op === '=' && value !== '') found.set(name, value);
    });
  } catch {
    return found; // The editor shows what is wrong with the query.
  }
  return found;
}
