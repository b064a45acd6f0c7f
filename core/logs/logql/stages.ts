import { fieldsOfJson, goFunction, goStringMap, goTime, parseTemplate, renderTemplate, type GoFunctions } from '#core/formats/index.ts';
import { compileSearch, labelPairs, matchesValue } from '#core/model/index.ts';
import type { CompareOp, LabelFilter, NumberFilter, Stage } from './ast.ts';
import type { Entry } from './entry.ts';
import { IpRange } from './ip.ts';
import { lineFunctions } from './line-functions.ts';
import { capture, fitsPattern, parsePattern } from './pattern.ts';
import { bytesOf, durationSeconds } from './units.ts';

/** One stage at work: false when the entry is filtered out. */
export type Step = (entry: Entry) => boolean;

const escapeCodes = /\p{Cc}\[[0-9;:?]*[ -/]*[@-~]/gu;

/** Throws EngineError `invalid` for a bad pattern, regular expression or template. */
export function stepOf(stage: Stage): Step {
  switch (stage.kind) {
    case 'line':
      return lineStep(stage);
    case 'address': {
      const ranges = stage.texts.map((text) => new IpRange(text));
      return (entry) => ranges.some((range) => range.isIn(entry.line)) === stage.isWanted;
    }
    case 'json':
      return jsonStep(stage.taken);
    case 'logfmt':
      return logfmtStep(stage.taken, stage.isStrict === true);
    case 'regexp':
      return regexpStep(stage.text);
    case 'pattern': {
      const pattern = parsePattern(stage.text, true);
      return (entry) => {
        for (const [name, value] of capture(pattern, entry.line) ?? []) entry.extract(name, value);
        return true;
      };
    }
    case 'unpack':
      return unpackStep;
    case 'decolorize':
      return (entry) => {
        entry.line = entry.line.replaceAll(escapeCodes, '');
        return true;
      };
    case 'filter':
      return filterStep(stage.filter);
    case 'lineFormat': {
      const format = formatOf(stage.text);
      return (entry) => {
        entry.line = format(entry);
        return true;
      };
    }
    case 'labelFormat':
      return labelFormatStep(stage);
    case 'drop':
    case 'keep': {
      const isNamed = (name: string, value: string): boolean => stage.names.some((one) => one.name === name && matchesValue(one, value));
      const keeps = stage.kind === 'keep';
      return (entry) => {
        entry.keep((name, value) => isNamed(name, value) === keeps || name.startsWith('__'));
        return true;
      };
    }
  }
}

function lineStep({ op, texts, caseless = false }: Stage & { kind: 'line' }): Step {
  const tests = texts.map((text) => lineTest(op.slice(1), text, caseless));
  const isWanted = op.startsWith('|');
  return (entry) => tests.some((test) => test(entry.line)) === isWanted;
}

function lineTest(kind: string, text: string, caseless: boolean): (line: string) => boolean {
  if (kind === '~') {
    const search = compileSearch(caseless ? `(?i)${text}` : text);
    return (line) => search.found(line);
  }
  if (kind === '>') {
    const pattern = parsePattern(text, false);
    return (line) => fitsPattern(pattern, line);
  }
  const lower = text.toLowerCase();
  return caseless ? (line) => line.toLowerCase().includes(lower) : (line) => line.includes(text);
}

type Taken = readonly { readonly name: string; readonly path: string }[];

function jsonStep(taken: Taken): Step {
  const paths = taken.map(({ name, path }) => ({ name, steps: pathOf(path) }));
  return (entry) => {
    if (paths.length === 0) {
      const fields = fieldsOfJson(entry.line);
      if (fields === undefined) entry.fail('JSONParserErr');
      else for (const [name, value] of labelPairs(fields)) entry.extract(name, value);
      return true;
    }
    const document = parsedJson(entry.line);
    if (document === undefined) entry.fail('JSONParserErr');
    else for (const { name, steps } of paths) entry.set(name, textAt(document, steps));
    return true;
  };
}

function parsedJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The entry goes on with an error label: the caller sets it.
    return undefined;
  }
}

/** `response.headers["x-id"][0]` in steps. */
function pathOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\["([^"]*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, plain]) =>
    index === undefined ? (quoted ?? plain ?? '') : Number(index),
  );
}

function textAt(document: unknown, steps: readonly (string | number)[]): string {
  let value = document;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return '';
    value = (value as Record<string | number, unknown>)[step];
  }
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const pairForm = /([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))|\S+/g;

function logfmtStep(taken: Taken, isStrict: boolean): Step {
  const wanted = new Map(taken.map(({ name, path }) => [path, name]));
  return (entry) => {
    for (const [whole, key, quoted, bare] of entry.line.matchAll(pairForm)) {
      if (isStrict && (key === undefined ? /["=]/.test(whole) : bare?.includes('"') === true || key.includes('"'))) {
        entry.fail('LogfmtParserErr');
        return true;
      }
      if (key === undefined) continue;
      const value = quoted?.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c)) ?? bare ?? '';
      const name = wanted.get(key);
      if (wanted.size === 0) entry.extract(key, value);
      else if (name !== undefined) entry.set(name, value);
    }
    return true;
  };
}

function regexpStep(text: string): Step {
  const search = compileSearch(text);
  return (entry) => {
    for (const [name, value] of search.groups(entry.line) ?? []) entry.extract(name, value);
    return true;
  };
}

/** The labels that promtail's `pack` stage laid around a line. */
function unpackStep(entry: Entry): boolean {
  const document = parsedJson(entry.line);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    entry.fail('JSONParserErr');
    return true;
  }
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== 'string') continue;
    if (name === '_entry') entry.line = value;
    else entry.extract(name, value);
  }
  return true;
}

/** A template over the labels; `__line__` and `__timestamp__` are functions, as in Loki. */
function formatOf(source: string): (entry: Entry) => string {
  let entry: Entry | undefined;
  const functions: GoFunctions = new Map([
    ...lineFunctions,
    ['__line__', goFunction([], () => entry!.line)],
    ['__timestamp__', goFunction([], () => goTime(Number(entry!.record.timeNs / 1_000_000n)))],
  ]);
  const template = parseTemplate(source, { functions });
  const names = namesIn(source);
  return (current) => {
    entry = current;
    const used = new Map(labelPairs(current.labels()));
    for (const name of names) if (!used.has(name)) used.set(name, current.get(name));
    const out = renderTemplate(template, { data: goStringMap(used), functions });
    return typeof out === 'string' ? out : '';
  };
}

function namesIn(source: string): string[] {
  return [...source.matchAll(/\.([A-Za-z_]\w*)/g)].map(([, name]) => name!);
}

function labelFormatStep({ name, template, source }: Stage & { kind: 'labelFormat' }): Step {
  if (template !== undefined) {
    const format = formatOf(template);
    return (entry) => {
      entry.set(name, format(entry));
      return true;
    };
  }
  return (entry) => {
    entry.set(name, entry.get(source!));
    entry.set(source!, '');
    return true;
  };
}

function filterStep(filter: LabelFilter): Step {
  if ('left' in filter) {
    const [left, right] = [filterStep(filter.left), filterStep(filter.right)];
    return filter.kind === 'and' ? (entry) => left(entry) && right(entry) : (entry) => left(entry) || right(entry);
  }
  if (filter.kind === 'text') {
    const { matcher } = filter;
    if (matcher.op === '=') return (entry) => entry.is(matcher.name, matcher.value);
    return (entry) => matchesValue(matcher, entry.get(matcher.name));
  }
  if (filter.kind === 'address') {
    const range = new IpRange(filter.text);
    return (entry) => range.holds(entry.get(filter.name)) === (filter.op === '=');
  }
  return numberStep(filter);
}

function numberStep({ kind, name, op, value }: NumberFilter): Step {
  return (entry) => {
    const text = entry.get(name);
    if (text === '') return false;
    const own = numberOf(kind, text);
    if (own !== undefined) return compare(op, own, value);
    entry.fail('LabelFilterErr');
    return true;
  };
}

/** The number that a label's text says; undefined when it says none. */
export function numberOf(kind: 'number' | 'duration' | 'bytes', text: string): number | undefined {
  if (kind === 'duration') return durationSeconds(text);
  if (kind === 'bytes') return bytesOf(text);
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) && text !== 'NaN' ? undefined : value;
}

/** Of two numbers. */
export function compare(op: CompareOp, a: number, b: number): boolean {
  switch (op) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    default:
      return false;
  }
}
