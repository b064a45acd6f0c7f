import { builtins } from './builtins.ts';
import { lexTemplate, wrong, type Token, type TokenKind } from './lex.ts';
import type { Body, Command, Operand, Pipe, Statement, Template } from './tree.ts';
import type { GoFunctions } from './value.ts';

export interface ParseOptions {
  /** Said in messages. */
  readonly name?: string;
  /** Functions known beside Go's own; only their names matter here. */
  readonly functions?: GoFunctions;
  /** Variables that are set before the template starts, with their `$`. */
  readonly variables?: readonly string[];
  /** Definitions of templates parsed earlier; later ones of the same name win. */
  readonly definitions?: ReadonlyMap<string, Body>;
}

const nestingMax = 100; // Deeper than anything a person writes; keeps the parser's and the run's stack small.
const keywords = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'block', 'template', 'break', 'continue']);

/** Parses text/template syntax. Throws EngineError `invalid` with the place of what is wrong. */
export function parseTemplate(source: string, options: ParseOptions = {}): Template {
  const parser = new Parser(lexTemplate(source), options);
  return { name: options.name ?? 'template', body: parser.parseAll(), definitions: parser.definitions };
}

class Parser {
  readonly definitions: Map<string, Body>;
  readonly #tokens: readonly Token[];
  readonly #functions: GoFunctions | undefined;
  #at = 0;
  #depth = 0;
  #loops = 0;
  #variables: string[];

  constructor(tokens: readonly Token[], options: ParseOptions) {
    this.#tokens = tokens;
    this.#functions = options.functions;
    this.#variables = ['$', ...(options.variables ?? [])];
    this.definitions = new Map(options.definitions);
  }

  parseAll(): Body {
    const { body, stop } = this.#body();
    if (stop !== undefined) throw wrong(`{{${stop.text}}} has nothing to close or to continue`, stop.from, stop.to);
    return body;
  }

  /** Statements up to `{{end}}` or `{{else`, whose keyword is taken, or up to the end of the text. */
  #body(): { body: Statement[]; stop: Token | undefined } {
    const body: Statement[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'end') return { body, stop: undefined };
      if (token.kind === 'text') {
        body.push({ kind: 'text', text: token.text });
        continue;
      }
      const word = this.#peek();
      const keyword = word.kind === 'word' && keywords.has(word.text) ? word.text : undefined;
      if (keyword !== undefined) this.#at++;
      if (keyword === 'end' || keyword === 'else') return { body, stop: word };
      const statement = this.#statement(keyword, word);
      if (statement !== undefined) body.push(statement);
    }
  }

  #statement(keyword: string | undefined, word: Token): Statement | undefined {
    switch (keyword) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(keyword);
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw wrong(`{{${keyword}}} stands outside of {{range}}`, word.from, word.to);
        this.#take('close');
        return { kind: keyword };
      case 'define':
        this.#define();
        return undefined;
      case 'block':
      case 'template':
        return this.#invoke(keyword, word);
      default: {
        const pipe = this.#pipe('close');
        return { kind: 'output', pipe };
      }
    }
  }

  #branch(kind: 'if' | 'with' | 'range'): Statement {
    const scope = this.#variables.length;
    const pipe = this.#pipe('close', kind === 'range' ? 2 : 1);
    if (kind === 'range') this.#loops++;
    const { body, stop } = this.#nested();
    if (kind === 'range') this.#loops--;
    const otherwise = stop.text === 'else' ? this.#otherwise(kind) : this.#closed();
    this.#variables.length = scope;
    return { kind, pipe, body, otherwise };
  }

  /** After `else`: `{{else}} ... {{end}}`, or `{{else if ...}}` and `{{else with ...}}`, which share the one `{{end}}`. */
  #otherwise(kind: 'if' | 'with' | 'range'): Body {
    const next = this.#peek();
    if (next.kind === 'word' && next.text === kind && kind !== 'range') {
      this.#at++;
      return this.#deeper(() => [this.#branch(kind)]);
    }
    this.#take('close');
    const { body, stop } = this.#nested();
    if (stop.text === 'else') throw wrong('{{else}} stands twice', stop.from, stop.to);
    this.#take('close');
    return body;
  }

  #closed(): Body {
    this.#take('close');
    return [];
  }

  #nested(): { body: Body; stop: Token } {
    const opened = this.#tokens[this.#at - 1]!;
    const scope = this.#variables.length;
    const { body, stop } = this.#deeper(() => this.#body());
    this.#variables.length = scope;
    if (stop === undefined) throw wrong('{{end}} is missing', opened.from, opened.to);
    return { body, stop };
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > nestingMax) throw wrong(`more than ${nestingMax} levels of nesting`, this.#peek().from, this.#peek().to);
    const parsed = parse();
    this.#depth--;
    return parsed;
  }

  #define(): void {
    const name = this.#take('string').text;
    this.#take('close');
    this.definitions.set(name, this.#definition());
  }

  /** A body that sees no variable from outside but `$`. */
  #definition(): Body {
    const outer = { variables: this.#variables, loops: this.#loops };
    this.#variables = ['$'];
    this.#loops = 0;
    const { body, stop } = this.#nested();
    if (stop.text === 'else') throw wrong('{{else}} belongs to no {{if}}', stop.from, stop.to);
    this.#take('close');
    this.#variables = outer.variables;
    this.#loops = outer.loops;
    return body;
  }

  #invoke(keyword: 'block' | 'template', word: Token): Statement {
    const name = this.#take('string').text;
    const bare = keyword === 'template' && this.#peek().kind === 'close';
    const pipe = bare ? undefined : this.#pipe('close');
    if (bare) this.#take('close');
    if (keyword === 'block') this.definitions.set(name, this.#definition());
    return { kind: 'template', name, pipe, from: word.from };
  }

  /** `[$x :=] command | command ...` and its closing token. */
  #pipe(close: 'close' | ')', variablesMax = 1): Pipe {
    const { from } = this.#peek();
    const { variables, assigns } = this.#declaration(variablesMax);
    const commands: Command[] = [];
    for (;;) {
      commands.push(this.#command(commands.length > 0));
      const token = this.#next();
      if (token.kind === 'sign' && token.text === '|') continue;
      if (close === 'close' ? token.kind !== 'close' : token.text !== ')') throw this.#unexpected(token);
      break;
    }
    if (!assigns) this.#variables.push(...variables);
    return { variables, assigns, commands, from };
  }

  #declaration(variablesMax: number): { variables: string[]; assigns: boolean } {
    const [first, second, third, fourth] = this.#tokens.slice(this.#at, this.#at + 4);
    if (first?.kind !== 'variable') return { variables: [], assigns: false };
    const sets = (token: Token | undefined): boolean => token?.kind === 'sign' && (token.text === ':=' || token.text === '=');
    const pair = second?.text === ',' && third?.kind === 'variable' && sets(fourth);
    if (!pair && !sets(second)) return { variables: [], assigns: false };
    if (pair && variablesMax < 2) throw wrong('only {{range}} sets two variables', first.from, third.to);
    this.#at += pair ? 4 : 2;
    const variables = pair ? [first.text, third.text] : [first.text];
    const assigns = (pair ? fourth! : second!).text === '=';
    if (assigns) for (const name of variables) this.#known(name, first);
    return { variables, assigns };
  }

  #command(piped: boolean): Command {
    const operands: Operand[] = [];
    const { from } = this.#peek();
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'close' || token.kind === 'end' || (token.kind === 'sign' && token.text !== '(')) break;
      operands.push(this.#operand());
    }
    const first = operands[0];
    const end = this.#peek();
    if (first === undefined) throw wrong('a value is missing', from, Math.max(end.from, from + 1));
    const constant = first.kind === 'constant' || first.kind === 'nil' || first.kind === 'dot';
    if (constant && (piped || operands.length > 1)) throw wrong('a value stands where a function is called', from, end.from);
    return { operands, from, to: this.#tokens[this.#at - 1]!.to };
  }

  #operand(): Operand {
    const token = this.#peek();
    const base = token.kind === 'field' ? undefined : this.#term();
    const names: string[] = [];
    if (base === undefined) names.push(this.#next().text.slice(1));
    while (this.#peek().kind === 'field' && !this.#peek().spaced) names.push(this.#next().text.slice(1));
    if (names.length === 0) return base!;
    if (base !== undefined && (base.kind === 'constant' || base.kind === 'nil' || base.kind === 'dot' || base.kind === 'function'))
      throw wrong(`${token.text} has no field .${names[0]}`, token.from, token.to);
    return { kind: 'chain', of: base, names };
  }

  #term(): Operand {
    const token = this.#next();
    switch (token.kind) {
      case 'dot':
        return { kind: 'dot' };
      case 'string':
        return { kind: 'constant', value: token.text };
      case 'char':
        return { kind: 'constant', value: BigInt(token.text.codePointAt(0)!) };
      case 'number':
        return { kind: 'constant', value: numberOf(token) };
      case 'variable':
        this.#known(token.text, token);
        return { kind: 'variable', name: token.text };
      case 'word':
        return this.#word(token);
      case 'sign':
        if (token.text === '(') return this.#deeper(() => ({ kind: 'pipe', pipe: this.#pipe(')') }));
        throw this.#unexpected(token);
      default:
        throw this.#unexpected(token);
    }
  }

  #word(token: Token): Operand {
    if (token.text === 'true' || token.text === 'false') return { kind: 'constant', value: token.text === 'true' };
    if (token.text === 'nil') return { kind: 'nil' };
    if (keywords.has(token.text)) throw this.#unexpected(token);
    if (!builtins.has(token.text) && this.#functions?.has(token.text) !== true)
      throw wrong(`function "${token.text}" not defined`, token.from, token.to);
    return { kind: 'function', name: token.text };
  }

  #known(name: string, token: Token): void {
    if (!this.#variables.includes(name)) throw wrong(`undefined variable "${name}"`, token.from, token.to);
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  #take(kind: TokenKind): Token {
    const token = this.#next();
    if (token.kind !== kind) throw this.#unexpected(token);
    return token;
  }

  #unexpected(token: Token): Error {
    const what = token.kind === 'end' ? 'the template ends in the middle of an action' : `unexpected ${token.text} in an action`;
    return wrong(what, token.from, token.to);
  }
}

/** Go's ideal constants: with a point or an exponent a float64, else an int. */
function numberOf(token: Token): number | bigint {
  const text = token.text.replaceAll('_', '');
  const hex = /^[+-]?0[xX]/.test(text);
  if (!hex && /[.eE]/.test(text)) return Number(text);
  const digits = text.replace(/^[+-]/, '').replace(/^0(?=[0-7]+$)/, '0o');
  const value = BigInt(digits) * (text.startsWith('-') ? -1n : 1n);
  if (BigInt.asIntN(64, value) !== value) throw wrong(`${token.text} does not fit an int`, token.from, token.to);
  return value;
}
