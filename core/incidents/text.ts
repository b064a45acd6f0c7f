/**
 * Text from elsewhere (labels, notes, queries) made safe to stand in markdown and CSV that people open in other programs.
 * Nothing here trusts its input: control and bidirectional marks become visible, markup becomes text, formulas become text.
 */

/** C0, DEL, C1, zero-width and bidirectional marks, line and paragraph separators, byte order mark, tag characters. */
const hidden = /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uFFFB\u{e0000}-\u{e007f}]/gu;

/** Control characters as their pictures (`␛`), other invisible marks as `[U+202E]`. Line feeds stay when `keepLines`. */
export function visible(text: string, keepLines = false): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(hidden, (char) => {
      const code = char.codePointAt(0)!;
      if (char === '\n' && keepLines) return char;
      if (char === '\t') return ' ';
      if (code < 0x20) return String.fromCodePoint(0x2400 + code);
      if (code === 0x7f) return '\u2421';
      return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}

/** One line of markdown that shows `text` and nothing else; fits into a table's cell. Line breaks show as `⏎`: no HTML is ever written. */
export function inline(text: string): string {
  return visible(text.trim(), true).split('\n').map(escapeMarkdown).join(' ⏎ ');
}

/** `text` as inline code. */
export function code(text: string): string {
  const plain = visible(text.trim().replace(/\s+/g, ' '));
  if (plain === '') return '';
  const fence = '`'.repeat(longestRun(plain) + 1);
  const pad = plain.startsWith('`') || plain.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${plain}${pad}${fence}`;
}

/**
 * `text` as inline code in a table's cell. GFM ends a cell at a bar even inside code, and its escape does not work after a
 * backslash: such a text is written without the look of code.
 */
export function codeCell(text: string): string {
  return text.includes('\\|') ? inline(text.replace(/\s+/g, ' ')) : code(text).replaceAll('|', '\\|');
}

/** A fenced block that its content cannot close. */
export function fenced(language: string, content: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(content) + 1));
  return `${fence}${language}\n${content}\n${fence}`;
}

/**
 * A text cell of CSV that no spreadsheet takes for a formula, full-width signs and leading blanks or quotes included.
 * Numbers are written as they are and never come here.
 */
export function csvCell(text: string): string {
  const plain = visible(text);
  const guarded = /^[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(plain) ? `'${plain}` : plain;
  return /[",\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** Only what would be markup is escaped, so that the file reads well as it is, too. */
function escapeMarkdown(line: string): string {
  return line
    .replace(/&(?=#?\w+;)/g, '&amp;')
    .replace(/<(?=[a-z/!?]|$)/gi, '&lt;')
    .replace(/^(\s*)>/, '$1&gt;')
    .replace(/[\\`*[\]|~]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^(\s*)([#+=-])(?![\d.])/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2');
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
