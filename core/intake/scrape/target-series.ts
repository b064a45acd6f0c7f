import { ExpositionReader, ProtobufReader } from '#core/formats/index.ts';
import type { ExpositionColumns, ExpositionPage, PageFormat, PageReader, ScrapeConfig } from '#core/formats/index.ts';
import { EngineError, type Exemplar, type Labels, type UnixMs } from '#core/model/index.ts';
import { NewExemplars } from './new-exemplars.ts';
import { refusal, verdictName, verdicts, type Batch, type SeriesRef } from '#core/tsdb/index.ts';
import type { SampleSink } from '../sink.ts';
import type { CutMetric } from './explosion.ts';
import { relabel } from './relabel.ts';
import { checkLabelLimits, hasLabelLimits, withTargetLabels } from './series-labels.ts';
import type { SeriesBudget } from './series-budget.ts';

/** How a target's pages become series. */
export interface SeriesRules {
  readonly targetLabels: Labels;
  readonly config: Pick<
    ScrapeConfig,
    'job' | 'honorLabels' | 'honorTimestamps' | 'trackTimestampsStaleness' | 'classicHistogramsToo' | 'metricRelabel' | 'limits'
  >;
  /** Of one page, after metric relabelling. */
  readonly samplesMax: number;
}

/** A metric that was cut, and at which limit. */
export interface CutBy extends CutMetric {
  readonly newSeriesMax: number;
  /** The page was refused whole, since it has more samples than this. */
  readonly pageSamplesMax: number | undefined;
}

/** What became of a page: sampleCount + badLineCount = storedCount + everything in `rejected`. */
export interface PageFate {
  readonly sampleCount: number;
  readonly afterRelabelCount: number;
  readonly newSeriesCount: number;
  readonly storedCount: number;
  readonly badLineCount: number;
  readonly firstBadLine: string;
  /** Counts by reason. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Why the page was refused as a whole; empty when it was not. */
  readonly problem: string;
}

/** States of a slot beside a ref (0 or more) and a refused ref (-1 and below, a Verdict). */
const slotNew = -1000;
const slotDropped = -1001;
const slotOverBudget = -1002;

/** Relabelling may drop all but one in so many samples before the page is too large just to look at. */
const droppedShareMax = 4;
/** Rows of a refused page that are looked at for the label that explodes: about 10 ms. */
const notedRowsMax = 8192;
/** New series whose labels are held at once where a page cannot be refused any more. */
const freshAtOnce = 64;
/** Slots are tidied when more than half of them, and more than this many, are of series that no longer come. */
const idleSlotsMax = 4096;

/**
 * The series of one target: from the slots of its pages to the store's refs, which series came last time, and the stale
 * markers of those that come no more. Nothing here awaits, so one object of columns serves all targets.
 */
export class TargetSeries {
  readonly #sink: SampleSink;
  #budget: SeriesBudget;
  #rules: SeriesRules;
  #reader: PageReader | undefined;
  /** By slot: the ref or a state; the number of the last page that had it; whether that sample brought its own time. */
  #refs = new Int32Array(0);
  #seen = new Uint32Array(0);
  #ownTime = new Uint8Array(0);
  #page = 1;
  /** The last page that was taken as a whole. A series that was not on it is a new one to whoever counts series added. */
  #wholePage = 0;
  /** Samples that relabelling left of the page under way. */
  #keptCount = 0;
  /** Refs of the last page under an older reader or older rules; those that do not come again are gone. */
  #orphans = new Set<number>();
  readonly #exemplars = new NewExemplars();

  constructor(sink: SampleSink, rules: SeriesRules, budget: SeriesBudget) {
    this.#sink = sink;
    this.#rules = rules;
    this.#budget = budget;
  }

  /** Takes other rules from the next page on. Series that they no longer make end there. */
  setRules(rules: SeriesRules, budget: SeriesBudget): void {
    this.#rules = rules;
    this.#budget = budget;
    this.#forgetReader();
  }

  /** What was refused because the target makes too many series, and how many it may make at once; last what made whole pages too large. */
  get cut(): readonly CutBy[] {
    const newSeriesMax = this.#budget.max;
    return [
      ...this.#budget.explosion.cuts().map((cut) => ({ ...cut, newSeriesMax, pageSamplesMax: undefined })),
      ...this.#budget.oversize.cuts().map((cut) => ({ ...cut, newSeriesMax, pageSamplesMax: this.#rules.samplesMax })),
    ];
  }

  /** Reads a page and adds its samples. Either the whole page is looked at, or nothing is added and `problem` says why. */
  append(body: Uint8Array, format: PageFormat, timeMs: UnixMs, columns: ExpositionColumns, batch: Batch): PageFate {
    if (this.#reader?.format !== format) this.#forgetReader();
    const reader = (this.#reader ??= this.#makeReader(format));
    const page = reader.read(body, columns, this.#rules.samplesMax * droppedShareMax);
    this.#makeRoom(reader.slotCount);
    this.#page++;
    try {
      const fate = this.#appendPage(reader, page, timeMs, columns, batch);
      this.#wholePage = this.#page;
      this.#tidy(reader, fate.sampleCount);
      return fate;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#page--;
      if (error.code === 'limit') this.#noteOversize(reader, columns);
      this.markGone(timeMs, batch);
      return refusedPage(page, columns.rowCount + page.histograms.length, this.#keptCount, error);
    }
  }

  /** Writes a stale marker to every series of the last page: the target is down or gone. */
  markGone(timeMs: UnixMs, batch: Batch): void {
    this.#markLast(this.#page, timeMs, batch);
    this.#page += 2; // So that nothing counts as seen on the page before the next one.
  }

  #appendPage(reader: PageReader, page: ExpositionPage, timeMs: UnixMs, columns: ExpositionColumns, batch: Batch): PageFate {
    const sampleCount = columns.rowCount + page.histograms.length;
    this.#keptCount = 0;
    this.#checkPage(page, sampleCount);
    const rejected = new Map<string, number>();
    const newSeriesCount = this.#resolveAll(reader, page, columns);
    const afterRelabelCount = this.#keptCount;
    const storedCount = this.#addRows(timeMs, columns, batch, rejected) + this.#addHistograms(timeMs, page, batch, rejected);
    this.#markLast(this.#page - 1, timeMs, batch);
    this.#addNotes(page, timeMs, columns);
    const { badLineCount, firstBadLine } = page;
    if (badLineCount > 0) rejected.set('bad_line', badLineCount);
    return { sampleCount, afterRelabelCount, newSeriesCount, storedCount, badLineCount, firstBadLine, rejected, problem: '' };
  }

  #makeReader(format: PageFormat): PageReader {
    return format === 'protobuf' ? new ProtobufReader(this.#rules.config.classicHistogramsToo) : new ExpositionReader(format);
  }

  #checkPage(page: ExpositionPage, sampleCount: number): void {
    if (page.overLimit) throw this.#overSamples();
    if (!page.complete) throw new EngineError('invalid', page.firstBadLine || 'the page does not end with # EOF, so it was cut short');
    if (sampleCount === 0 && page.badLineCount > 0) throw new EngineError('invalid', `no line of the page could be read; ${page.firstBadLine}`);
  }

  /** Notes what is new on a page that is too large: some of it, evenly, since a page may be of any size. */
  #noteOversize(reader: PageReader, { slots, rowCount }: ExpositionColumns): void {
    const stride = Math.ceil(rowCount / notedRowsMax);
    for (let row = 0; row < rowCount; row += stride) if (this.#refs[slots[row]!] === slotNew) this.#budget.oversize.note(reader.labels(slots[row]!));
  }

  #overSamples(): EngineError {
    const { config, samplesMax } = this.#rules;
    const name = JSON.stringify(config.job);
    return new EngineError('limit', `the page has more than ${samplesMax} samples; raise sample_limit of job ${name} if it is meant to be so large`);
  }

  /**
   * Gives a ref to the slots that have none yet, had none given last time, or stayed away, and answers how many series are new. Before the first of them is made, every one has
   * been looked at, unless nothing about the page can be over a limit: then labels need not all be in memory at once.
   */
  #resolveAll(reader: PageReader, page: ExpositionPage, columns: ExpositionColumns): number {
    const { slots, rowCount } = columns;
    const sampleCount = rowCount + page.histograms.length;
    const freshMax = sampleCount <= this.#rules.samplesMax && !hasLabelLimits(this.#rules.config.limits) ? freshAtOnce : Infinity;
    let fresh = new Map<number, Labels>();
    let newSeriesCount = 0;
    const resolve = (slot: number): void => {
      if (this.#resolve(reader, slot, fresh)) this.#keptCount++;
      if (fresh.size < freshMax) return;
      newSeriesCount += this.#makeRefs(fresh);
      fresh = new Map(); // A map that is cleared keeps what it held within reach until the next full collection.
    };
    for (let row = 0; row < rowCount; row++) resolve(slots[row]!);
    for (const { slot } of page.histograms) resolve(slot);
    if (this.#keptCount > this.#rules.samplesMax) throw this.#overSamples();
    return newSeriesCount + this.#makeRefs(fresh);
  }

  /** False: relabelling drops the series. */
  #resolve(reader: PageReader, slot: number, fresh: Map<number, Labels>): boolean {
    const ref = this.#refs[slot]!;
    const steady = this.#seen[slot] === this.#page - 1;
    if (steady && (ref >= 0 || ref === slotDropped)) return ref >= 0;
    if (fresh.has(slot)) return true;
    const labels = this.#seriesLabels(reader, slot);
    if (labels === undefined) this.#refs[slot] = slotDropped;
    else fresh.set(slot, labels);
    return labels !== undefined;
  }

  #seriesLabels(reader: PageReader, slot: number): Labels | undefined {
    const { targetLabels, config } = this.#rules;
    const emptied = config.honorLabels ? reader.emptied(slot) : [];
    const labels = relabel(withTargetLabels(reader.labels(slot), targetLabels, config.honorLabels, emptied), config.metricRelabel);
    if (labels !== undefined) checkLabelLimits(labels, config.limits);
    return labels;
  }

  #makeRefs(fresh: ReadonlyMap<number, Labels>): number {
    let newCount = 0;
    for (const [slot, labels] of fresh) {
      const known = this.#refs[slot]! >= 0;
      const cameLast = known && this.#seen[slot] === this.#wholePage;
      if (!known && !this.#budget.take(labels)) {
        this.#refs[slot] = slotOverBudget;
        continue;
      }
      const ref = this.#sink.ref(labels);
      this.#refs[slot] = ref;
      if (!cameLast && ref >= 0) newCount++;
    }
    return newCount;
  }

  #addRows(timeMs: UnixMs, columns: ExpositionColumns, batch: Batch, rejected: Map<string, number>): number {
    const { slots, values, timesMs, rowCount } = columns;
    const honor = this.#rules.config.honorTimestamps;
    const orphans = this.#orphans.size > 0;
    let storedCount = 0;
    for (let row = 0; row < rowCount; row++) {
      const slot = slots[row]!;
      const ref = this.#refs[slot]!;
      this.#seen[slot] = this.#page;
      if (ref < 0) {
        raise(rejected, refusalName(ref));
        continue;
      }
      const lineTimeMs = timesMs[row]!;
      const own = honor && lineTimeMs === lineTimeMs;
      this.#ownTime[slot] = own ? 1 : 0;
      if (orphans) this.#orphans.delete(ref);
      const verdict = batch.add(ref, own ? lineTimeMs : timeMs, values[row]!);
      if (verdict <= verdicts.duplicate) storedCount++;
      else raise(rejected, verdictName(verdict));
    }
    return storedCount;
  }

  #addHistograms(timeMs: UnixMs, page: ExpositionPage, batch: Batch, rejected: Map<string, number>): number {
    let storedCount = 0;
    for (const { slot, timeMs: ownTimeMs, histogram, exemplars } of page.histograms) {
      const ref = this.#refs[slot]!;
      this.#seen[slot] = this.#page;
      if (ref < 0) {
        raise(rejected, refusalName(ref));
        continue;
      }
      const own = this.#rules.config.honorTimestamps && !Number.isNaN(ownTimeMs);
      this.#ownTime[slot] = own ? 1 : 0;
      this.#orphans.delete(ref);
      const verdict = batch.addHistogram(ref, own ? ownTimeMs : timeMs, histogram);
      if (verdict <= verdicts.duplicate) storedCount++;
      else raise(rejected, verdictName(verdict));
      for (const exemplar of exemplars) this.#addExemplar(ref, exemplar, timeMs);
    }
    return storedCount;
  }

  /** Stale markers for the series that came last on this page. */
  #markLast(page: number, timeMs: UnixMs, batch: Batch): void {
    for (let slot = 0; slot < this.#refs.length; slot++) if (this.#seen[slot] === page) this.#addStale(slot, timeMs, batch);
    for (const ref of this.#orphans) batch.addStale(ref, timeMs);
    if (this.#orphans.size > 0) this.#orphans = new Set();
  }

  /** Samples that brought their own time end by their own time, unless the job asks otherwise (track_timestamps_staleness). */
  #addStale(slot: number, timeMs: UnixMs, batch: Batch): void {
    const ref = this.#refs[slot]!;
    if (ref >= 0 && (this.#ownTime[slot] === 0 || this.#rules.config.trackTimestampsStaleness)) batch.addStale(ref, timeMs);
  }

  #addNotes(page: ExpositionPage, timeMs: UnixMs, columns: ExpositionColumns): void {
    for (const [metric, metadata] of page.metadata) this.#sink.setMetadata(metric, metadata);
    for (const { row, exemplar } of page.exemplars) this.#addExemplar(this.#refs[columns.slots[row]!]!, exemplar, timeMs);
  }

  #addExemplar(ref: SeriesRef, exemplar: Exemplar, timeMs: UnixMs): void {
    if (ref < 0 || !this.#exemplars.isNew(ref, exemplar)) return;
    this.#sink.addExemplar(ref, Number.isNaN(exemplar.timeMs) ? { ...exemplar, timeMs } : exemplar);
  }

  #forgetReader(): void {
    for (let slot = 0; slot < this.#refs.length; slot++)
      if (this.#seen[slot] === this.#page && this.#refs[slot]! >= 0) this.#orphans.add(this.#refs[slot]!);
    this.#reader = undefined;
    this.#refs = new Int32Array(0);
    this.#seen = new Uint32Array(0);
    this.#ownTime = new Uint8Array(0);
  }

  #makeRoom(slotCount: number): void {
    if (slotCount <= this.#refs.length) return;
    const size = Math.max(64, slotCount + (slotCount >> 2));
    const refs = new Int32Array(size).fill(slotNew);
    const seen = new Uint32Array(size);
    const ownTime = new Uint8Array(size);
    refs.set(this.#refs);
    seen.set(this.#seen);
    ownTime.set(this.#ownTime);
    [this.#refs, this.#seen, this.#ownTime] = [refs, seen, ownTime];
  }

  #tidy(reader: PageReader, rowCount: number): void {
    if (reader.slotCount - rowCount <= Math.max(idleSlotsMax, rowCount)) return;
    const newSlots = reader.compact((slot) => this.#seen[slot] === this.#page);
    const [refs, seen, ownTime] = [this.#refs, this.#seen, this.#ownTime];
    this.#refs = new Int32Array(0);
    this.#seen = new Uint32Array(0);
    this.#ownTime = new Uint8Array(0);
    this.#makeRoom(reader.slotCount);
    newSlots.forEach((slot, old) => {
      if (slot < 0) return;
      this.#refs[slot] = refs[old]!;
      this.#seen[slot] = seen[old]!;
      this.#ownTime[slot] = ownTime[old]!;
    });
  }
}

function raise(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

function refusalName(state: number): string {
  if (state === slotDropped) return 'dropped_by_relabelling';
  return state === slotOverBudget ? 'new_series_limit' : verdictName(refusal(state));
}

function refusedPage(page: ExpositionPage, sampleCount: number, afterRelabelCount: number, error: EngineError): PageFate {
  const { badLineCount, firstBadLine } = page;
  const rejected = new Map<string, number>();
  if (sampleCount > 0) rejected.set(error.code === 'limit' ? 'page_over_limit' : 'page_refused', sampleCount);
  if (badLineCount > 0) rejected.set('bad_line', badLineCount);
  return { sampleCount, afterRelabelCount, newSeriesCount: 0, storedCount: 0, badLineCount, firstBadLine, rejected, problem: error.message };
}
