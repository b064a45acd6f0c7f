import { EngineError, labelPairs, labelsFrom, labelsKey, type Labels, type LogRecord } from '#core/model/index.ts';
import { candidatesOf, type Candidates, type Condition } from '../condition.ts';
import type { Part } from '../part.ts';
import type { Grouping, MetricExpr, RangeExpr } from './ast.ts';
import type { Entry } from './entry.ts';
import { stepsOf, type Grid } from './grid.ts';
import { groupLabels, type MetricSeries } from './series.ts';
import { overTime, type Samples } from './over-time.ts';
import { Pipeline } from './pipeline.ts';
import { numberOf } from './stages.ts';

export interface RangeScan {
  readonly parts: readonly Part[];
  readonly grid: Grid;
  /** Waits for others' turns; throws when the query was cancelled or has run too long. Called every few thousand lines. */
  readonly pause: () => Promise<void>;
  readonly warn: (sentence: string) => void;
}

const seriesMax = 2000;
const samplesMax = 5_000_000;
const looksPerPause = 2048;
const additive: ReadonlySet<string> = new Set(['rate', 'count_over_time', 'bytes_rate', 'bytes_over_time']);

/**
 * The series of every range in an expression. A `sum by` right around a range of counts is taken into it, so that labels nobody asked for
 * make no series.
 */
export async function rangesOf(expr: MetricExpr, scan: RangeScan): Promise<Map<MetricExpr, readonly MetricSeries[]>> {
  const found = new Map<MetricExpr, readonly MetricSeries[]>();
  for (const { range, grouping } of rangeExprs(expr, undefined)) found.set(range, await new RangeCollector(range, grouping, scan).collect());
  return found;
}

function rangeExprs(expr: MetricExpr, around: Grouping | undefined): { readonly range: RangeExpr; readonly grouping: Grouping | undefined }[] {
  switch (expr.kind) {
    case 'number':
    case 'constant':
      return [];
    case 'range':
      return [{ range: expr, grouping: expr.grouping ?? (isCounting(expr) ? around : undefined) }];
    case 'vector':
      return rangeExprs(expr.of, expr.op === 'sum' ? (expr.grouping ?? { isWithout: false, names: [] }) : undefined);
    case 'labelReplace':
      return rangeExprs(expr.of, undefined);
    case 'binary':
      return [...rangeExprs(expr.left, undefined), ...rangeExprs(expr.right, undefined)];
  }
}

const isCounting = ({ op, unwrap }: RangeExpr): boolean => additive.has(op) && unwrap === undefined;

interface Collected {
  readonly labels: Labels;
  /** Of counts: what comes in and goes out at each step. */
  readonly changes: Float64Array;
  readonly samples: Samples;
}

class RangeCollector {
  readonly #range: RangeExpr;
  readonly #grouping: Grouping | undefined;
  readonly #scan: RangeScan;
  readonly #pipeline: Pipeline;
  readonly #isCounting: boolean;
  readonly #steps: number;
  readonly #series = new Map<string, Collected>();
  #sampleCount = 0;
  #failed = 0;

  constructor(range: RangeExpr, grouping: Grouping | undefined, scan: RangeScan) {
    this.#range = range;
    this.#grouping = grouping;
    this.#scan = scan;
    this.#pipeline = new Pipeline(range.log);
    this.#isCounting = isCounting(range);
    this.#steps = stepsOf(scan.grid);
  }

  async collect(): Promise<readonly MetricSeries[]> {
    const { grid, parts, pause, warn } = this.#scan;
    const { rangeMs, offsetMs, log } = this.#range;
    const condition: Condition = {
      matchers: log.matchers,
      levels: undefined,
      evidence: this.#pipeline.evidence,
      fromNs: nsOf(grid.startMs - offsetMs - rangeMs) + 1n,
      toNs: nsOf(grid.endMs - offsetMs) + 1n,
    };
    for (const part of parts) {
      const candidates = candidatesOf(part, condition);
      if (candidates === undefined) continue;
      if (
        this.#isCounting &&
        this.#pipeline.isEmpty &&
        this.#range.op !== 'bytes_rate' &&
        this.#range.op !== 'bytes_over_time' &&
        !this.#asksTheLine()
      )
        this.#countRows(candidates);
      else await this.#takeRows(candidates, pause);
      await pause();
    }
    if (this.#failed > 0) warn(`${this.#failed} lines were left out: ${this.#range.unwrap?.name} is no ${this.#range.unwrap?.as} there`);
    return this.#finish();
  }

  /** Whether the grouping may name what only the line tells. */
  #asksTheLine(): boolean {
    const grouping = this.#grouping;
    return grouping !== undefined && !grouping.isWithout && grouping.names.length > 0;
  }

  /** Counts without reading a line. */
  #countRows({ part, open: { rows }, streams, from, to }: Candidates): void {
    const series = part.streams.map((labels, i) =>
      streams[i] === 1 ? this.#seriesOf(this.#grouping === undefined ? labels : groupLabels(labels, this.#grouping)) : undefined,
    );
    const baseMs = Number(part.minNs) / 1e6;
    for (let row = from; row < to; row++) {
      const one = series[rows.streams[row]!];
      if (one !== undefined) this.#count(one, baseMs + rows.offsets[row]! / 1e6, 1);
    }
  }

  async #takeRows({ open, may, from, to }: Candidates, pause: () => Promise<void>): Promise<void> {
    let looks = 0;
    for (let row = from; row < to; row++) {
      if (!may(row)) continue;
      if (++looks % looksPerPause === 0) await pause();
      this.#take(open.record(row));
    }
  }

  #take(record: LogRecord): void {
    const entry = this.#pipeline.run(record);
    if (entry === undefined) return;
    const timeMs = Number(record.timeNs / 1_000_000n) + Number(record.timeNs % 1_000_000n) / 1e6;
    if (this.#isCounting) {
      const { op } = this.#range;
      this.#count(this.#seriesOf(this.#labelsOf(entry)), timeMs, op.startsWith('bytes') ? Buffer.byteLength(entry.line) : 1);
      return;
    }
    const value = this.#valueOf(entry);
    if (value === undefined) return;
    if (++this.#sampleCount > samplesMax)
      throw new EngineError('limit', `the query unwraps more than ${samplesMax} lines; narrow it, or ask for less time`);
    const { samples } = this.#seriesOf(this.#labelsOf(entry));
    samples.timesMs.push(timeMs);
    samples.values.push(value);
  }

  /** Undefined for a line without the label, and for one in which it is no number. */
  #valueOf(entry: Entry): number | undefined {
    const { unwrap } = this.#range;
    if (unwrap === undefined) return 1;
    const text = entry.get(unwrap.name);
    if (text === '') return undefined;
    const value = numberOf(unwrap.as, text);
    if (value === undefined) this.#failed++;
    return value;
  }

  #labelsOf(entry: Entry): Labels {
    const grouping = this.#grouping;
    if (grouping !== undefined && !grouping.isWithout) return labelsFrom(grouping.names.map((name) => [name, entry.get(name)] as const));
    const unwrapped = this.#range.unwrap?.name;
    const own = labelsFrom([...labelPairs(entry.record.labels), ...entry.made].filter(([name]) => name !== unwrapped));
    return grouping === undefined ? own : groupLabels(own, grouping);
  }

  #seriesOf(labels: Labels): Collected {
    const key = labelsKey(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= seriesMax)
        throw new EngineError('limit', `the query makes more than ${seriesMax} series; group them, as in sum by (level) (...)`);
      this.#series.set(
        key,
        (series = { labels, changes: new Float64Array(this.#isCounting ? this.#steps + 1 : 0), samples: { timesMs: [], values: [] } }),
      );
    }
    return series;
  }

  /** A line counts at every step whose window, `(t - range, t]`, holds it. */
  #count({ changes }: Collected, timeMs: number, amount: number): void {
    const { startMs, stepMs } = this.#scan.grid;
    const { rangeMs, offsetMs } = this.#range;
    const first = Math.max(0, Math.ceil((timeMs + offsetMs - startMs) / stepMs));
    const end = Math.min(this.#steps, Math.ceil((timeMs + offsetMs + rangeMs - startMs) / stepMs));
    if (first >= end) return;
    changes[first]! += amount;
    changes[end]! -= amount;
  }

  #finish(): MetricSeries[] {
    const { op, rangeMs, offsetMs, param } = this.#range;
    if (!this.#isCounting)
      return overTime(op, [...this.#series.values()], {
        grid: this.#scan.grid,
        rangeMs,
        offsetMs,
        param: param ?? 0,
        matchers: this.#range.log.matchers,
      });
    const divisor = op === 'rate' || op === 'bytes_rate' ? rangeMs / 1000 : 1;
    return [...this.#series.values()].map(({ labels, changes }) => {
      const values = new Float64Array(this.#steps).fill(Number.NaN);
      const has = new Uint8Array(this.#steps);
      let sum = 0;
      for (let i = 0; i < this.#steps; i++) {
        sum += changes[i]!;
        if (sum <= 0) continue;
        values[i] = sum / divisor;
        has[i] = 1;
      }
      return { labels, values, has };
    });
  }
}

function nsOf(ms: number): bigint {
  return BigInt(Math.floor(Math.max(0, ms))) * 1_000_000n;
}
