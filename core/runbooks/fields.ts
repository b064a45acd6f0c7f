/** The YAML inside a runbook: front matter and checks. Whatever is wrong becomes a sentence with its line in the markdown file. */
import { readYaml, type YamlNode } from '#core/formats/index.ts';
import { messageOf } from '#core/model/index.ts';

export type Fields = ReadonlyMap<string, YamlNode>;

/** Collects problems as `line N: sentence`. */
export class Problems {
  readonly found: string[] = [];

  add(line: number, sentence: string): void {
    this.found.push(`line ${line}: ${sentence}`);
  }
}

/** The `key: value` lines of a YAML text whose first line is `fromLine` of the file; undefined when there are none to read. */
export function readFields(yaml: string, fromLine: number, problems: Problems): Fields | undefined {
  const node = parse(yaml, fromLine, problems);
  if (node === undefined) return undefined;
  if (node.kind === 'map') return new Map([...node.entries].map(([key, entry]) => [key, entry.value]));
  if (!isEmpty(node)) problems.add(node.line, '"key: value" lines are expected here');
  return undefined;
}

function parse(yaml: string, fromLine: number, problems: Problems): YamlNode | undefined {
  try {
    return readYaml('\n'.repeat(fromLine - 1) + yaml, '');
  } catch (error) {
    const [, line, sentence] = /^:(\d+): ([^]*)$/.exec(messageOf(error)) ?? [undefined, String(fromLine), messageOf(error)];
    const hint = /^\s*expect:\s*>/m.test(yaml) ? '; put the expectation in quotes, as in expect: "> 0.9"' : '';
    problems.add(Number(line), `this is no YAML: ${sentence}${hint}`);
    return undefined;
  }
}

/** A scalar's text; undefined for lists and maps, and for what is left empty. */
export function textOf(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' && !isEmpty(node) ? node.text : undefined;
}

export function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:|~|null)$/.test(node.text);
}
