import { closeDb, openReadDb, type ReadDb } from '#core/db/index.ts';
import { noLabels } from '#core/model/index.ts';
import { FrameCache } from './frame-cache.ts';
import { Groups } from './names/groups.ts';
import { Reader } from './reader.ts';
import type { Packed } from './packed.ts';
import { Scan } from './scan.ts';
import { ScannedSeries } from './scanned.ts';
import type { ScannedColumns } from './types.ts';
import { Tombstones } from './upkeep/deletion.ts';

/** All that another thread needs to read series of a scan: which frames of which file, and copies of what is in no file yet. Can be posted. */
export interface Parcel extends Packed {
  readonly path: string;
  /** Which opening of a store of this process it comes from: another may count its frames anew, in the same file. */
  readonly opening: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Series that follow one another in a scan, for another thread; undefined when they do not, or are no scan's. */
export function packParcel(series: readonly object[]): Parcel | undefined {
  const [first] = series;
  if (!(first instanceof ScannedSeries)) return undefined;
  const whole = series.every((one, i) => one instanceof ScannedSeries && one.scan === first.scan && one.index === first.index + i);
  return whole ? { ...first.scan.origin, ...first.scan.pack(first.index, first.index + series.length) } : undefined;
}

/** Opened frames kept by each reader of parcels, beside what they were decoded to. */
const cacheBytesMax = 16 << 20;

/**
 * Reads series on another thread than the one that scanned them, with a connection and a cache of its own. What cannot be read exactly as the
 * store itself would, now or when the scan began, throws: a frame that is gone or damaged, a series of which samples were deleted.
 */
export class ParcelReader {
  #file: LazyFile | undefined;
  #cache = new FrameCache(cacheBytesMax);
  #opening = 0;

  /** The series of a parcel, good until the next is opened. */
  open(parcel: Parcel): readonly ScannedColumns[] {
    const { path, opening, minMs, maxMs } = parcel;
    this.close();
    if (opening !== this.#opening) this.#cache = new FrameCache(cacheBytesMax);
    this.#opening = opening;
    this.#file = new LazyFile(path);
    const reader = new FrameReader(this.#file, this.#cache);
    const still = { slotOf: () => 0, isDeletedFrom: () => false, removals: () => 0 };
    const scan = new Scan({ reader, head: { read: () => undefined }, minMs, maxMs, ...still });
    scan.unpack(parcel);
    return parcel.slots.map((_, i) => new ScannedSeries(noLabels, scan, i));
  }

  /** Lets go of the file, which may then be deleted; opened frames stay for the next parcel. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** A store's file, opened when the first frame is read that is not in the cache. */
class LazyFile implements ReadDb {
  readonly path: string;
  #db: ReadDb | undefined;

  constructor(path: string) {
    this.path = path;
  }

  get connection(): ReadDb['connection'] {
    return (this.#db ??= openReadDb(this.path)).connection;
  }

  close(): void {
    if (this.#db !== undefined) closeDb(this.#db);
  }
}

class FrameReader extends Reader {
  constructor(db: ReadDb, cache: FrameCache) {
    const onDamage = (_: unknown, error: Error): never => {
      throw error;
    };
    super({ db, groups: new Groups(0), tombstones: new Tombstones(), onDamage }, cache);
  }

  /** Asked when a frame is gone: who reads a parcel cannot know what came in its place. */
  override frames(): never {
    throw new Error('a frame of the parcel is gone');
  }
}
