import type { LogRecord } from '#core/model/index.ts';
import type { Overload } from './overload.ts';

/** Reliability, section 3: lines from this level of overload on. */
const thinningLevel = 3;
/** Of so many lines one is kept. */
const oneIn = 10;
/** The field of a kept line that says of how many it is one, so that counts can be scaled back. */
const thinnedField = 'sampled_one_in';

const ordinary: ReadonlySet<LogRecord['level']> = new Set(['trace', 'debug', 'info']);

/** Under overload one in ten lines of level info and below is kept, and says so; warnings, errors and lines without a level all are. */
export class LogThinning {
  readonly #overload: Pick<Overload, 'level'>;
  #seen = 0;

  constructor(overload: Pick<Overload, 'level'>) {
    this.#overload = overload;
  }

  /** The records to store. Those left out are `records.length` less. */
  thin(records: readonly LogRecord[]): readonly LogRecord[] {
    if (this.#overload.level < thinningLevel) return records;
    return records.flatMap((record) => {
      if (!ordinary.has(record.level)) return [record];
      return this.#seen++ % oneIn === 0 ? [{ ...record, fields: [...record.fields, thinnedField, String(oneIn)] }] : [];
    });
  }
}
