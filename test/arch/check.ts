import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { rows, type Row } from './layers.ts';

const root = join(import.meta.dirname, '../..');
const importForm = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)(['"])([^'"\s]+)\1/gm;
const islandForm = /^renderer\/views\/[^/]+\//;

/** Every hand-written source file of the four code folders, as repository paths. */
export function sourceFiles(): string[] {
  return ['core', 'main', 'preload', 'renderer'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/')),
  );
}

export const sourceText = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The row owning a repository path: the longest matching prefix wins. */
function rowOf(path: string): Row | undefined {
  return rows.filter((row) => path.startsWith(row.path)).sort((a, b) => b.path.length - a.path.length)[0];
}

function resolve(from: string, spec: string): string | undefined {
  if (spec.startsWith('#core/')) return 'core/' + spec.slice('#core/'.length);
  if (spec.startsWith('.')) return posix.normalize(posix.join(dirname(from), spec));
  return undefined; // an npm package or a node: module
}

const allows = (list: readonly string[], name: string): boolean =>
  list.some((pattern) => pattern === name || (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))));

/** A view folder is an island: `renderer/views/logs/` may not reach into `renderer/views/traces/`. */
const island = (path: string): string => islandForm.exec(path)?.[0] ?? '';

/** Why `from` may not import `spec`, or undefined when it may. */
export function violation(from: string, spec: string): string | undefined {
  const row = rowOf(from);
  if (row === undefined) return 'the file belongs to no row; give it one in layers.ts';
  const target = resolve(from, spec);
  if (target === undefined) return allows(row.outside ?? [], spec) ? undefined : `${row.name} may not use ${spec}`;
  if (/\.(css|svg|png)$/.test(target)) return undefined;
  const other = rowOf(target);
  if (other === undefined) return `${target} belongs to no row`;
  if (other === row) return island(from) === island(target) ? undefined : 'views are islands; link by route instead';
  if (!row.uses.includes(other.name)) return `${row.name} may not use ${other.name}`;
  if (target.startsWith('core/') && !target.endsWith('/index.ts') && target !== other.path) return `use the front door ${other.path}index.ts`;
  return undefined;
}

/** All that is wrong with the map and the imports, a sentence each. */
export function checkAll(): string[] {
  const upward = rows.flatMap((row, i) =>
    row.uses
      .filter((used) => !rows.slice(0, i).some((above) => above.name === used))
      .map((used) => `layers.ts: ${row.name} uses ${used}, which does not stand above it`),
  );
  const wrong = sourceFiles().flatMap((path) =>
    [...sourceText(path).matchAll(importForm)].flatMap((found) => {
      const why = violation(path, found[2]!);
      return why === undefined ? [] : [`${path}: ${found[2]}: ${why}`];
    }),
  );
  return [...upward, ...wrong];
}

/** What each source file imports of the others. */
export function importsOfFiles(): Map<string, readonly string[]> {
  const files = new Set(sourceFiles());
  return new Map(
    [...files].map((path) => [
      path,
      [...sourceText(path).matchAll(importForm)].map((found) => resolve(path, found[2]!) ?? '').filter((target) => files.has(target)),
    ]),
  );
}

/** A way round on which files import each other, from a file back to itself; empty when there is none. Types count: readers follow them too. */
export function circleOf(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const left = new Map(imports);
  const isTied = (path: string): boolean => imports.get(path)!.some((target) => left.has(target));
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const path of left.keys()) if (!isTied(path)) left.delete(path);
  }
  const way: string[] = [];
  let path = left.keys().next().value;
  for (; path !== undefined && !way.includes(path); path = imports.get(path)!.find((target) => left.has(target))) way.push(path);
  return path === undefined ? [] : [...way.slice(way.indexOf(path)), path];
}
