import { labelValue, type Labels } from './labels.ts';
import { compilePattern, type Pattern } from './pattern.ts';

export type MatchOp = '=' | '!=' | '=~' | '!~';

/** One condition on a label. An absent label has the empty value, as in Prometheus. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
  /** Present for `=~` and `!~`. */
  readonly pattern?: Pattern;
}

/** Throws EngineError `invalid` when a regular expression is bad. */
export function matcher(name: string, op: MatchOp, value: string): Matcher {
  return op === '=~' || op === '!~' ? { name, op, value, pattern: compilePattern(value) } : { name, op, value };
}

export function matchesValue(m: Matcher, value: string): boolean {
  switch (m.op) {
    case '=':
      return value === m.value;
    case '!=':
      return value !== m.value;
    case '=~':
      return m.pattern!.matches(value);
    case '!~':
      return !m.pattern!.matches(value);
  }
}

/** True when every matcher holds. */
export function matchesLabels(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((m) => matchesValue(m, labelValue(labels, m.name)));
}

export function formatMatcher(m: Matcher): string {
  return `${m.name}${m.op}${JSON.stringify(m.value)}`;
}
