import { EngineError, messageOf } from '#core/model/index.ts';
import { builtins, outputCharsMax, showValue } from './builtins.ts';
import type { Body, Command, Operand, Pipe, Statement, Template } from './tree.ts';
import { isGoFunction, isGoObject, isTrue, itemsOf, typeName, type GoFunction, type GoFunctions, type GoValue, type ParamKind } from './value.ts';

export interface RenderInput {
  /** The dot that the template starts with. */
  readonly data: GoValue;
  /** Values of the variables named when it was parsed. */
  readonly variables?: ReadonlyMap<string, GoValue>;
  readonly functions?: GoFunctions;
}

/** Bounds of one run: ranges over ranges, templates that call themselves, a query in a loop. */
const stepsMax = 200_000;
const callDepthMax = 100;
const awaitedMax = 50;

type Answer = { readonly value: GoValue } | { readonly error: unknown };

/**
 * Runs a template. Text comes back at once unless a function has to wait. Then the run stops there, and starts again
 * with the answer in hand when it has come: a template changes nothing, so the second run takes the same way.
 * Throws (or rejects with) EngineError `invalid` for what the template does wrong and `limit` for what it may not.
 */
export function renderTemplate(template: Template, input: RenderInput): string | Promise<string> {
  const answers: Answer[] = [];
  const first = new Run(template, input, answers).text();
  return typeof first === 'string' ? first : finish(template, input, answers, first);
}

async function finish(template: Template, input: RenderInput, answers: Answer[], first: Waiting): Promise<string> {
  let waiting = first;
  for (;;) {
    answers.push(await waiting.answer);
    const next = new Run(template, input, answers).text();
    if (typeof next === 'string') return next;
    waiting = next;
  }
}

/** Thrown inside a run to leave it. */
class Waiting extends Error {
  readonly answer: Promise<Answer>;

  constructor(promise: Promise<GoValue>) {
    super('the run waits for an answer');
    this.answer = promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  }
}

type Outcome = 'next' | 'break' | 'continue';

class Run {
  readonly #template: Template;
  readonly #input: RenderInput;
  readonly #answers: readonly Answer[];
  #answered = 0;
  #out = '';
  #steps = 0;
  #callDepth = 0;
  #scope: { name: string; value: GoValue }[];

  constructor(template: Template, input: RenderInput, answers: readonly Answer[]) {
    this.#template = template;
    this.#input = input;
    this.#answers = answers;
    this.#scope = [{ name: '$', value: input.data }];
    for (const [name, value] of input.variables ?? []) this.#scope.push({ name, value });
  }

  text(): string | Waiting {
    try {
      this.#body(this.#template.body, this.#input.data);
      return this.#out;
    } catch (error) {
      if (error instanceof Waiting) return error;
      throw error;
    }
  }

  #body(body: Body, dot: GoValue): Outcome {
    const depth = this.#scope.length;
    for (const statement of body) {
      this.#step();
      const outcome = this.#statement(statement, dot);
      if (outcome !== 'next') {
        this.#scope.length = depth;
        return outcome;
      }
    }
    this.#scope.length = depth;
    return 'next';
  }

  #statement(statement: Statement, dot: GoValue): Outcome {
    switch (statement.kind) {
      case 'text':
        this.#write(statement.text);
        return 'next';
      case 'output': {
        const value = this.#pipe(statement.pipe, dot);
        if (statement.pipe.variables.length === 0) this.#write(showValue(value));
        return 'next';
      }
      case 'if':
      case 'with':
        return this.#choose(statement, dot);
      case 'range':
        return this.#range(statement, dot);
      case 'template':
        this.#invoke(statement.name, statement.pipe === undefined ? undefined : this.#pipe(statement.pipe, dot));
        return 'next';
      case 'break':
      case 'continue':
        return statement.kind;
    }
  }

  #choose(statement: Statement & { kind: 'if' | 'with' }, dot: GoValue): Outcome {
    const depth = this.#scope.length;
    const value = this.#pipe(statement.pipe, dot);
    const holds = isTrue(value);
    const outcome = this.#body(holds ? statement.body : statement.otherwise, holds && statement.kind === 'with' ? value : dot);
    this.#scope.length = depth;
    return outcome;
  }

  #range(statement: Statement & { kind: 'range' }, dot: GoValue): Outcome {
    const depth = this.#scope.length;
    const { variables, assigns } = statement.pipe;
    const pairs = pairsOf(this.#commands(statement.pipe, dot));
    let ran = false;
    for (const [key, value] of pairs) {
      ran = true;
      this.#step();
      const values = variables.length === 2 ? [key, value] : [value];
      variables.forEach((name, i) => this.#set(name, values[i], assigns));
      const outcome = this.#body(statement.body, value);
      if (!assigns) this.#scope.length = depth;
      if (outcome === 'break') break;
    }
    this.#scope.length = depth;
    return ran ? 'next' : this.#body(statement.otherwise, dot);
  }

  #invoke(name: string, data: GoValue): void {
    const body = this.#template.definitions.get(name);
    if (body === undefined) throw new EngineError('invalid', `template "${name}" not defined`);
    if (++this.#callDepth > callDepthMax) throw new EngineError('limit', `templates call each other more than ${callDepthMax} levels deep`);
    const outer = this.#scope;
    this.#scope = [{ name: '$', value: data }];
    this.#body(body, data);
    this.#scope = outer;
    this.#callDepth--;
  }

  #pipe(pipe: Pipe, dot: GoValue): GoValue {
    const value = this.#commands(pipe, dot);
    for (const name of pipe.variables) this.#set(name, value, pipe.assigns);
    return value;
  }

  #commands(pipe: Pipe, dot: GoValue): GoValue {
    let value: GoValue;
    pipe.commands.forEach((command, i) => {
      value = this.#command(command, dot, i === 0 ? [] : [value]);
    });
    return value;
  }

  #set(name: string, value: GoValue, assigns: boolean): void {
    const known = assigns ? this.#scope.findLast((variable) => variable.name === name) : undefined;
    if (known === undefined) this.#scope.push({ name, value });
    else known.value = value;
  }

  #command(command: Command, dot: GoValue, piped: readonly GoValue[]): GoValue {
    this.#step();
    const [first, ...rest] = command.operands as [Operand, ...Operand[]];
    if (first.kind === 'function') return this.#function(first.name, rest, dot, piped);
    const plain = rest.length === 0 && piped.length === 0;
    if (first.kind === 'nil') throw new EngineError('invalid', 'nil is not a command');
    if (plain) return this.#operand(first, dot);
    if (first.kind !== 'chain') throw new EngineError('invalid', 'a value that is no function is given arguments');
    return this.#chain(first, dot, { operands: rest, piped });
  }

  #operand(operand: Operand, dot: GoValue): GoValue {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      case 'constant':
        return operand.value;
      case 'variable':
        return this.#scope.findLast((variable) => variable.name === operand.name)?.value;
      case 'function':
        return this.#function(operand.name, [], dot, []);
      case 'chain':
        return this.#chain(operand, dot, { operands: [], piped: [] });
      case 'pipe':
        return this.#pipe(operand.pipe, dot);
    }
  }

  /** Looks names up one after another; arguments belong to the last, which must then be a method. */
  #chain(chain: Operand & { kind: 'chain' }, dot: GoValue, given: Given): GoValue {
    let value = chain.of === undefined ? dot : this.#operand(chain.of, dot);
    chain.names.forEach((name, i) => {
      const last = i === chain.names.length - 1;
      value = this.#member(value, name, dot, last ? given : { operands: [], piped: [] });
    });
    return value;
  }

  #member(of: GoValue, name: string, dot: GoValue, given: Given): GoValue {
    if (!isGoObject(of)) throw new EngineError('invalid', `can't evaluate field ${name} in type ${typeName(of)}`);
    const member = of.members?.get(name);
    if (member !== undefined && isGoFunction(member)) return this.#call(name, member, given, dot);
    if (given.operands.length > 0 || given.piped.length > 0) throw new EngineError('invalid', `${name} is no method but is given arguments`);
    if (of.members?.has(name) === true) return member;
    if (of.entries === undefined) throw new EngineError('invalid', `can't evaluate field ${name} in type ${of.type}`);
    return of.entries.has(name) ? of.entries.get(name) : of.missing;
  }

  #function(name: string, operands: readonly Operand[], dot: GoValue, piped: readonly GoValue[]): GoValue {
    if (name === 'and' || name === 'or') return this.#logic(name, operands, dot, piped);
    const found = this.#input.functions?.get(name) ?? builtins.get(name);
    if (found === undefined) throw new EngineError('invalid', `function "${name}" not defined`);
    return this.#call(name, found, { operands, piped }, dot);
  }

  /** `and` and `or` stop at the first argument that decides. */
  #logic(name: 'and' | 'or', operands: readonly Operand[], dot: GoValue, piped: readonly GoValue[]): GoValue {
    let value: GoValue;
    if (operands.length + piped.length === 0) throw new EngineError('invalid', `wrong number of args for ${name}: want at least 1 got 0`);
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #call(name: string, fn: GoFunction, given: Given, dot: GoValue): GoValue {
    const count = given.operands.length + given.piped.length;
    const enough = fn.rest === undefined ? count === fn.params.length : count >= fn.params.length;
    if (!enough) throw new EngineError('invalid', `wrong number of args for ${name}: want ${wanted(fn)} got ${count}`);
    const args = [...given.operands.map((operand) => this.#operand(operand, dot)), ...given.piped];
    const literal = (i: number): boolean => given.operands[i]?.kind === 'constant';
    const fitted = args.map((arg, i) => fit(name, arg, fn.params[i] ?? fn.rest!, literal(i)));
    const value = fn.awaited ? this.#await(name, fn, fitted) : attempt(name, () => fn.call(fitted) as GoValue);
    if (typeof value === 'string' && value.length > outputCharsMax)
      throw new EngineError('limit', `${name} made more than ${outputCharsMax} characters`);
    return value;
  }

  #await(name: string, fn: GoFunction, args: readonly GoValue[]): GoValue {
    const answer = this.#answers[this.#answered++];
    if (answer !== undefined) {
      if ('error' in answer) throw callError(name, answer.error);
      return answer.value;
    }
    if (this.#answered > awaitedMax) throw new EngineError('limit', `a template may ask at most ${awaitedMax} times`);
    const value = attempt(name, () => fn.call(args));
    throw new Waiting(Promise.resolve(value));
  }

  #write(text: string): void {
    this.#out += text;
    if (this.#out.length > outputCharsMax) throw new EngineError('limit', `the text is longer than ${outputCharsMax} characters`);
  }

  #step(): void {
    if (++this.#steps > stepsMax) throw new EngineError('limit', `the template takes more than ${stepsMax} steps`);
  }
}

/** The arguments of a call: written ones, and the value that the pipe brings. */
interface Given {
  readonly operands: readonly Operand[];
  readonly piped: readonly GoValue[];
}

function attempt<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw callError(name, error);
  }
}

function callError(name: string, error: unknown): EngineError {
  return new EngineError(error instanceof EngineError ? error.code : 'invalid', `error calling ${name}: ${messageOf(error)}`);
}

function wanted(fn: GoFunction): string {
  return fn.rest === undefined ? String(fn.params.length) : `at least ${fn.params.length}`;
}

/** Checks an argument's type; a written whole number may stand for a float. */
function fit(name: string, value: GoValue, kind: ParamKind, literal: boolean): GoValue {
  if (kind === 'float' && literal && typeof value === 'bigint') return Number(value);
  const fits =
    kind === 'any' ||
    (kind === 'string' && typeof value === 'string') ||
    (kind === 'int' && typeof value === 'bigint') ||
    (kind === 'float' && typeof value === 'number') ||
    (kind === 'list' && itemsOf(value) !== undefined) ||
    (kind === 'object' && isGoObject(value));
  if (!fits) throw new EngineError('invalid', `wrong type for an argument of ${name}: expected ${kind}; got ${typeName(value)}`);
  return kind === 'list' ? itemsOf(value)! : value;
}

/** What `range` walks: a slice with its indexes, a map in order of its keys, or the ints below a number. */
function* pairsOf(value: GoValue): Generator<readonly [GoValue, GoValue]> {
  const items = itemsOf(value);
  if (items !== undefined) {
    for (const [i, item] of items.entries()) yield [BigInt(i), item];
  } else if (isGoObject(value) && value.entries !== undefined) {
    for (const key of [...value.entries.keys()].sort()) yield [key, value.entries.get(key)];
  } else if (typeof value === 'bigint') {
    for (let i = 0n; i < value; i++) yield [i, i];
  } else if (value !== undefined) {
    throw new EngineError('invalid', `range can't iterate over a ${typeName(value)}`);
  }
}
