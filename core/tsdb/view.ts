import type { ReadDb } from '#core/db/index.ts';
import {
  compareLabels,
  compareText,
  type Labels,
  type Matcher,
  type MetricMetadata,
  type Rollup,
  type RollupRequest,
  type SeriesColumns,
} from '#core/model/index.ts';
import { Catalogue } from './names/catalogue.ts';
import type { Tombstones } from './upkeep/deletion.ts';
import type { Groups } from './names/groups.ts';
import { Head, type HeadPeers } from './head.ts';
import { matchRefs } from './names/match.ts';
import { allMetadata, sealedExemplars, type RefExemplar } from './log/notes.ts';
import { Reader, type Pause, type ReaderParts } from './reader.ts';
import { Rollups, type RollupsParts } from './rollup/rollups.ts';
import { ScannedSeries } from './scanned.ts';
import type { ScannedColumns, SeriesExemplars, TsdbView } from './types.ts';

/** Label sets put together between two pauses: about 0.2 ms. */
const labelsPerTurn = 512;

export interface ViewParts {
  readonly db: ReadDb;
  readonly groups: Groups;
  readonly tombstones: Tombstones;
  readonly onDamage: ReaderParts['onDamage'];
  readonly onRollupDamage: RollupsParts['onDamage'];
  readonly revive: HeadPeers['revive'];
}

/** The answers of a store: what its catalogue, head and frames hold. Store adds how they change. */
export class View implements Omit<TsdbView, 'stats' | 'close'> {
  readonly head: Head;
  protected readonly catalogue = new Catalogue();
  protected readonly reader: Reader;
  protected readonly rollups: Rollups;
  protected readonly knownMetadata: Map<string, MetricMetadata>;
  readonly #db: ReadDb;

  constructor({ db, groups, tombstones, onDamage, onRollupDamage, revive }: ViewParts) {
    this.#db = db;
    this.reader = new Reader({ db, groups, tombstones, onDamage });
    this.head = new Head({ sealedAt: (ref, timeMs) => this.reader.sealedAt(ref, timeMs), revive });
    const labelsOf = (ref: number): Labels => this.catalogue.labels(ref);
    this.rollups = new Rollups({ db, groups, tombstones, reader: this.reader, head: this.head, labelsOf, onDamage: onRollupDamage });
    this.knownMetadata = allMetadata(db);
  }

  select(matchers: readonly Matcher[], minMs: number, maxMs: number, signal?: AbortSignal): readonly SeriesColumns[] {
    const found: SeriesColumns[] = [];
    this.reader.read(this.head, matchRefs(this.catalogue, matchers), minMs, maxMs, (ref, { times, values, histograms }) => {
      signal?.throwIfAborted();
      const labels = this.catalogue.labels(ref);
      found.push(histograms === undefined ? { labels, timesMs: times, values } : { labels, timesMs: times, values, histograms });
    });
    return found;
  }

  scan(matchers: readonly Matcher[], minMs: number, maxMs: number): readonly ScannedColumns[] {
    const scan = this.reader.scan(this.head, matchRefs(this.catalogue, matchers), minMs, maxMs);
    return scan.refs.map((ref, i) => new ScannedSeries(this.catalogue.labels(ref), scan, i));
  }

  async scanInTurns(matchers: readonly Matcher[], minMs: number, maxMs: number, pause: Pause): Promise<readonly ScannedColumns[]> {
    const scan = await this.reader.scanInTurns(this.head, matchRefs(this.catalogue, matchers), minMs, maxMs, pause);
    const found: ScannedColumns[] = [];
    for (const [i, ref] of scan.refs.entries()) {
      found.push(new ScannedSeries(this.catalogue.labels(ref), scan, i));
      if (found.length % labelsPerTurn === 0) await pause(labelsPerTurn);
    }
    return found;
  }

  rollup(matchers: readonly Matcher[], request: RollupRequest): Rollup | undefined {
    return this.rollups.answer(() => matchRefs(this.catalogue, matchers), request);
  }

  series(matchers: readonly Matcher[], minMs: number, maxMs: number): readonly Labels[] {
    return this.#refsIn(matchers, minMs, maxMs)
      .map((ref) => this.catalogue.labels(ref))
      .sort(compareLabels);
  }

  labelNames(matchers: readonly Matcher[] = [], minMs = -Infinity, maxMs = Infinity): readonly string[] {
    const isAll = isEverything(matchers, minMs, maxMs);
    const found = isAll ? this.catalogue.namesShown() : this.catalogue.namesAmong(this.#refsIn(matchers, minMs, maxMs));
    return found.sort(compareText);
  }

  labelValues(name: string, matchers: readonly Matcher[] = [], minMs = -Infinity, maxMs = Infinity): readonly string[] {
    const label = this.catalogue.name(name);
    if (label === undefined) return [];
    if (isEverything(matchers, minMs, maxMs)) return this.catalogue.valuesShown(label).sort(compareText);
    const values = new Set<string>();
    for (const ref of this.#refsIn(matchers, minMs, maxMs)) values.add(this.catalogue.valueOf(ref, label));
    values.delete('');
    return [...values].sort(compareText);
  }

  metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.knownMetadata;
  }

  exemplars(matchers: readonly Matcher[], minMs: number, maxMs: number): readonly SeriesExemplars[] {
    const found: SeriesExemplars[] = [];
    for (const ref of matchRefs(this.catalogue, matchers)) {
      const byTime = new Map(sealedExemplars(this.#db, ref, minMs, maxMs).map((exemplar) => [exemplar.timeMs, exemplar]));
      for (const { ref: of, exemplar } of this.openExemplars())
        if (of === ref && exemplar.timeMs >= minMs && exemplar.timeMs <= maxMs && !byTime.has(exemplar.timeMs)) byTime.set(exemplar.timeMs, exemplar);
      const exemplars = [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs);
      if (exemplars.length > 0) found.push({ labels: this.catalogue.labels(ref), exemplars });
    }
    return found;
  }

  /** Exemplars that are not in the database yet. */
  protected openExemplars(): readonly RefExemplar[] {
    return [];
  }

  #refsIn(matchers: readonly Matcher[], minMs: number, maxMs: number): number[] {
    const refs = [...matchRefs(this.catalogue, matchers)];
    if (minMs === -Infinity && maxMs === Infinity) return refs;
    return refs.filter(
      (ref) => this.head.read(ref, minMs, maxMs) !== undefined || this.reader.mayHold(ref, minMs, maxMs) || this.rollups.mayHold(ref, minMs, maxMs),
    );
  }
}

/** Every series is meant: then the index knows names and values without a look at the series. */
function isEverything(matchers: readonly Matcher[], minMs: number, maxMs: number): boolean {
  return matchers.length === 0 && minMs === -Infinity && maxMs === Infinity;
}
