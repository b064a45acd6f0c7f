import { isCorrupt, type ReadDb } from '#core/db/index.ts';
import type { Labels, RolledSeries, Rollup, RollupPart, RollupRequest, UnixMs } from '#core/model/index.ts';
import { DamageError } from '../bytes/bytes.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import { RollupFrame } from '../codec/rollup-frame.ts';
import type { Head } from '../head.ts';
import type { Groups } from '../names/groups.ts';
import type { Reader } from '../reader.ts';
import type { Tombstones } from '../upkeep/deletion.ts';
import { bucketLengthsMs, fold, FoldedBuckets, joined, within, type Buckets } from './buckets.ts';
import { dueOf, hasRollupAfter, hasRollups, rawFloor, rollupBytes, rollupsOf, tellsOf, type RollupMeta } from './rows.ts';

/** Requests shorter than this are answered from samples: nothing would be gained. */
const spanMinMs = 12 * 3_600_000;
/** Opened rows kept: a screen of charts over a month. */
const cacheBytesMax = 32 << 20;

export interface RollupsParts {
  readonly db: ReadDb;
  readonly groups: Groups;
  readonly tombstones: Tombstones;
  readonly reader: Reader;
  readonly head: Head;
  readonly labelsOf: (ref: number) => Labels;
  /** Hears of rows that cannot be read; what they tell of is then read from samples. */
  readonly onDamage: (row: RollupMeta, error: Error) => void;
}

/** A stretch of whole windows: told of by a row, or, without one, to be folded from samples. */
interface Stretch {
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  readonly row: RollupMeta | undefined;
}

/** Who tells of what a group has of a request, and what was folded from samples: for a series, buckets by number of the stretch. */
interface Plan {
  readonly group: number;
  readonly members: readonly number[];
  readonly stretches: readonly Stretch[];
  readonly folded: Map<number, Map<number, Buckets>>;
}

const noBuckets = new FoldedBuckets(new Float64Array(0));

/** Answers from rollups, completed by what is folded from samples where no row tells: new, late and deleted ones. */
export class Rollups {
  /** Raw samples before it have gone by age or size. */
  rawFloorMs: UnixMs;
  readonly #parts: RollupsParts;
  readonly #isThere: boolean;
  readonly #cache = new Map<number, RollupFrame>();
  #cacheBytes = 0;
  /** Rows whose bytes are damaged. */
  readonly #unreadable = new Set<number>();

  constructor(parts: RollupsParts) {
    this.#parts = parts;
    this.#isThere = hasRollups(parts.db);
    this.rawFloorMs = this.#isThere ? rawFloor(parts.db) : -Infinity;
  }

  /** Undefined when samples are to be read and there is nothing to say about it. Asks for the series only when it has something of the time. */
  answer(refs: () => Iterable<number>, request: RollupRequest): Rollup | undefined {
    const { fromMs, toMs, evenMs } = request;
    const isRawGone = fromMs < this.rawFloorMs;
    if (!this.#isThere || (!isRawGone && toMs - fromMs < spanMinMs)) return undefined;
    const fitting = evenMs === 0 ? undefined : bucketLengthsMs.findLast((length) => evenMs % length === 0);
    const bucketMs = fitting ?? bucketLengthsMs[0];
    if (!isRawGone && !hasRollupAfter(this.#parts.db, bucketMs, fromMs)) return undefined;
    const plans = this.#plans(refs(), bucketMs, fromMs, toMs);
    const rolledMs = Math.max(0, ...plans.map(rolledOf));
    if (rolledMs === 0 || (!isRawGone && rolledMs * 2 < toMs - fromMs)) return undefined;
    const rollupsOnlyBeforeMs = isRawGone ? this.rawFloorMs : undefined;
    const isWhole = fitting !== undefined && !plans.some((plan) => this.#hasOdd(plan)) && plans.every((plan) => this.#fold(plan, fitting));
    const coarser = isRawGone ? this.#coarser(plans, bucketMs, fromMs) : undefined;
    if (isWhole) return { bucketMs, series: plans.flatMap((plan) => this.#series(plan, request, bucketMs)), rollupsOnlyBeforeMs, coarser };
    return isRawGone ? { bucketMs: bucketLengthsMs[0], series: undefined, rollupsOnlyBeforeMs, coarser } : undefined;
  }

  /** Coarser buckets from before the first of `bucketMs`, when the request asks for that time. */
  #coarser(plans: readonly Plan[], bucketMs: number, fromMs: UnixMs): Rollup['coarser'] {
    const coarsest = bucketLengthsMs.at(-1)!;
    if (bucketMs === coarsest) return undefined;
    const starts = plans.flatMap(({ stretches }) => stretches.flatMap(({ row }) => row?.startMs ?? []));
    const beforeMs = Math.min(this.rawFloorMs, ...starts);
    const isThere = beforeMs > fromMs && plans.some(({ group }) => rollupsOf(this.#parts.db, group, coarsest, fromMs, beforeMs).length > 0);
    return isThere ? { bucketMs: coarsest, beforeMs } : undefined;
  }

  /** Whether a row that overlaps the range has buckets of the series. */
  mayHold(ref: number, minMs: UnixMs, maxMs: UnixMs): boolean {
    const { groups, db } = this.#parts;
    if (!this.#isThere || minMs >= this.rawFloorMs) return false;
    const [finest] = bucketLengthsMs;
    const coarsest = bucketLengthsMs.at(-1)!;
    const group = groups.groupOf(ref);
    const rows = [...rollupsOf(db, group, finest, minMs - 1, maxMs), ...rollupsOf(db, group, coarsest, minMs - 1, maxMs)];
    return rows.some((row) => tellsOf(row, groups.slotOf(ref)));
  }

  /** The row's bytes opened; undefined when it is gone, or damaged, which is told. */
  open(row: RollupMeta): RollupFrame | undefined {
    const known = this.#cache.get(row.id);
    if (known !== undefined) return known;
    try {
      const bytes = rollupBytes(this.#parts.db, row.id);
      if (bytes === undefined) {
        this.#unreadable.add(row.id); // Ids are never used again.
        return undefined;
      }
      const frame = new RollupFrame(bytes);
      this.#keep(row.id, frame);
      return frame;
    } catch (error) {
      if (!(error instanceof DamageError) && !isCorrupt(error)) throw error;
      this.#unreadable.add(row.id);
      this.#parts.onDamage(row, error as Error);
      return undefined;
    }
  }

  #keep(id: number, frame: RollupFrame): void {
    this.#cache.set(id, frame);
    this.#cacheBytes += frame.bytes;
    for (const [oldest, { bytes }] of this.#cache) {
      if (this.#cacheBytes <= cacheBytesMax || oldest === id) return;
      this.#cache.delete(oldest);
      this.#cacheBytes -= bytes;
    }
  }

  #plans(refs: Iterable<number>, bucketMs: number, fromMs: UnixMs, toMs: UnixMs): Plan[] {
    const members = new Map<number, number[]>();
    for (const ref of refs) {
      const group = this.#parts.groups.groupOf(ref);
      const known = members.get(group);
      if (known === undefined) members.set(group, [ref]);
      else known.push(ref);
    }
    return [...members].map(([group, of]) => ({
      group,
      members: of,
      stretches: this.#stretches(group, bucketMs, fromMs, toMs),
      folded: new Map<number, Map<number, Buckets>>(),
    }));
  }

  /** Who tells of each window of the range: a later row over an earlier one, samples over a row that is out of date. */
  #stretches(group: number, bucketMs: number, fromMs: UnixMs, toMs: UnixMs): Stretch[] {
    const known = group === 0 ? [] : rollupsOf(this.#parts.db, group, bucketMs, fromMs, toMs);
    const rows = known.filter(({ id }) => !this.#unreadable.has(id));
    if (rows.length === 0) return [{ fromMs, toMs, row: undefined }];
    const startMs = windowStart(Math.max(fromMs, Math.min(...rows.map((row) => row.startMs))));
    const endMs = Math.min(windowStart(toMs) + windowMs, Math.max(...rows.map((row) => row.endMs)));
    const tellers = Array.from<RollupMeta | undefined>({ length: Math.round((endMs - startMs) / windowMs) });
    const at = (timeMs: number): number => Math.round((timeMs - startMs) / windowMs);
    for (const row of rows) tellers.fill(row, Math.max(0, at(row.startMs)), Math.max(0, at(row.endMs)));
    for (const dueMs of dueOf(this.#parts.db, group, Math.max(startMs, this.rawFloorMs), endMs)) tellers[at(dueMs)] = undefined;
    const floorAt = at(this.rawFloorMs);
    const found: Stretch[] = [];
    if (fromMs < startMs) found.push({ fromMs, toMs: startMs, row: undefined });
    for (let i = 0, from = 0; i < tellers.length; i++) {
      if (i + 1 < tellers.length && tellers[i + 1] === tellers[i] && i + 1 !== floorAt) continue;
      found.push({ fromMs: Math.max(fromMs, startMs + from * windowMs), toMs: Math.min(toMs, startMs + (i + 1) * windowMs), row: tellers[i] });
      from = i + 1;
    }
    if (endMs < toMs) found.push({ fromMs: endMs, toMs, row: undefined });
    return found;
  }

  /** Whether any of the series has samples that no bucket tells of: histograms. */
  #hasOdd({ members, stretches }: Plan): boolean {
    const { groups } = this.#parts;
    return stretches.some(
      ({ row }) =>
        row !== undefined &&
        (row.oddLow | row.oddHigh) !== 0 &&
        members.some((ref) => tellsOf({ slotsLow: row.oddLow, slotsHigh: row.oddHigh }, groups.slotOf(ref))),
    );
  }

  /** Folds samples where no row tells, and where a row does not tell of late or deleted ones. False when some of them cannot be folded. */
  #fold({ members, stretches, folded }: Plan, bucketMs: number): boolean {
    let isWhole = true;
    stretches.forEach((stretch, i) => {
      const refs = stretch.row === undefined ? members : members.filter((ref) => this.#isOutdated(ref, stretch));
      if (refs.length === 0) return;
      for (const ref of refs) bucketsByStretch(folded, ref).set(i, noBuckets);
      this.#parts.reader.read(this.#parts.head, refs, stretch.fromMs + 1, stretch.toMs, (ref, { times, values, histograms }) => {
        const buckets = fold(times, values, bucketMs);
        isWhole &&= histograms === undefined && !buckets.hasOverflow;
        bucketsByStretch(folded, ref).set(i, buckets);
      });
    });
    return isWhole;
  }

  /** Whether samples have come or gone since the row was made, and can still be folded. */
  #isOutdated(ref: number, { fromMs, toMs, row }: Stretch): boolean {
    if (fromMs < this.rawFloorMs) return false;
    const { head, tombstones } = this.#parts;
    return head.read(ref, fromMs + 1, toMs) !== undefined || tombstones.hides(ref, row!.id, fromMs + 1, toMs);
  }

  #series(plan: Plan, request: RollupRequest, bucketMs: number): RolledSeries[] {
    const { labelsOf, groups, reader, head } = this.#parts;
    const { fromMs, toMs } = request;
    const isThere = (ref: number): boolean => {
      const slot = groups.slotOf(ref);
      if (plan.group !== 0 && plan.stretches.some(({ row }) => row !== undefined && tellsOf(row, slot))) return true;
      return head.read(ref, fromMs + 1, toMs) !== undefined || reader.mayHold(ref, fromMs + 1, toMs);
    };
    return plan.members.filter(isThere).map((ref) => ({
      labels: labelsOf(ref),
      read: (parts) => {
        let pieces = this.#pieces(plan, ref);
        // Ends: a row that could not be read is not in the next plan.
        while (pieces === undefined) pieces = this.#pieces(this.#again(plan, ref, request, bucketMs), ref);
        return columnsOf(pieces, request, parts);
      },
    }));
  }

  /** The plan of one series, made anew since rows are damaged, or upkeep has taken them away while the query had a pause. */
  #again({ group }: Plan, ref: number, { fromMs, toMs }: RollupRequest, bucketMs: number): Plan {
    const plan: Plan = { group, members: [ref], stretches: this.#stretches(group, bucketMs, fromMs, toMs), folded: new Map() };
    this.#fold(plan, bucketMs);
    return plan;
  }

  /** The buckets of a series, stretch by stretch; undefined when a row can no longer be read. */
  #pieces({ stretches, folded }: Plan, ref: number): Buckets[] | undefined {
    const { groups, tombstones } = this.#parts;
    const own = folded.get(ref);
    const slot = groups.slotOf(ref);
    const pieces: Buckets[] = [];
    for (const [i, { row, fromMs, toMs }] of stretches.entries()) {
      let buckets = own?.get(i);
      if (buckets === undefined && row !== undefined && tellsOf(row, slot)) {
        const frame = this.open(row);
        if (frame === undefined) return undefined;
        const all = frame.buckets(slot);
        if (all !== undefined) buckets = tombstones.applyToBuckets(ref, row.id, within(all, fromMs, toMs), row.bucketMs);
      }
      if (buckets !== undefined && buckets.ends.length > 0) pieces.push(buckets);
    }
    return pieces;
  }
}

function bucketsByStretch(folded: Map<number, Map<number, Buckets>>, ref: number): Map<number, Buckets> {
  let known = folded.get(ref);
  if (known === undefined) folded.set(ref, (known = new Map()));
  return known;
}

function rolledOf({ stretches }: Plan): number {
  return stretches.reduce((sum, { row, fromMs, toMs }) => sum + (row === undefined ? 0 : toMs - fromMs), 0);
}

function columnsOf(pieces: readonly Buckets[], { fromMs, toMs }: RollupRequest, parts: readonly RollupPart[]): Float64Array[] {
  const cut = pieces.map((piece) => within(piece, fromMs, toMs));
  return parts.map((part) => joined(cut.map((piece) => piece.column(part))));
}
