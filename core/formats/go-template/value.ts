/**
 * The values that a template works on. A number is a float64, a bigint an int: Go tells them apart when it compares and prints.
 * An array is a slice. Everything with names is a GoObject: a map, a struct, or either with methods.
 */
import { compareText, EngineError } from '#core/model/index.ts';
import { formatFloat } from './number.ts';

export type GoValue = undefined | boolean | number | bigint | string | readonly GoValue[] | GoObject;

export interface GoObject {
  /** As `%T` prints it. */
  readonly type: string;
  /** Present for a map. */
  readonly entries?: ReadonlyMap<string, GoValue>;
  /** What a map answers for a key that it does not hold. */
  readonly missing?: GoValue;
  /** Present for a slice that has methods. */
  readonly items?: readonly GoValue[];
  /** Fields and methods. */
  readonly members?: ReadonlyMap<string, GoValue | GoFunction>;
  /** What Go's String method returns. */
  readonly text?: string;
}

export type ParamKind = 'any' | 'string' | 'int' | 'float' | 'list' | 'object';

interface KindTypes {
  any: GoValue;
  string: string;
  int: bigint;
  float: number;
  list: readonly GoValue[];
  object: GoObject;
}
type ArgsOf<K extends readonly ParamKind[]> = { [I in keyof K]: KindTypes[K[I]] };

/** A function of a template or a method of a value. Arguments are checked before `call` sees them. */
export interface GoFunction {
  readonly params: readonly ParamKind[];
  /** The kind of any further arguments; absent when there may be none. */
  readonly rest?: ParamKind;
  /** True when `call` may return a promise; such calls are answered once and remembered while a template runs. */
  readonly awaited: boolean;
  readonly call: (args: readonly GoValue[]) => GoValue | Promise<GoValue>;
}
export type GoFunctions = ReadonlyMap<string, GoFunction>;

/** A function of a fixed number of arguments. What it throws becomes the template's error. */
export function goFunction<const K extends readonly ParamKind[]>(params: K, call: (...args: ArgsOf<K>) => GoValue): GoFunction {
  return { params, awaited: false, call: (args) => call(...(args as unknown as ArgsOf<K>)) };
}

/** A function that may have to wait, such as a query. */
export function goAwaitedFunction<const K extends readonly ParamKind[]>(
  params: K,
  call: (...args: ArgsOf<K>) => GoValue | Promise<GoValue>,
): GoFunction {
  return { params, awaited: true, call: (args) => call(...(args as unknown as ArgsOf<K>)) };
}

/** A function of `params` and then any number of `rest`. */
export function goVariadic(params: readonly ParamKind[], rest: ParamKind, call: (args: readonly GoValue[]) => GoValue): GoFunction {
  return { params, rest, awaited: false, call };
}

/** A `map[string]string`: a key that it does not hold reads as the empty text. */
export function goStringMap(entries: Iterable<readonly [string, string]>, members?: ReadonlyMap<string, GoValue | GoFunction>): GoObject {
  return { type: 'map[string]string', entries: new Map(entries), missing: '', ...(members === undefined ? {} : { members }) };
}

export function goStruct(type: string, members: Readonly<Record<string, GoValue | GoFunction>>, text?: string): GoObject {
  return { type, members: new Map(Object.entries(members)), ...(text === undefined ? {} : { text }) };
}

export function isGoFunction(value: GoValue | GoFunction): value is GoFunction {
  return typeof value === 'object' && 'params' in value;
}

export function isGoObject(value: GoValue): value is GoObject {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The elements of a slice, undefined for anything else. */
export function itemsOf(value: GoValue): readonly GoValue[] | undefined {
  if (Array.isArray(value)) return value as readonly GoValue[];
  return isGoObject(value) ? value.items : undefined;
}

/** Empty, zero, false and absent are false; everything else is true. */
export function isTrue(value: GoValue): boolean {
  const items = itemsOf(value);
  if (items !== undefined) return items.length > 0;
  if (isGoObject(value)) return value.entries === undefined || value.entries.size > 0;
  return Boolean(value) || Number.isNaN(value);
}

/** The type as `%T` says it. */
export function typeName(value: GoValue): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
    default:
      return isGoObject(value) ? value.type : '[]interface {}';
  }
}

const depthMax = 20; // Data handed to templates is a few levels deep; the bound stops a cycle.

/** The text of a value as `%v` gives it. */
export function printValue(value: GoValue, depth = 0): string {
  if (depth > depthMax) throw new EngineError('limit', `a value nested deeper than ${depthMax} levels cannot be printed`);
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'number':
      return formatFloat(value, 'g');
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return printComposite(value, depth + 1);
  }
}

function printComposite(value: readonly GoValue[] | GoObject, depth: number): string {
  const items = itemsOf(value);
  if (isGoObject(value) && value.text !== undefined) return value.text;
  if (items !== undefined) return `[${items.map((item) => printValue(item, depth)).join(' ')}]`;
  const object = value as GoObject;
  if (object.entries !== undefined) {
    const keys = [...object.entries.keys()].sort(compareText);
    return `map[${keys.map((key) => `${key}:${printValue(object.entries!.get(key), depth)}`).join(' ')}]`;
  }
  const fields = [...(object.members?.values() ?? [])].filter((member) => !isGoFunction(member)) as GoValue[];
  return `{${fields.map((field) => printValue(field, depth)).join(' ')}}`;
}
