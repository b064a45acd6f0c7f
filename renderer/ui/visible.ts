/**
 * Text from outside, made safe to look at: what a terminal or a bidirectional renderer would act on is shown as a
 * glyph instead. Control pictures (U+2400..) stand for C0 and DEL; others show as `⟨U+202E⟩`.
 */

// Controls, format characters (zero-width, bidi marks, soft hyphen, tags), and the two separators that break lines.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const lineBreaks = new Set(['\n', '\t']);
const charsMax = 4_096;

function glyph(char: string): string {
  const code = char.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
}

/** One line: line feeds and tabs become glyphs too. Cut after 4,096 characters, saying how many are left out. */
export function visibleLine(text: string): string {
  return cut(text).replace(unseen, glyph);
}

/** Several lines: line feeds and tabs stay. */
export function visibleText(text: string): string {
  return cut(text).replace(unseen, (char) => (lineBreaks.has(char) ? char : glyph(char)));
}

function cut(text: string): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}… (${text.length - charsMax} more characters)`;
}
