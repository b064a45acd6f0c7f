import { formatMatcher, METRIC_NAME, type Matcher } from '#core/model/index.ts';
import { printExpr, walk } from '#core/promql/syntax/index.ts';
import type { GroupSpec } from '../types.ts';

/** A selector of an alerting rule that finds nothing, so that the rule cannot fire. */
export interface UnmatchedSelector {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly selector: string;
  /** The first condition without which something would be found; empty when the metric is not there at all. */
  readonly because: string;
}

/**
 * Selectors of rules that no series matches. Series that other rules record count as there. `exists` tells whether any series
 * matches. An `absent` is there to find nothing and is left out.
 */
export function unmatchedSelectors(groups: readonly GroupSpec[], exists: (matchers: readonly Matcher[]) => boolean): UnmatchedSelector[] {
  const recorded = new Set(['ALERTS', 'ALERTS_FOR_STATE']);
  for (const { rules } of groups) for (const rule of rules) if (rule.kind === 'recording') recorded.add(rule.name);
  return groups.flatMap((group) =>
    group.rules
      .filter((rule) => rule.kind === 'alerting')
      .flatMap((rule) => {
        const found: UnmatchedSelector[] = [];
        const skipped = new Set<unknown>();
        walk(rule.parsed, (expr) => {
          if (expr.kind === 'call' && expr.name.startsWith('absent')) walk(expr, (inner) => skipped.add(inner));
          if (expr.kind !== 'selector' || skipped.has(expr) || recorded.has(expr.name) || exists(expr.matchers)) return;
          found.push({ file: group.file, line: rule.line, rule: rule.name, selector: printExpr(expr), because: culprit(expr.matchers, exists) });
        });
        return found;
      }),
  );
}

function culprit(matchers: readonly Matcher[], exists: (matchers: readonly Matcher[]) => boolean): string {
  const others = matchers.filter(({ name }) => name !== METRIC_NAME);
  const guilty = others.find((one) => exists(matchers.filter((matcher) => matcher !== one)));
  return guilty === undefined ? '' : formatMatcher(guilty);
}
