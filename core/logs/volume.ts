import { logLevels, type LogRecord } from '#core/model/index.ts';
import { noEvidence } from './evidence.ts';
import { candidatesOf, type Candidates, type Condition } from './condition.ts';
import type { Pipeline } from './logql/pipeline.ts';
import type { OpenPart, Part } from './part.ts';

/** How a scan over all lines takes its turns. */
export interface Turns {
  /** Lets others run. True when the time is up: what was counted until then is the answer. Throws when the question was cancelled. */
  readonly pause: () => Promise<boolean>;
}

const looksPerTurn = 1024;

/** Lines by time and level. */
export interface Volume {
  /** Row after row of levels, in the order of logLevels: buckets x levels. */
  readonly counts: Float64Array;
  /** Everything from here on was counted; later than the asked beginning when the time was up. */
  readonly countedFromNs: bigint;
}

/** What is told of each line that passes. */
type Take = (part: Part, row: number, record: (() => LogRecord) | undefined) => void;

/**
 * Runs over every line that passes, newest parts first. Lines of a kind that passes as a whole are not read. Returns from when on everything
 * was looked at.
 */
export async function overLines(parts: readonly Part[], condition: Condition, pipeline: Pipeline, turns: Turns, take: Take): Promise<bigint> {
  const ordered = parts
    .filter(({ minNs, maxNs }) => maxNs >= condition.fromNs && minNs < condition.toNs)
    .sort((a, b) => (a.maxNs > b.maxNs ? -1 : 1));
  for (const [i, part] of ordered.entries()) {
    const candidates = candidatesOf(part, condition);
    if (candidates !== undefined && (await overPart(candidates, pipeline, turns, take))) return part.maxNs;
    if (await turns.pause()) return ordered[i + 1]?.maxNs ?? condition.fromNs;
  }
  return condition.fromNs;
}

/** True when the time was up before the part's end. */
async function overPart({ part, open, may, from, to }: Candidates, pipeline: Pipeline, turns: Turns, take: Take): Promise<boolean> {
  const { rows } = open;
  const whole = open.kinds.map(({ texts }) => pipeline.isEmpty || (texts !== undefined && pipeline.passesAll(texts)));
  let looks = 0;
  for (let row = to - 1; row >= from; row--) {
    if (!may(row)) continue;
    if (whole[rows.kinds[row]!] === true) {
      take(part, row, undefined);
      continue;
    }
    if (++looks % looksPerTurn === 0 && (await turns.pause())) return true;
    const record = open.record(row);
    if (pipeline.run(record) !== undefined) take(part, row, () => record);
  }
  return false;
}

export async function volumeOf(parts: readonly Part[], condition: Condition, pipeline: Pipeline, buckets: number, turns: Turns): Promise<Volume> {
  const { fromNs, toNs } = condition;
  const counts = new Float64Array(buckets * logLevels.length);
  const widthNs = Math.max(1, Number(toNs - fromNs) / buckets);
  const bucketOf = (offsetNs: number): number => Math.min(buckets - 1, Math.floor(offsetNs / widthNs));
  const rest = pipeline.isEmpty && condition.matchers.length === 0 ? parts.filter((part) => !countWhole(part, condition, bucketOf, counts)) : parts;
  let last: Part | undefined;
  let base = 0;
  let levels: readonly number[] = [];
  let rows: OpenPart['rows'] | undefined;
  const countedFromNs = await overLines(rest, condition, pipeline, turns, (part, row) => {
    if (part !== last) {
      last = part;
      base = Number(part.minNs - fromNs);
      levels = part.kinds().map(({ level }) => logLevels.indexOf(level));
      ({ rows } = part.open());
    }
    counts[bucketOf(base + rows!.offsets[row]!) * logLevels.length + levels[rows!.kinds[row]!]!]!++;
  });
  return { counts, countedFromNs };
}

/** Counts a part that lies in one bucket by what is known of it; false when it does not. */
function countWhole(part: Part, { fromNs, toNs, levels }: Condition, bucketOf: (offsetNs: number) => number, counts: Float64Array): boolean {
  if (part.minNs < fromNs || part.maxNs >= toNs) return false;
  const bucket = bucketOf(Number(part.minNs - fromNs));
  if (bucket !== bucketOf(Number(part.maxNs - fromNs))) return false;
  logLevels.forEach((level, i) => {
    if (levels === undefined || levels.has(level)) counts[bucket * logLevels.length + i]! += part.levels[i]!;
  });
  return true;
}

/** How many lines each stage of a query hides, of those that the stages before it let pass. */
export interface Summary {
  /** Lines of the streams and levels in the range. */
  readonly total: number;
  /** By stage. */
  readonly hidden: readonly number[];
  readonly shown: number;
  readonly countedFromNs: bigint;
}

export async function summaryOf(parts: readonly Part[], condition: Condition, pipeline: Pipeline, turns: Turns): Promise<Summary> {
  const stages = pipeline.stages.length;
  const by = new Float64Array(stages + 1);
  // Every line has to be asked, those that an index could rule out too.
  const all = { ...condition, evidence: noEvidence };
  const ordered = parts.filter(({ minNs, maxNs }) => maxNs >= all.fromNs && minNs < all.toNs).sort((a, b) => (a.maxNs > b.maxNs ? -1 : 1));
  let countedFromNs = all.fromNs;
  for (const part of ordered) {
    const candidates = candidatesOf(part, all);
    if (candidates !== undefined && (await summarise(candidates, condition, pipeline, turns, by))) {
      countedFromNs = part.maxNs;
      break;
    }
  }
  const total = by.reduce((sum, one) => sum + one, 0);
  return { total, hidden: [...by.subarray(0, stages)], shown: by[stages]!, countedFromNs };
}

async function summarise(
  { part, open, streams, kinds, from, to }: Candidates,
  condition: Condition,
  pipeline: Pipeline,
  turns: Turns,
  by: Float64Array,
): Promise<boolean> {
  const { rows } = open;
  const stages = pipeline.stages.length;
  const whole = part.kinds().map(({ texts }) => pipeline.isEmpty || (texts !== undefined && pipeline.passesAll(texts)));
  // With one stage, what the index rules out is hidden by it.
  const ruledOut = stages === 1 ? candidatesOf(part, condition) : undefined;
  const none = stages === 1 && ruledOut === undefined;
  for (let row = to - 1, looks = 0; row >= from; row--) {
    const kind = rows.kinds[row]!;
    if (kinds[kind] === 0 || streams[rows.streams[row]!] === 0) continue;
    if (whole[kind] === true) by[stages]!++;
    else if (none || ruledOut?.may(row) === false) by[0]!++;
    else {
      if (++looks % looksPerTurn === 0 && (await turns.pause())) return true;
      by[pipeline.rejectedBy(open.record(row))]!++;
    }
  }
  return turns.pause();
}
