import type { LogqlExpr } from './ast.ts';
import { parseMetric } from './parse-metric.ts';
import { readLog, TokenReader } from './parse.ts';
import type { Lengths } from './tokens.ts';

/** Reads a query of lines or of metrics. Throws EngineError `invalid` with the place. */
export function parseLogql(text: string, lengths?: Lengths): LogqlExpr {
  const reader = new TokenReader(text, lengths);
  const isLog = reader.is('{');
  const expr = isLog ? readLog(reader) : parseMetric(reader);
  if (reader.token.kind !== 'end') throw reader.wrong('the query should end here');
  return expr;
}
