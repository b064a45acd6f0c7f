import type { ImportProgress } from '#core/contract/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Engine } from '../../client/engine.svelte.ts';
import type { PickedFile } from './files.ts';

/** A message to the web host holds 1 MiB. */
const chunkBytes = 640 << 10;

/** Sends files into a case and follows what becomes of them. */
export class Importing {
  /** Chosen or dropped, while the person is asked which case they go into. */
  offered = $state.raw<readonly PickedFile[]>([]);
  progress = $state.raw<ImportProgress>();
  /** Imports that have ended: lists of cases are asked for again. */
  endedCount = $state(0);
  problem = $state('');
  name = $state('');
  readonly #engine: Engine;
  #close = $state.raw<() => void>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get isRunning(): boolean {
    return this.#close !== undefined;
  }

  start(name: string, files: readonly PickedFile[]): void {
    this.stop();
    this.name = name;
    this.offered = [];
    this.problem = '';
    this.progress = undefined;
    const announced = files.map(({ path, file }) => ({ path, bytes: file.size }));
    let begun = false;
    const close = this.#engine.open(
      'cases.import',
      { name, files: announced },
      (progress) => {
        this.progress = progress;
        if (progress.phase === 'done' || progress.phase === 'failed') this.#end(progress.problem);
        if (begun) return;
        begun = true;
        void this.#send(progress.id, files);
      },
      (error) => this.#end(error.message),
    );
    if (this.problem === '') this.#close = close;
  }

  /** Calls it off. */
  stop(): void {
    if (this.#close === undefined) return;
    this.#close();
    this.#close = undefined;
    this.problem = 'called off';
    this.endedCount++;
  }

  async #send(id: number, files: readonly PickedFile[]): Promise<void> {
    try {
      for (const [index, { file }] of files.entries()) {
        for (let from = 0; from < file.size; from += chunkBytes) {
          const bytes = new Uint8Array(await file.slice(from, from + chunkBytes).arrayBuffer());
          if (this.#close === undefined) return;
          await this.#engine.call('cases.upload', { id, file: index, bytes });
        }
      }
    } catch (error) {
      this.stop();
      // A file that was changed or taken away meanwhile, or a line to the engine that is gone.
      this.problem = error instanceof EngineError ? error.message : `a file can no longer be read: ${messageOf(error)}`;
    }
  }

  #end(problem: string): void {
    this.problem = problem;
    this.endedCount++;
    this.#close?.();
    this.#close = undefined;
  }
}
