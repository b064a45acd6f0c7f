/** Where expressions stand in the text of a rule file: enough of YAML to complete and to mark what is typed, whether or not the file is whole. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

const keyForm = /^(\s*(?:-\s+)?)(["']?)expr\2:(?:[ \t]+(.*))?$/;
const blockForm = /^[|>][-+\d]*\s*(?:#.*)?$/;

/** Every value of an `expr:`, in order: of one line, quoted, in a block, or going on over deeper lines. Quotes are left out. */
export function expressionsIn(text: string): readonly Stretch[] {
  const lines = text.split('\n');
  const starts: number[] = [];
  let at = 0;
  for (const line of lines) {
    starts.push(at);
    at += line.length + 1;
  }
  return lines.flatMap((line, i) => {
    const found = keyForm.exec(line);
    if (found === null) return [];
    const value = found[3] ?? '';
    const last = lastDeeper(lines, i, found[1]!.length);
    const end = starts[last]! + lines[last]!.length;
    if (blockForm.test(value)) return last === i ? [] : [{ from: starts[i + 1]!, to: end }];
    return [unquoted(text, starts[i]! + line.length - value.length, end)];
  });
}

/** The expression about a place in the text. */
export function expressionAt(text: string, at: number): Stretch | undefined {
  return expressionsIn(text).find(({ from, to }) => from <= at && at <= to);
}

function lastDeeper(lines: readonly string[], key: number, indent: number): number {
  let last = key;
  for (let i = key + 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.trim() === '') continue;
    if (/^\s*/.exec(line)![0].length <= indent) break;
    last = i;
  }
  return last;
}

function unquoted(text: string, from: number, to: number): Stretch {
  const quote = text[from];
  if (quote !== '"' && quote !== "'") return { from, to };
  return { from: from + 1, to: to > from + 1 && text[to - 1] === quote ? to - 1 : to };
}
