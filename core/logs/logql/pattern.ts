import { EngineError } from '#core/model/index.ts';

/** `<ip> - <_> "<method> <path>"`: texts and captures in turn; `_` captures nothing. Source: Loki's pattern parser. */
export interface LinePattern {
  /** One more than captures. */
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

/** Throws EngineError `invalid` for a pattern whose captures touch, or that has none. */
export function parsePattern(text: string, needsCapture: boolean): LinePattern {
  const texts: string[] = [];
  const names: string[] = [];
  let at = 0;
  for (const { 0: whole, 1: name = '', index } of text.matchAll(/<([A-Za-z_][A-Za-z0-9_]*)>/g)) {
    if (index === at && names.length > 0)
      throw new EngineError('invalid', `the pattern ${JSON.stringify(text)} has two captures without a text between them`);
    texts.push(text.slice(at, index));
    names.push(name);
    at = index + whole.length;
  }
  texts.push(text.slice(at));
  if (needsCapture && names.every((name) => name === '_'))
    throw new EngineError('invalid', `the pattern ${JSON.stringify(text)} captures nothing; write <name> where a value is`);
  return { texts, names };
}

/** The captures in order; undefined when the line does not begin as the pattern does. Captures behind a text that is missing are left out. */
export function capture({ texts, names }: LinePattern, line: string): (readonly [name: string, value: string])[] | undefined {
  if (!line.startsWith(texts[0]!)) return undefined;
  const found: (readonly [string, string])[] = [];
  let at = texts[0]!.length;
  for (let i = 0; i < names.length; i++) {
    const until = texts[i + 1]!;
    const end = until === '' ? line.length : line.indexOf(until, at);
    if (end < 0) return found;
    if (names[i] !== '_') found.push([names[i]!, line.slice(at, end)]);
    at = end + until.length;
  }
  return found;
}

/** Whether the texts of the pattern stand in the line one behind the other, as the filters `|>` and `!>` ask. */
export function fitsPattern({ texts }: LinePattern, line: string): boolean {
  const last = texts.length - 1;
  if (last === 0) return line.includes(texts[0]!);
  if (!line.startsWith(texts[0]!)) return false;
  let at = texts[0]!.length;
  for (let i = 1; i < last; i++) {
    const found = line.indexOf(texts[i]!, at);
    if (found < 0) return false;
    at = found + texts[i]!.length;
  }
  return line.length - at >= texts[last]!.length && line.endsWith(texts[last]!);
}
