import { promises as fs } from 'node:fs';
import { EngineError, messageOf, type Clock, type DurationMs } from '#core/model/index.ts';

/** A changed password or certificate counts after this long at the latest, as it does in Prometheus. */
const freshMs: DurationMs = 30_000;
const fileBytesMax = 1 << 20;

/** Small texts kept in files (passwords, tokens, certificates), read again when they may have changed. */
export class FileTexts {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly text: string; readonly atMs: DurationMs }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The text of a file, without blanks around it. Throws EngineError `invalid` when it cannot be read. */
  async read(path: string): Promise<string> {
    const known = this.#known.get(path);
    if (known !== undefined && this.#clock.monotonicMs() - known.atMs < freshMs) return known.text;
    const text = (await readSmall(path)).trim();
    this.#known.set(path, { text, atMs: this.#clock.monotonicMs() });
    return text;
  }
}

async function readSmall(path: string): Promise<string> {
  try {
    const { size } = await fs.stat(path);
    if (size > fileBytesMax) throw new EngineError('limit', `the file ${path} is over the limit of 1 MiB`);
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('invalid', `the file ${path} cannot be read: ${messageOf(error)}`);
  }
}

/** A path as the configuration has it, from the configuration's own folder. */
export function fromFolder(folder: string, path: string): string {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path) ? path : `${folder}/${path}`;
}
