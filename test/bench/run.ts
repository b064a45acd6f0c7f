/** `npm run bench [-- NAME... [--long]]`: runs the benchmarks that are there, or those named, and prints a table and then the same as JSON. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchOptions, BenchRow } from './row.ts';

const names = ['store', 'promql', 'intake', 'rules', 'alerts', 'traces', 'waterfall', 'logs', 'logscreen', 'start', 'rootcause', 'changes'];
const fileOf = (name: string): string => join(import.meta.dirname, `${name}.ts`);
const exported = (name: string): string => `bench${name[0]!.toUpperCase()}${name.slice(1)}`;

async function bench(name: string, options: BenchOptions): Promise<readonly BenchRow[]> {
  const module = (await import(pathToFileURL(fileOf(name)).href)) as Record<string, (options: BenchOptions) => Promise<readonly BenchRow[]>>;
  return module[exported(name)]!(options);
}

/** Four significant digits, which is more than a run repeats. */
const figure = (value: number): string => String(Number(value.toPrecision(4)));

function table(rows: readonly BenchRow[]): string {
  const cells = [
    ['what', 'value', 'unit', 'x best peer', 'goal', 'peer'],
    ...rows.map((row) => [row.name, figure(row.value), row.unit, row.ratio?.toFixed(2) ?? '', row.goal ?? '', row.peer ?? '']),
  ];
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, i) => (i === 1 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const options: BenchOptions = { long: process.argv.includes('--long') };
const asked = process.argv.slice(2).filter((argument) => argument !== '--long');
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`there is no benchmark named ${unknown.join(', ')}; there are ${names.join(', ')}\n`);
  process.exit(2);
}
const rows: BenchRow[] = [];
for (const name of (asked.length > 0 ? asked : names).filter((one) => existsSync(fileOf(one)))) {
  process.stderr.write(`${name} ...\n`);
  rows.push(...(await bench(name, options)));
}
process.stdout.write(`${table(rows)}\n\n${JSON.stringify(rows)}\n`);
