import type { ExplainedPart } from '#core/contract/index.ts';

/** A row of the tree that is not inside a closed one. */
export interface ExplainRow {
  /** Its place: 0, 0.0, 0.1. */
  readonly id: string;
  readonly part: ExplainedPart;
  /** From 1. */
  readonly level: number;
  readonly isOpen: boolean;
}

/** The parts of a query from top to bottom, those within closed ones left out. */
export function rowsOf(part: ExplainedPart, closed: ReadonlySet<string>, id = '0', level = 1): readonly ExplainRow[] {
  const isOpen = !closed.has(id);
  const inner = isOpen ? part.parts.flatMap((one, i) => rowsOf(one, closed, `${id}.${i}`, level + 1)) : [];
  return [{ id, part, level, isOpen }, ...inner];
}

/** What a key does in a tree (WAI-ARIA, "Tree View Pattern"): another row, or opening and closing this one. Undefined: nothing. */
export function moveInTree(rows: readonly ExplainRow[], id: string, key: string): { readonly id: string; readonly toggles: boolean } | undefined {
  const at = rows.findIndex((row) => row.id === id);
  const row = rows[at]!;
  const hasParts = row.part.parts.length > 0;
  const to = (other: ExplainRow | undefined): { id: string; toggles: boolean } | undefined =>
    other === undefined ? undefined : { id: other.id, toggles: false };
  switch (key) {
    case 'ArrowDown':
      return to(rows[at + 1]);
    case 'ArrowUp':
      return to(rows[at - 1]);
    case 'Home':
      return to(rows[0]);
    case 'End':
      return to(rows.at(-1));
    case 'ArrowRight':
      return !hasParts ? undefined : row.isOpen ? to(rows[at + 1]) : { id, toggles: true };
    case 'ArrowLeft':
      if (hasParts && row.isOpen) return { id, toggles: true };
      return to(rows.find((one) => one.id === id.slice(0, id.lastIndexOf('.'))));
    case 'Enter':
    case ' ':
      return hasParts ? { id, toggles: true } : undefined;
    default:
      return undefined;
  }
}
