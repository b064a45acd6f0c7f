/** `signalbox import`: files, folders and archives into the live dataset or a case, with a report per file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { caseFolder, deleteCase, importPaths, openCase, type ImportedFile } from '#core/intake/index.ts';
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
  const isNew = !existsSync(folder);
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
  const total = totalOf(files);
  const made = total.samples + total.spans + total.logs + total.edges > 0;
  // A case of nothing is in the way when the right files come.
  if (values.case !== undefined && isNew && !made) deleteCase(dataDir, values.case);
  if (values.json === true) process.stdout.write(`${JSON.stringify({ case: values.case ?? 'live', ...total, refused, files })}\n`);
  else process.stdout.write(closing(files.length, total, refused) + whereTo(values.case, isNew, made));
  return refused > 0 ? 1 : 0;
}

function reportOf(file: ImportedFile): string {
  if (file.isRefused && file.faultCount <= 1) return `${file.path}: not understood: ${file.faults.map(faultText).join('')}\n`;
  if (file.isRefused) return `${file.path}: not understood\n${faultLines(file)}`;
  const notes = file.notes.map((note) => `  ${note}\n`).join('');
  return `${file.path}: ${file.format}: ${countsOf(file)}\n${notes}${faultLines(file)}`;
}

const faultText = ({ line, reason }: ImportedFile['faults'][number]): string => `${line > 0 ? `line ${line}: ` : ''}${reason}`;

function faultLines({ faults, faultCount }: ImportedFile): string {
  const shown = faults.slice(0, faultsShown).map((fault) => `  ${faultText(fault)}\n`);
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
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString('en-US')} ${what}`);
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

function closing(fileCount: number, total: Counts, refused: number): string {
  const failed = refused > 0 ? `; ${refused} ${refused === 1 ? 'file was' : 'files were'} not understood` : '';
  return `${fileCount} ${fileCount === 1 ? 'file' : 'files'}: ${countsOf({ ...total, faultCount: total.faultCount - refused })}${failed}\n`;
}

/** What can be done with a case now. */
function whereTo(name: string | undefined, isNew: boolean, made: boolean): string {
  if (name === undefined) return '';
  if (!made) return isNew ? 'No case was made.\n' : '';
  return `Open it in the app under Cases, or ask it: signalbox query EXPR --case ${name}\n`;
}
