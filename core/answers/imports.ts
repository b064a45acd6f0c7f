import { join } from 'node:path';
import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import { caseFolder, discardUploads, UploadedFiles, type ImportedFile } from '#core/intake/index.ts';
import { EngineError, messageOf, type Cancel, type Clock } from '#core/model/index.ts';
import type { Datasets } from './datasets.ts';

type Names = 'cases.import' | 'cases.upload';
type Progress = Parameters<Parameters<Handlers<SignalboxContract>['cases.import']>[1]>[0];
type Question = Parameters<Handlers<SignalboxContract>['cases.import']>[0];

/** What an import tells while it runs; `done` or `failed` comes last. */
type ImportNews =
  | { readonly k: 'bytes'; readonly bytes: number }
  | { readonly k: 'file'; readonly file: ImportedFile }
  | { readonly k: 'done' }
  | { readonly k: 'failed'; readonly why: string };

/** Imports what lies in a folder into the dataset of another folder, beside the engine's thread. Returns what calls it off. Where there is none, screens cannot import. */
export type RunImport = (job: { readonly from: string; readonly into: string }, tell: (news: ImportNews) => void) => () => void;

export interface ImportDeskOptions {
  readonly datasets: Datasets;
  readonly clock: Clock;
  readonly dataDir: string;
  /** Absent where nobody runs imports. */
  readonly run: RunImport | undefined;
}

/** A screen gets no more than this many reports of files at a time; all of them stay with the case. */
const filesShownMax = 200;
const tellEveryMs = 200;
const importsMax = 2;

/** Files that a screen sends, imported into a case. */
export class ImportDesk {
  readonly #options: ImportDeskOptions;
  readonly #folder: string;
  readonly #running = new Map<number, Importing>();
  #idNext = 1;

  constructor(options: ImportDeskOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, 'uploads');
    discardUploads(this.#folder);
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'cases.import': (question, emit) => this.#begin(question, emit),
      'cases.upload': ({ id, file, bytes }) => {
        const importing = this.#running.get(id);
        if (importing === undefined) throw new EngineError('not-found', 'this import has ended');
        importing.take(file, bytes);
        return null;
      },
    };
  }

  #begin({ name, files }: Question, emit: (progress: Progress) => void): () => void {
    const { run, dataDir } = this.#options;
    if (run === undefined) throw new EngineError('unavailable', 'files cannot be imported here; use "signalbox import PATH... --case NAME"');
    if (this.#running.size >= importsMax) throw new EngineError('limit', `${importsMax} imports are under way; wait for one of them`);
    const into = caseFolder(dataDir, name);
    const id = this.#idNext++;
    const uploaded = new UploadedFiles(join(this.#folder, String(id)), files);
    const ended = (): void => void this.#running.delete(id);
    const importing = new Importing({ ...this.#options, run, id, name, into, uploaded, emit, ended });
    this.#running.set(id, importing);
    importing.begin();
    return () => importing.stop();
  }
}

interface ImportingOptions extends ImportDeskOptions {
  readonly run: RunImport;
  readonly id: number;
  readonly name: string;
  readonly into: string;
  readonly uploaded: UploadedFiles;
  readonly emit: (progress: Progress) => void;
  readonly ended: () => void;
}

class Importing {
  readonly #options: ImportingOptions;
  #phase: Progress['phase'] = 'receiving';
  #problem = '';
  #readBytes = 0;
  #files: ImportedFile[] = [];
  #fileCount = 0;
  #refusedCount = 0;
  #ended = false;
  #giveBack: (() => void) | undefined;
  #callOff: (() => void) | undefined;
  #telling: Cancel | undefined;

  constructor(options: ImportingOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#tell();
    if (this.#options.uploaded.isComplete) void this.#read();
  }

  take(file: number, bytes: Uint8Array): void {
    const { uploaded } = this.#options;
    if (this.#phase !== 'receiving') throw new EngineError('conflict', 'all files are there already');
    uploaded.write(file, bytes);
    this.#tellSoon();
    if (uploaded.isComplete) void this.#read();
  }

  /** Ends it, wherever it is: the screen has gone, or the person called it off. */
  stop(): void {
    this.#callOff?.();
    if (this.#callOff === undefined) this.#end();
  }

  async #read(): Promise<void> {
    const { datasets, name, run, uploaded, into } = this.#options;
    this.#phase = 'reading';
    this.#tell();
    try {
      this.#giveBack = await datasets.lend(name);
      if (this.#ended) return this.#end();
    } catch (error) {
      return this.#finish('failed', messageOf(error));
    }
    this.#callOff = run({ from: uploaded.folder, into }, (news) => this.#hear(news));
  }

  #hear(news: ImportNews): void {
    if (news.k === 'bytes') this.#readBytes += news.bytes;
    else if (news.k === 'file') this.#note(news.file);
    else return this.#finish(news.k, news.k === 'failed' ? news.why : '');
    this.#tellSoon();
  }

  #note(file: ImportedFile): void {
    this.#fileCount++;
    if (file.isRefused) this.#refusedCount++;
    this.#files = [file, ...this.#files].slice(0, filesShownMax);
  }

  #finish(phase: 'done' | 'failed', why: string): void {
    this.#phase = phase;
    this.#problem = why;
    this.#end();
    this.#tell();
  }

  #end(): void {
    this.#ended = true;
    this.#telling?.();
    this.#telling = undefined;
    this.#giveBack?.();
    this.#giveBack = undefined;
    this.#options.uploaded.discard();
    this.#options.ended();
  }

  #tellSoon(): void {
    this.#telling ??= this.#options.clock.after(tellEveryMs, () => {
      this.#telling = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const { id, uploaded, clock } = this.#options;
    this.#options.emit({
      id,
      phase: this.#phase,
      problem: this.#problem,
      receivedBytes: uploaded.receivedBytes,
      totalBytes: uploaded.totalBytes,
      readBytes: this.#readBytes,
      fileCount: this.#fileCount,
      refusedCount: this.#refusedCount,
      files: this.#files.map((file) => ({ ...file, faults: file.faults.slice(0, 20), importedMs: clock.now() })),
    });
  }
}
