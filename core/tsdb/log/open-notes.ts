import { transaction, type WriteDb } from '#core/db/index.ts';
import type { MetricMetadata } from '#core/model/index.ts';
import { insertExemplar, putMetadata, trimExemplars, type RefExemplar } from './notes.ts';

/** Exemplars kept between two looks at how many there are. */
const trimEvery = 10_000;

/** Exemplars and metadata on their way into the database. */
export class OpenNotes {
  readonly #db: WriteDb;
  /** By metric: what is known, and which of it the database has not. */
  readonly #metadata: Map<string, MetricMetadata>;
  readonly #unsealedMetrics = new Set<string>();
  /** Exemplars that no commit has carried yet, and such as one has and the database has not. */
  #pending: RefExemplar[] = [];
  #carried: RefExemplar[];
  #untrimmed = 0;

  /** `carried`: what a restart found in the log. */
  constructor(db: WriteDb, metadata: Map<string, MetricMetadata>, carried: RefExemplar[]) {
    this.#db = db;
    this.#metadata = metadata;
    this.#carried = carried;
  }

  /** Exemplars that no commit has carried yet. */
  get pending(): readonly RefExemplar[] {
    return this.#pending;
  }

  /** Exemplars that the database does not have. */
  get exemplars(): readonly RefExemplar[] {
    return [...this.#carried, ...this.#pending];
  }

  addExemplar(one: RefExemplar): void {
    this.#pending.push(one);
  }

  setMetadata(metric: string, metadata: MetricMetadata): void {
    const known = this.#metadata.get(metric);
    if (known !== undefined && known.type === metadata.type && known.help === metadata.help && known.unit === metadata.unit) return;
    this.#metadata.set(metric, metadata);
    this.#unsealedMetrics.add(metric);
  }

  /** A commit has carried what was pending. */
  committed(): void {
    this.#carried.push(...this.#pending);
    this.#pending = [];
  }

  /** Forgets the exemplars that are deleted. */
  keepOnly(stays: (one: RefExemplar) => boolean): void {
    this.#carried = this.#carried.filter(stays);
    this.#pending = this.#pending.filter(stays);
  }

  /** Moves what a commit has carried, and metadata, into the database, which keeps at most so many exemplars, give or take a few. */
  seal(exemplarsMax: number): void {
    if (this.#carried.length === 0 && this.#unsealedMetrics.size === 0) return;
    transaction(this.#db, () => {
      for (const one of this.#carried) insertExemplar(this.#db, one);
      for (const metric of this.#unsealedMetrics) putMetadata(this.#db, metric, this.#metadata.get(metric)!);
      this.#untrimmed += this.#carried.length;
      if (this.#untrimmed >= Math.min(trimEvery, exemplarsMax)) this.#untrimmed = 0;
      if (this.#untrimmed === 0) trimExemplars(this.#db, exemplarsMax);
    });
    this.#carried = [];
    this.#unsealedMetrics.clear();
  }
}
