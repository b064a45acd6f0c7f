/**
 * What a program does to the files of a folder, recorded once by strace and played again up to any call: as the death of the process
 * leaves them, or a power cut, which may take with it whatever was not synced.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Not every machine has it. */
export const hasStrace = spawnSync('strace', ['-V']).status === 0;
export const noStrace = 'skipped: there is no strace here to record file calls with (apt install strace)\n';

/** One call that changed files, syncs included; paths are relative to the folder. `said`: the program wrote to its standard output. */
export type DiskCall =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  /** `from` is the number of the call it began after: later ones may have missed it. */
  | { readonly kind: 'sync'; readonly path: string; readonly from: number }
  | { readonly kind: 'create' | 'empty' | 'unlink' | 'mkdir'; readonly path: string }
  | { readonly kind: 'rename' | 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'said'; readonly text: string };

const calls =
  'openat,write,pwrite64,writev,pwritev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,rmdir,sendfile,copy_file_range';

/** Runs a Node program and returns what it did to the files of `folder`, in order. Throws when it fails, or does something that cannot be played. */
export function recordDisk(folder: string, args: readonly string[]): DiskCall[] {
  const trace = `${folder}.trace`;
  const flags = ['-f', '-qq', '-y', '-xx', '-s', '16777216', '--seccomp-bpf', '-e', `trace=${calls}`, '-o', trace];
  const done = spawnSync('strace', [...flags, process.execPath, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`the recorded program failed: ${done.stderr}`);
  return new TraceReader(folder).read(readFileSync(trace, 'latin1'));
}

const unhex = (text: string): Uint8Array => Buffer.from(text.replaceAll('\\x', ''), 'hex');
const pathOf = (text: string): string => Buffer.from(unhex(text)).toString('utf8');

/** SQLite's index of its journal is made anew by whoever opens first. */
const isPlayed = (path: string): boolean => !path.endsWith('-shm');

class TraceReader {
  readonly #folder: string;
  readonly #calls: DiskCall[] = [];
  /** Calls that another thread was seen in the middle of, and how many were recorded when they began. */
  readonly #begun = new Map<string, { readonly text: string; readonly from: number }>();
  /** Where a plain write goes: the end of what was written. */
  readonly #ends = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(text: string): DiskCall[] {
    for (const line of text.split('\n')) {
      const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
      const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
      if (rest.endsWith(' <unfinished ...>')) this.#begun.set(thread, { text: rest.slice(0, -' <unfinished ...>'.length), from: this.#calls.length });
      else if (resumed === null) this.#take(rest, this.#calls.length);
      else {
        const { text: begin, from } = this.#begun.get(thread)!;
        this.#take(begin + resumed[1]!, from);
      }
    }
    return this.#calls;
  }

  #take(text: string, from: number): void {
    const [, name, inner = '', result] = /^(\w+)\((.*)\) += (-?\d+)/.exec(text) ?? [];
    if (name === undefined || Number(result) < 0) return;
    const said = /^1<[^>]*>, "(.*)", \d+$/.exec(inner);
    if (name === 'write' && said !== null) return void this.#calls.push({ kind: 'said', text: pathOf(said[1]!) });
    const paths = [...inner.matchAll(/(?:^\d+<|")((?:\\x[0-9a-f]{2})+)/g)].map((found) => this.#relative(pathOf(found[1]!)));
    const [path, to] = paths;
    if (path === undefined || !isPlayed(path)) return;
    const call = this.#callOf(name, inner, path, to, from);
    if (call !== undefined) this.#calls.push(call);
  }

  #callOf(name: string, inner: string, path: string, to: string | undefined, from: number): DiskCall | undefined {
    if (name === 'openat') return this.#opened(inner, path);
    if (name === 'write' || name === 'pwrite64') return this.#written(name, inner, path);
    if (name === 'ftruncate') return { kind: 'truncate', path, size: Number(/(\d+)$/.exec(inner)![1]) };
    if (name === 'fsync' || name === 'fdatasync') return { kind: 'sync', path, from };
    if (name.startsWith('unlink')) return { kind: 'unlink', path };
    if (name === 'mkdir') return { kind: 'mkdir', path };
    if ((name === 'rename' || name === 'link') && to !== undefined) return { kind: name, path, to };
    throw new Error(`${name} of ${path} cannot be played`);
  }

  #opened(inner: string, path: string): DiskCall | undefined {
    if (inner.includes('O_TRUNC')) this.#ends.set(path, 0);
    if (inner.includes('O_TRUNC')) return { kind: 'empty', path };
    return inner.includes('O_CREAT') ? { kind: 'create', path } : undefined;
  }

  #written(name: string, inner: string, path: string): DiskCall {
    const [, hex, , at] = /"([^"]*)", (\d+)(?:, (\d+))?$/.exec(inner)!;
    const bytes = unhex(hex!);
    const begin = name === 'pwrite64' ? Number(at) : (this.#ends.get(path) ?? 0);
    this.#ends.set(path, begin + bytes.length);
    return { kind: 'write', path, at: begin, bytes };
  }

  /** Undefined for what lies elsewhere. */
  #relative(path: string): string | undefined {
    if (path === this.#folder) return '.';
    return path.startsWith(`${this.#folder}/`) ? path.slice(this.#folder.length + 1) : undefined;
  }
}

/** What is left of what was not synced: all (the process died, the machine lives), nothing, some calls, or some 512-byte sectors. */
export type Loss = 'none' | 'all' | 'some' | 'torn';

type FileOp = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number };
type NameOp = { readonly path: string; readonly file: PlayedFile | undefined };

class PlayedFile {
  #synced: Uint8Array;
  #ops: { readonly number: number; readonly op: FileOp }[] = [];

  constructor(bytes: Uint8Array) {
    this.#synced = bytes;
  }

  add(number: number, op: FileOp): void {
    this.#ops.push({ number, op });
  }

  sync(from: number): void {
    this.#synced = apply(
      this.#synced,
      this.#ops.filter(({ number }) => number < from).map(({ op }) => op),
    );
    this.#ops = this.#ops.filter(({ number }) => number >= from);
  }

  left(loss: Loss, random: () => number): Uint8Array {
    const ops = this.#ops.map(({ op }) => op);
    if (loss === 'all') return this.#synced;
    if (loss === 'none') return apply(this.#synced, ops);
    if (loss === 'some')
      return apply(
        this.#synced,
        ops.filter(() => random() < 0.5),
      );
    return apply(
      this.#synced,
      ops.flatMap((op) => sectorsOf(op).filter(() => random() < 0.7)),
    );
  }
}

const sectorBytes = 512;

function sectorsOf(op: FileOp): FileOp[] {
  if ('size' in op) return [op];
  const found: FileOp[] = [];
  for (let from = 0; from < op.bytes.length;) {
    const to = Math.min(op.bytes.length, from + sectorBytes - ((op.at + from) % sectorBytes));
    found.push({ at: op.at + from, bytes: op.bytes.subarray(from, to) });
    from = to;
  }
  return found;
}

function apply(before: Uint8Array, ops: readonly FileOp[]): Uint8Array {
  const most = ops.reduce((size, op) => Math.max(size, 'size' in op ? op.size : op.at + op.bytes.length), before.length);
  const bytes = new Uint8Array(most);
  bytes.set(before);
  let size = before.length;
  for (const op of ops) {
    if ('size' in op) {
      if (op.size < size) bytes.fill(0, op.size, size);
      size = op.size;
    } else {
      bytes.set(op.bytes, op.at);
      size = Math.max(size, op.at + op.bytes.length);
    }
  }
  return bytes.subarray(0, size);
}

/** The files of a folder as they stand after each call. */
export class DiskReplay {
  readonly #folders = new Set(['.']);
  #names = new Map<string, PlayedFile>();
  #syncedNames: Map<string, PlayedFile>;
  /** Names that came and went since their folder was synced. */
  #nameOps: { readonly number: number; readonly op: NameOp }[] = [];
  #number = 0;

  /** Begins with the files of `folder` as they are now, all of them synced. */
  constructor(folder: string) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
      if (entry.isDirectory()) this.#folders.add(path);
      else if (isPlayed(path)) this.#names.set(path, new PlayedFile(readFileSync(join(folder, path))));
    }
    this.#syncedNames = new Map(this.#names);
  }

  play(call: DiskCall): void {
    if (call.kind === 'mkdir') this.#folders.add(call.path);
    else if (call.kind === 'sync' && this.#folders.has(call.path)) this.#syncFolder(call.path, call.from);
    else if (call.kind !== 'said') this.#playFile(call);
    this.#number++;
  }

  /** Makes the folder that is left in `target`. */
  write(target: string, loss: Loss, random: () => number): void {
    for (const folder of this.#folders) mkdirSync(join(target, folder), { recursive: true });
    for (const [path, file] of this.#namesLeft(loss, random)) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, path), file.left(loss, random));
    }
  }

  #playFile(call: Exclude<DiskCall, { kind: 'said' | 'mkdir' }>): void {
    const file = this.#names.get(call.path);
    if (call.kind === 'create' || call.kind === 'empty') {
      if (file === undefined) this.#name(call.path, new PlayedFile(new Uint8Array(0)));
      else if (call.kind === 'empty') file.add(this.#number, { size: 0 });
    } else if (file === undefined) throw new Error(`${call.kind} of ${call.path}, which is not there`);
    else if (call.kind === 'write') file.add(this.#number, call);
    else if (call.kind === 'truncate') file.add(this.#number, { size: call.size });
    else if (call.kind === 'sync') file.sync(call.from);
    else if (call.kind === 'unlink') this.#name(call.path, undefined);
    else if (call.kind === 'rename' || call.kind === 'link') {
      this.#name(call.to, file);
      if (call.kind === 'rename') this.#name(call.path, undefined);
    }
  }

  #name(path: string, file: PlayedFile | undefined): void {
    const op = { path, file };
    this.#nameOps.push({ number: this.#number, op });
    applyName(this.#names, op);
  }

  #syncFolder(folder: string, from: number): void {
    const isDone = ({ number, op }: { number: number; op: NameOp }): boolean => dirname(op.path) === folder && number < from;
    for (const one of this.#nameOps) if (isDone(one)) applyName(this.#syncedNames, one.op);
    this.#nameOps = this.#nameOps.filter((one) => !isDone(one));
  }

  /** File systems keep the order of names that come and go: some of the first are left. */
  #namesLeft(loss: Loss, random: () => number): Map<string, PlayedFile> {
    if (loss === 'none') return this.#names;
    const names = new Map(this.#syncedNames);
    const count = loss === 'all' ? 0 : Math.floor(random() * (this.#nameOps.length + 1));
    for (const { op } of this.#nameOps.slice(0, count)) applyName(names, op);
    return names;
  }
}

function applyName(names: Map<string, PlayedFile>, { path, file }: NameOp): void {
  if (file === undefined) names.delete(path);
  else names.set(path, file);
}
