import type { RunbookRun, RunbookStep, RunStep } from '#core/model/index.ts';

/**
 * The query of a step as it is to be read: the one that was asked, once there is evidence; before, the runbook's own with the
 * run's parameters in place of `$name`. (The engine binds the parameters itself when it asks.)
 */
export function stepQuery(run: RunbookRun, step: RunbookStep, held: RunStep): string {
  if (held.evidence !== undefined) return held.evidence.query.trim();
  return fillParams(step.check?.query.trim() ?? '', run.params);
}

export function fillParams(query: string, params: readonly { readonly name: string; readonly value: string }[]): string {
  const values = new Map(params.map(({ name, value }) => [name, value]));
  return query.replace(/\$(\$|[a-zA-Z_][a-zA-Z0-9_]*)/g, (whole, name: string) => {
    if (name === '$') return '$';
    const value = values.get(name);
    return value === undefined ? whole : JSON.stringify(value).slice(1, -1);
  });
}
