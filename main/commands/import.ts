/** `signalbox import`: files, folders and archives into the live dataset or a case, with a report per file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { caseFolder, importPaths, openCase, type ImportedFile } from '#core/intake/index.ts';
import { EngineError } from '#core/model/index.ts';
import { systemClock } from '../clock.ts';
import { runningIn } from '../data-dir.ts';
import { startPacker } from '../engine/packer.ts';
import { readArgs, UsageError } from './arguments.ts';
import { dataDirOf } from './stored.ts';

const options = { data: { type: 'string' }, case: { type: 'string' }, json: { type: 'boolean' } } as const;
const faultsShown = 20;

export async function importFiles(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, options);
  if (positionals.length === 0) throw new UsageError('name the files, folders or archives to import');
  for (const path of positionals) if (!existsSync(path)) throw new EngineError('not-found', `there is no file or folder ${path}`);
  const dataDir = dataDirOf(values.data);
  const running = runningIn(dataDir);
  if (running !== undefined && values.case === undefined)
    throw new EngineError('conflict', `${dataDir} is in use by the Signalbox of process ${running.pid}; import into a case with --case, or stop it`);
  const folder = values.case === undefined ? join(dataDir, 'live') : caseFolder(dataDir, values.case);
  const stores = openCase(folder, systemClock, startPacker());
  const files: ImportedFile[] = [];
  try {
    await importPaths(positionals, {
      stores: stores.into,
      onFile: (file) => {
        files.push(file);
        stores.noteFile(file);
        if (values.json !== true) process.stdout.write(reportOf(file));
      },
    });
    stores.metrics.compact();
  } finally {
    await stores.close();
  }
  const refused = files.filter(({ isRefused }) => isRefused).length;
  if (values.json === true) process.stdout.write(`${JSON.stringify({ case: values.case ?? 'live', ...totalOf(files), refused, files })}\n`);
  else process.stdout.write(closing(files, refused));
  return refused > 0 ? 1 : 0;
}

function reportOf(file: ImportedFile): string {
  if (file.isRefused) return `${file.path}: not understood: ${file.faults[0]?.reason ?? 'no reason'}\n${faultLines(file)}`;
  const notes = file.notes.map((note) => `  ${note}\n`).join('');
  return `${file.path}: ${file.format}: ${countsOf(file)}\n${notes}${faultLines(file)}`;
}

function faultLines({ faults, faultCount }: ImportedFile): string {
  const shown = faults.slice(0, faultsShown).map(({ line, reason }) => `  ${line > 0 ? `line ${line}: ` : ''}${reason}\n`);
  const more = faultCount > shown.length ? `  and ${faultCount - shown.length} more\n` : '';
  return shown.join('') + more;
}

type Counts = Pick<ImportedFile, 'samples' | 'spans' | 'logs' | 'edges' | 'duplicates' | 'faultCount' | 'bytes'>;

function countsOf({ samples, spans, logs, edges, duplicates, faultCount }: Counts): string {
  const parts = [
    [samples, 'samples'],
    [spans, 'spans'],
    [logs, 'log records'],
    [edges, 'calls'],
    [duplicates, 'there already'],
    [faultCount, 'not understood'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return said.length === 0 ? 'nothing in it' : said.join(', ');
}

function totalOf(files: readonly ImportedFile[]): Counts {
  const sum = (of: (file: ImportedFile) => number): number => files.reduce((total, file) => total + of(file), 0);
  return {
    samples: sum((file) => file.samples),
    spans: sum((file) => file.spans),
    logs: sum((file) => file.logs),
    edges: sum((file) => file.edges),
    duplicates: sum((file) => file.duplicates),
    faultCount: sum((file) => file.faultCount),
    bytes: sum((file) => file.bytes),
  };
}

const closing = (files: readonly ImportedFile[], refused: number): string =>
  `${files.length} files: ${countsOf(totalOf(files))}${refused > 0 ? `; ${refused} ${refused === 1 ? 'file was' : 'files were'} not understood` : ''}\n`;
