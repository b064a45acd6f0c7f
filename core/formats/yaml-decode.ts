import { parseDuration, type DurationMs } from '#core/model/index.ts';
import { isYamlNull, yamlError, type YamlNode } from './yaml.ts';

/**
 * Small decoders from the tree of yaml.ts to typed values. Each throws EngineError `invalid` as "FILE:LINE: what, and how
 * to mend it". A record refuses fields that it does not know, as Prometheus does.
 */
export type Decode<T> = (node: YamlNode) => T;

/** One field of a record: its name in the file, its decoder, and what it is when left out (or empty). */
export interface Field<T> {
  readonly name: string;
  readonly decode: Decode<T>;
  /** Absent: the field must be given. */
  readonly fallback?: () => T;
}

type Shape = Readonly<Record<string, Field<unknown>>>;
type RecordOf<S extends Shape> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

export function required<T>(name: string, decode: Decode<T>): Field<T> {
  return { name, decode };
}

export function optional<T>(name: string, decode: Decode<T>, fallback: T): Field<T> {
  return { name, decode, fallback: () => fallback };
}

/** A map with exactly these fields; `what` names the thing in errors, such as `scrape config`. */
export function record<S extends Shape>(what: string, shape: S): Decode<RecordOf<S>> {
  const fields = Object.entries(shape);
  const names = fields.map(([, field]) => field.name);
  return (node) => {
    if (node.kind !== 'map' && !isYamlNull(node)) throw yamlError(node, `${what} must be a map of fields`);
    const entries = node.kind === 'map' ? node.entries : new Map<string, never>();
    for (const [name, entry] of entries) {
      if (!names.includes(name)) throw yamlError(entry.key, `${what} has no field ${JSON.stringify(name)}${meant(name, names)}`);
    }
    const out: Record<string, unknown> = {};
    for (const [property, field] of fields) {
      const value = entries.get(field.name)?.value;
      if (value !== undefined && !isYamlNull(value)) out[property] = field.decode(value);
      else if (field.fallback !== undefined) out[property] = field.fallback();
      else throw yamlError(node, `${what} needs the field ${JSON.stringify(field.name)}`);
    }
    return out as RecordOf<S>;
  };
}

export function listOf<T>(item: Decode<T>): Decode<readonly T[]> {
  return (node) => {
    if (node.kind !== 'list') throw yamlError(node, 'a list is expected here; begin each item with "- "');
    return node.items.map((value) => item(value));
  };
}

/** A map with free keys, as pairs in the order of the file. */
export function pairsOf<T>(value: Decode<T>): Decode<readonly (readonly [key: string, value: T])[]> {
  return (node) => {
    if (node.kind !== 'map') throw yamlError(node, 'a map is expected here; write each line as "name: value"');
    return [...node.entries].map(([key, entry]) => [key, value(entry.value)] as const);
  };
}

/** Any scalar as it is written: `1e3` is the text 1e3. */
export const text: Decode<string> = (node) => {
  if (node.kind !== 'scalar') throw yamlError(node, 'a plain value is expected here');
  return isYamlNull(node) ? '' : node.text;
};

/** The booleans of YAML 1.1, which Go's readers take where a boolean belongs. */
export const boolean: Decode<boolean> = (node) => {
  const written = text(node).toLowerCase();
  if (['true', 'yes', 'on', 'y'].includes(written)) return true;
  if (['false', 'no', 'off', 'n'].includes(written)) return false;
  throw yamlError(node, `${JSON.stringify(text(node))} is not true or false`);
};

export const number: Decode<number> = (node) => {
  const written = text(node);
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(written)) throw yamlError(node, `${JSON.stringify(written)} is not a number`);
  return Number(written);
};

/** A whole number from 0 up to 2^53 - 1. */
export const count: Decode<number> = (node) => {
  const written = text(node);
  const value = /^\d+$/.test(written) ? Number(written) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw yamlError(node, `${JSON.stringify(written)} is not a whole number from 0`);
  return value;
};

/** A Prometheus duration such as 1h30m, in ms. */
export const duration: Decode<DurationMs> = (node) => {
  const written = text(node);
  const value = parseDuration(written);
  if (value === undefined) throw yamlError(node, `${JSON.stringify(written)} is not a duration; write it like 30s, 5m or 1h30m`);
  return value;
};

/** A size such as 16MB, in bytes. Prometheus counts in steps of 1024 with or without the "i". */
export const byteSize: Decode<number> = (node) => {
  const written = text(node);
  const found = /^(\d+(?:\.\d+)?)([KMGTPE]?)i?B?$/i.exec(written);
  const size = found === null ? Number.NaN : Math.round(Number(found[1]) * 1024 ** ' KMGTPE'.indexOf(found[2]!.toUpperCase() || ' '));
  if (!Number.isSafeInteger(size)) throw yamlError(node, `${JSON.stringify(written)} is not a size; write it like 512KB or 16MB`);
  return size;
};

export function oneOf<const T extends string>(...choices: readonly T[]): Decode<T> {
  return (node) => {
    const written = text(node);
    const found = choices.find((choice) => choice === written);
    if (found === undefined) throw yamlError(node, `${JSON.stringify(written)} is not one of ${choices.join(', ')}${meant(written, choices)}`);
    return found;
  };
}

/** `; did you mean "x"?` when a known name is at most two edits away, else nothing. */
function meant(name: string, names: readonly string[]): string {
  const near = names.map((known) => ({ known, edits: editDistance(name, known) })).sort((a, b) => a.edits - b.edits)[0];
  return near !== undefined && near.edits <= 2 ? `; did you mean ${JSON.stringify(near.known)}?` : '';
}

/** Levenshtein's distance, of texts up to 40 characters; longer ones are far from everything. */
function editDistance(a: string, b: string): number {
  if (a.length > 40 || b.length > 40) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
