import { bad } from './fields.ts';

/**
 * Objects as Node.js prints them (`util.inspect`): JSON with bare keys, single quotes or backticks, `undefined` and trailing commas.
 * What is cut off there (`[Object]`, `... 3 more items`) becomes a text. Nothing is evaluated. Throws EngineError `invalid`.
 */
export function parseJsLiteral(text: string): unknown {
  const parser = new LiteralParser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

const depthMax = 32;
const words = new Map<string, unknown>([
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
]);

class LiteralParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    if (this.#peek() !== '') throw this.#fault('more follows');
  }

  value(depth: number): unknown {
    if (depth > depthMax) throw this.#fault(`it is nested deeper than ${depthMax}`);
    const char = this.#peek();
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#list(depth);
    if (char === '"' || char === "'" || char === '`') return this.#quoted(char);
    const word = this.#word(/[^,\]}\n]/).trim();
    if (words.has(word)) return words.get(word);
    if (/^-?\d+n?$/.test(word)) return word.endsWith('n') ? word.slice(0, -1) : Number(word);
    return word !== '' && !Number.isNaN(Number(word)) ? Number(word) : word;
  }

  /** A class' name may stand before the brace; it is passed over by `value` only inside an object. */
  #object(depth: number): Record<string, unknown> {
    const made = Object.create(null) as Record<string, unknown>;
    this.#take('{');
    while (!this.#take('}')) {
      const quote = this.#peek();
      const key = quote === "'" || quote === '"' ? this.#quoted(quote) : this.#word(/[^:\s,{}[\]]/);
      if (!this.#take(':')) throw this.#fault('a colon is missing');
      this.#className();
      made[key] = this.value(depth + 1);
      if (!this.#take(',') && this.#peek() !== '}') throw this.#fault('a comma is missing');
    }
    return made;
  }

  #list(depth: number): unknown[] {
    const made: unknown[] = [];
    this.#take('[');
    while (!this.#take(']')) {
      this.#className();
      made.push(this.value(depth + 1));
      if (!this.#take(',') && this.#peek() !== ']') throw this.#fault('a comma is missing');
    }
    return made;
  }

  /** `Resource {` and `[Object: null prototype] {` say what kind of object follows. */
  #className(): void {
    this.#peek();
    const name = /(?:[A-Za-z_$][\w$]*|\[Object: null prototype\])(?:\(\d+\))? (?=[{[])/y;
    name.lastIndex = this.#at;
    this.#at += name.exec(this.#text)?.[0].length ?? 0;
  }

  #quoted(quote: string): string {
    let value = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const char = this.#text[at]!;
      if (char === quote) {
        this.#at = at + 1;
        return value;
      }
      if (char !== '\\') value += char;
      else value += escapes.get(this.#text[++at] ?? '') ?? this.#text[at] ?? '';
    }
    throw this.#fault('a quote is not closed');
  }

  #word(form: RegExp): string {
    const from = this.#at;
    while (this.#at < this.#text.length && form.test(this.#text[this.#at]!)) this.#at++;
    if (this.#at === from) throw this.#fault('a value is missing');
    return this.#text.slice(from, this.#at);
  }

  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text[this.#at] ?? '';
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #fault(what: string): Error {
    return bad(`the object cannot be read at character ${this.#at}: ${what}`);
  }
}

const escapes = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
]);
