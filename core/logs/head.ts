import { logLevels, type Labels, type LogRecord } from '#core/model/index.ts';
import { blockRangeNs, type Rows } from './block.ts';
import type { LineKind, OpenPart, Part } from './part.ts';
import { DamageError } from '#core/blocks/index.ts';

/** Records that are in no block, in order of time, searchable as a part. */
export class HeadPart implements Part {
  readonly id = Number.MAX_SAFE_INTEGER;
  readonly #records: readonly LogRecord[];
  readonly #streams = new Map<Labels, number>();
  readonly levels: readonly number[];
  #rows: Rows | undefined;

  /** `records` are in order of time and lie within one block's range. */
  constructor(records: readonly LogRecord[]) {
    this.#records = records;
    const levels = logLevels.map(() => 0);
    for (const { level, labels } of records) {
      levels[logLevels.indexOf(level)]!++;
      if (!this.#streams.has(labels)) this.#streams.set(labels, this.#streams.size);
    }
    this.levels = levels;
  }

  get records(): number {
    return this.#records.length;
  }
  get minNs(): bigint {
    return this.#records[0]!.timeNs;
  }
  get maxNs(): bigint {
    return this.#records.at(-1)!.timeNs;
  }
  get streams(): readonly Labels[] {
    return [...this.#streams.keys()];
  }

  /** A kind a level: each may hold anything. */
  readonly kinds = (): readonly LineKind[] => headKinds;

  readonly index = (): Uint8Array => {
    throw new DamageError('records in no block have no index');
  };

  readonly digest = (): undefined => undefined;

  readonly open = (): OpenPart => {
    this.#rows ??= {
      offsets: Float64Array.from(this.#records, ({ timeNs }) => Number(timeNs - this.minNs)),
      kinds: Float64Array.from(this.#records, ({ level }) => logLevels.indexOf(level)),
      streams: Float64Array.from(this.#records, ({ labels }) => this.#streams.get(labels)!),
      ranks: new Uint32Array(0),
    };
    return { kinds: headKinds, rows: this.#rows, record: (row) => this.#records[row]!, lines: () => undefined };
  };
}

const headKinds: readonly LineKind[] = logLevels.map((level) => ({ level, text: '', hasVariables: true, texts: undefined }));

/** The records in order of time, those of one time as they came; cut so that each run lies within a block's range and holds at most `recordsMax`. */
export function runsOf(records: readonly LogRecord[], recordsMax: number): LogRecord[][] {
  const sorted = isSorted(records) ? [...records] : records.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  const runs: LogRecord[][] = [];
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    const isFull = i - from >= recordsMax;
    if (i < sorted.length && !isFull && sorted[i]!.timeNs - sorted[from]!.timeNs < blockRangeNs) continue;
    runs.push(sorted.slice(from, i));
    from = i;
  }
  return runs;
}

function isSorted(records: readonly LogRecord[]): boolean {
  for (let i = 1; i < records.length; i++) if (records[i]!.timeNs < records[i - 1]!.timeNs) return false;
  return true;
}
