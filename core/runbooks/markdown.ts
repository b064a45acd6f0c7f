/**
 * The block structure of a markdown file, as far as a runbook needs it: front matter, ATX headings, fenced code.
 * What lies in a fence or in an HTML comment is never a heading. Line numbers count from 1.
 * Source: CommonMark 0.31 (sections 4.2, 4.5, 4.6); heading anchors as GitHub makes them.
 */

export interface Heading {
  readonly line: number;
  /** 1..6 */
  readonly level: number;
  /** Without hashes, links and emphasis. */
  readonly text: string;
  /** What `#...` links name it by on GitHub; unique in the file. */
  readonly anchor: string;
}

export interface Fence {
  /** The opening fence's line and the closing one's; the last line of the text when it is never closed. */
  readonly fromLine: number;
  readonly toLine: number;
  /** The words after the opening fence. */
  readonly info: string;
  readonly body: string;
  readonly closed: boolean;
}

export interface Document {
  readonly lines: readonly string[];
  /** The YAML between the leading `---` lines; undefined when there is none. */
  readonly frontMatter: string | undefined;
  /** The first line after the front matter. */
  readonly bodyLine: number;
  readonly headings: readonly Heading[];
  readonly fences: readonly Fence[];
}

const headingForm = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const fenceForm = /^ {0,3}(`{3,}|~{3,})(.*)$/;

/** Reads the structure of `text`; every text has one. */
export function readDocument(text: string): Document {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const front = frontMatterEnd(lines);
  const headings: Heading[] = [];
  const fences: Fence[] = [];
  const anchors = new Map<string, number>();
  let i = front === undefined ? 0 : front + 1;
  while (i < lines.length) {
    const fence = fenceAt(lines, i);
    if (fence !== undefined) {
      fences.push(fence);
      i = fence.toLine;
    } else if (/^ {0,3}<!--/.test(lines[i]!)) {
      i = commentEnd(lines, i) + 1;
    } else {
      const heading = headingForm.exec(lines[i]!);
      if (heading !== null) headings.push(headingAt(i + 1, heading, anchors));
      i++;
    }
  }
  return {
    lines,
    frontMatter: front === undefined ? undefined : lines.slice(1, front).join('\n'),
    bodyLine: front === undefined ? 1 : front + 2,
    headings,
    fences,
  };
}

/** The lines from `fromLine` up to, not including, `toLine` without those for which `drop` holds; blank edges trimmed. */
export function section(document: Document, fromLine: number, toLine: number, drop: (line: number) => boolean): string {
  const kept = document.lines.slice(fromLine - 1, toLine - 1).filter((_, i) => !drop(fromLine + i));
  return kept
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\s*\n/, '')
    .trimEnd();
}

/** GitHub's anchor of a heading: lower case, spaces to hyphens, punctuation dropped. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function frontMatterEnd(lines: readonly string[]): number | undefined {
  if (lines[0]?.trimEnd() !== '---') return undefined;
  const end = lines.findIndex((line, i) => i > 0 && /^(---|\.\.\.)\s*$/.test(line));
  return end === -1 ? undefined : end;
}

function fenceAt(lines: readonly string[], from: number): Fence | undefined {
  const open = fenceForm.exec(lines[from]!);
  if (open === null) return undefined;
  const marks = open[1]!;
  const info = open[2]!.trim();
  if (marks.startsWith('`') && info.includes('`')) return undefined;
  const end = lines.findIndex((line, i) => i > from && closesFence(line, marks));
  const to = end === -1 ? lines.length - 1 : end;
  const body = lines.slice(from + 1, end === -1 ? lines.length : end).join('\n');
  return { fromLine: from + 1, toLine: to + 1, info, body, closed: end !== -1 };
}

function closesFence(line: string, marks: string): boolean {
  const found = fenceForm.exec(line);
  return found !== null && found[2]!.trim() === '' && found[1]![0] === marks[0] && found[1]!.length >= marks.length;
}

function commentEnd(lines: readonly string[], from: number): number {
  const end = lines.findIndex((line, i) => i >= from && line.includes('-->'));
  return end === -1 ? lines.length - 1 : end;
}

function headingAt(line: number, found: RegExpExecArray, anchors: Map<string, number>): Heading {
  const text = plainHeading(found[2] ?? '');
  const base = anchorOf(text);
  const seen = anchors.get(base) ?? 0;
  anchors.set(base, seen + 1);
  return { line, level: found[1]!.length, text, anchor: seen === 0 ? base : `${base}-${seen}` };
}

function plainHeading(raw: string): string {
  return raw
    .replace(/(?:^|[ \t]+)#+[ \t]*$/, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*|`/g, '')
    .trim();
}
