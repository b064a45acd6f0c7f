/** What has changed between two states of a list, for a peer that holds the first: ten thousand rows need not cross again because one did. */

/** A row that stays, and differs: its place in the new list, the fields that have other values, and those that have none any more. */
interface RowChange {
  readonly at: number;
  readonly set: Readonly<Record<string, unknown>>;
  readonly unset: readonly string[];
}

export interface ListChange {
  /** For each place of the new list, where its row was in the old one, counted from 1; 0 for a new row. Undefined: all stay in their places. */
  readonly from: Uint32Array | undefined;
  /** The new rows, in their order. */
  readonly added: readonly unknown[];
  readonly changed: readonly RowChange[];
}

type Row = Readonly<Record<string, unknown>>;

/** The change that makes `after` of `before`, or undefined when they say the same. Rows are the same row when their keys are. */
export function listChange(before: readonly object[], after: readonly object[], keyOf: (row: never) => string): ListChange | undefined {
  const from = placesBefore(before, after, keyOf as (row: object) => string);
  const added: unknown[] = [];
  const changed: RowChange[] = [];
  for (const [at, row] of after.entries()) {
    const place = from === undefined ? at + 1 : from[at]!;
    if (place === 0) added.push(row);
    else if (before[place - 1] !== row) {
      const change = rowChange(before[place - 1] as Row, row as Row, at);
      if (change !== undefined) changed.push(change);
    }
  }
  return from === undefined && changed.length === 0 ? undefined : { from, added, changed };
}

/** The new list. Rows that did not change are the very objects they were, and so are the unchanged fields of those that did. */
export function changedList(before: readonly unknown[], { from, added, changed }: ListChange): readonly unknown[] {
  let next = 0;
  const rows = from === undefined ? [...before] : Array.from(from, (place) => (place === 0 ? added[next++] : before[place - 1]));
  for (const { at, set, unset } of changed) {
    const row = { ...(rows[at] as Row), ...set };
    for (const name of unset) row[name] = undefined;
    rows[at] = row;
  }
  return rows;
}

function placesBefore(before: readonly object[], after: readonly object[], keyOf: (row: object) => string): Uint32Array | undefined {
  if (before.length === after.length && after.every((row, at) => row === before[at] || keyOf(row) === keyOf(before[at]!))) return undefined;
  const places = new Map(before.map((row, at) => [keyOf(row), at + 1]));
  return Uint32Array.from(after, (row) => places.get(keyOf(row)) ?? 0);
}

function rowChange(before: Row, after: Row, at: number): RowChange | undefined {
  const set: Record<string, unknown> = {};
  const unset: string[] = [];
  for (const name of Object.keys(after)) {
    const value = after[name];
    if (isSame(before[name], value)) continue;
    if (value === undefined) unset.push(name);
    else set[name] = value;
  }
  for (const name of Object.keys(before)) if (before[name] !== undefined && !(name in after)) unset.push(name);
  return unset.length === 0 && Object.keys(set).length === 0 ? undefined : { at, set, unset };
}

/** Deep equality of what crosses a wire. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (ArrayBuffer.isView(a) || Array.isArray(a)) return isSameList(a as ArrayLike<unknown>, b as ArrayLike<unknown>);
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isSame((a as Row)[name], (b as Row)[name]));
}

function isSameList(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length || a.constructor !== b.constructor) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
  return true;
}
