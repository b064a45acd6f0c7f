/** A record of a CSV file, and the line that it begins on. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

const rowCharsMax = 4 << 20;

/** Cuts the text of a CSV file (RFC 4180) into rows; quoted cells may hold separators, quotes and line feeds. */
export class CsvRows {
  readonly #separator: string;
  #rest = '';
  #line = 1;

  constructor(separator: string) {
    this.#separator = separator;
  }

  *push(text: string, atEnd: boolean): Generator<CsvRow> {
    const all = this.#rest + text;
    let from = 0;
    let searched = 0;
    for (;;) {
      const feed = all.indexOf('\n', searched);
      const end = feed < 0 ? (atEnd ? all.length : -1) : feed;
      if (end < 0 || from > all.length || (feed < 0 && from === all.length)) break;
      const record = all.slice(from, end);
      if (feed >= 0 && hasOpenQuote(record) && record.length < rowCharsMax) {
        searched = feed + 1;
        continue;
      }
      const line = this.#line;
      this.#line += lineFeeds(record) + 1;
      from = searched = end + 1;
      const trimmed = record.endsWith('\r') ? record.slice(0, -1) : record;
      if (trimmed !== '') yield { cells: cellsOf(trimmed, this.#separator), line };
      if (feed < 0) break;
    }
    this.#rest = from > all.length ? '' : all.slice(from);
  }
}

function hasOpenQuote(text: string): boolean {
  let isOpen = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOpen = !isOpen;
  return isOpen;
}

function lineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function cellsOf(record: string, separator: string): string[] {
  if (!record.includes('"')) return record.split(separator);
  const cells: string[] = [];
  let at = 0;
  while (at <= record.length) {
    if (record[at] === '"') {
      let end = record.indexOf('"', at + 1);
      while (end >= 0 && record[end + 1] === '"') end = record.indexOf('"', end + 2);
      const close = end < 0 ? record.length : end;
      const next = record.indexOf(separator, close);
      cells.push(record.slice(at + 1, close).replaceAll('""', '"'));
      at = next < 0 ? record.length + 1 : next + 1;
    } else {
      const next = record.indexOf(separator, at);
      const end = next < 0 ? record.length : next;
      cells.push(record.slice(at, end));
      at = end + 1;
    }
  }
  return cells;
}

/** The separator that cuts the first line into most cells; undefined when none cuts it into two. */
export function separatorOf(firstLine: string): string | undefined {
  const counts = [',', '\t', ';'].map((separator) => [separator, firstLine.split(separator).length] as const);
  const [best] = counts.sort((a, b) => b[1] - a[1]);
  return best![1] > 1 ? best![0] : undefined;
}
