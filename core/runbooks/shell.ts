import type { ParamValue } from './params.ts';

/**
 * A run's params as lines to paste into a shell, so that a runbook's commands can say `"$job"`. Each value stands in single
 * quotes, where a POSIX shell reads nothing into it; control characters are left out, since a terminal acts on them when pasted.
 */
export function shellAssignments(values: readonly ParamValue[]): string {
  return values
    .map(
      ({ name, value }) =>
        `${name}='${value
          .toWellFormed()
          .replace(/\p{Cc}/gu, '')
          .replaceAll("'", `'\\''`)}'`,
    )
    .join('\n');
}
