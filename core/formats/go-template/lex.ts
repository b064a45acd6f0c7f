import { EngineError } from '#core/model/index.ts';

/** A piece of a template: plain text, or a token between `{{` and `}}`. Offsets in UTF-16 units. */
export interface Token {
  readonly kind: TokenKind;
  /** Text: after trimming. String: unquoted. Otherwise as written. */
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** Whether white space stands before it, which parts `.a .b` from `.a.b`. */
  readonly spaced: boolean;
}
/** `open` and `close` are the delimiters; `sign` is one of ( ) | , = :=. */
export type TokenKind = 'text' | 'open' | 'close' | 'dot' | 'field' | 'variable' | 'word' | 'string' | 'number' | 'char' | 'sign' | 'end';

/** A template longer than this is refused; the longest published ones are a tenth of it. */
const templateCharsMax = 256 * 1024;

const tokenForm =
  /(?<space>\s+)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<number>[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(?![\p{L}\p{N}_.]))|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<dot>\.)|(?<variable>\$[\p{L}\p{N}_]*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>:=|[()|,=])/uy;

/** Splits a template into tokens. Throws EngineError `invalid` with the place. */
export function lexTemplate(source: string): Token[] {
  if (source.length > templateCharsMax)
    throw new EngineError('limit', `a template of ${source.length} characters is over the limit of ${templateCharsMax}`);
  const tokens: Token[] = [];
  let at = 0;
  let trimStart = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open === -1 ? source.length : open;
    const trimEnd = open !== -1 && /^\{\{-\s/.test(source.slice(open, open + 4));
    pushText(tokens, source.slice(at, end), at, trimStart, trimEnd);
    if (open === -1) break;
    const inside = open + (trimEnd ? 3 : 2);
    [at, trimStart] = isComment(source, inside) ? skipComment(source, open, inside) : lexAction(source, open, inside, tokens);
  }
  tokens.push({ kind: 'end', text: '', from: source.length, to: source.length, spaced: false });
  return tokens;
}

function pushText(tokens: Token[], text: string, from: number, trimStart: boolean, trimEnd: boolean): void {
  let kept = trimStart ? text.replace(/^[ \t\r\n]+/, '') : text;
  if (trimEnd) kept = kept.replace(/[ \t\r\n]+$/, '');
  if (kept !== '') tokens.push({ kind: 'text', text: kept, from, to: from + text.length, spaced: false });
}

const isComment = (source: string, inside: number): boolean => /^\s?\/\*/.test(source.slice(inside, inside + 3));

function skipComment(source: string, open: number, inside: number): [at: number, trimStart: boolean] {
  const end = source.indexOf('*/', source.indexOf('/*', inside) + 2);
  if (end === -1) throw wrong('a comment is not closed with */', open, source.length);
  const close = /^(\s-)?\}\}/.exec(source.slice(end + 2, end + 6));
  if (close === null) throw wrong('a comment ends before }}', open, end + 2);
  return [end + 2 + close[0].length, close[1] !== undefined];
}

/** Lexes from after `{{` to after `}}`; answers where that is and whether the text after it loses its leading space. */
function lexAction(source: string, open: number, inside: number, tokens: Token[]): [at: number, trimStart: boolean] {
  tokens.push({ kind: 'open', text: '{{', from: open, to: inside, spaced: false });
  let at = inside;
  let spaced = false;
  for (;;) {
    const trim = spaced && source.startsWith('-}}', at);
    if (trim || source.startsWith('}}', at)) {
      const to = at + (trim ? 3 : 2);
      tokens.push({ kind: 'close', text: '}}', from: at, to, spaced });
      return [to, trim];
    }
    if (at >= source.length) throw wrong('an action is not closed with }}', open, source.length);
    const token = nextToken(source, at);
    if (token.kind !== undefined) tokens.push({ kind: token.kind, text: token.text, from: at, to: token.to, spaced });
    spaced = token.kind === undefined;
    at = token.to;
  }
}

/** Kind undefined for white space. */
function nextToken(source: string, at: number): { kind: TokenKind | undefined; text: string; to: number } {
  tokenForm.lastIndex = at;
  const groups = tokenForm.exec(source)?.groups;
  const found = groups && Object.entries(groups).find(([, text]) => text !== undefined);
  if (found === undefined) throw wrong(`unexpected ${JSON.stringify(String.fromCodePoint(source.codePointAt(at)!))} in an action`, at, at + 1);
  const [name, text] = found;
  const to = at + text.length;
  if (name === 'space') return { kind: undefined, text, to };
  if (name === 'string') return { kind: 'string', text: unquote(text, at), to };
  if (name === 'char') return { kind: 'char', text: unquote(text, at), to };
  return { kind: name as TokenKind, text, to };
}

const simpleEscapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' };

function unquote(quoted: string, from: number): string {
  const inner = quoted.slice(1, -1);
  if (quoted[0] === '`') return inner.replaceAll('\r', '');
  return inner.replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[\s\S])/g, (whole, code: string) => {
    if (simpleEscapes[code] !== undefined) return simpleEscapes[code];
    if (code === '\\' || code === quoted[0]) return code;
    const point = /^[0-7]/.test(code) ? parseInt(code, 8) : /^[xuU]/.test(code) ? parseInt(code.slice(1), 16) : NaN;
    if (!(point <= 0x10ffff)) throw wrong(`${whole} is no escape that a string knows`, from, from + quoted.length);
    return String.fromCodePoint(point);
  });
}

export function wrong(what: string, from: number, to: number): EngineError {
  return new EngineError('invalid', what, { from, to });
}
