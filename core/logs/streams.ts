import { sql, transaction, type WriteDb } from '#core/db/index.ts';
import { labelsKey, type Labels } from '#core/model/index.ts';

/** The label sets of a store, numbered. A number is on disk before a block that names it. */
export class Streams {
  readonly #db: WriteDb;
  readonly #ids = new Map<string, number>();
  readonly #labels = new Map<number, Labels>();
  /** Label sets are mostly the very same objects from record to record. */
  readonly #known = new WeakMap<Labels, number>();

  constructor(db: WriteDb) {
    this.#db = db;
    const rows = sql(db, 'select id, labels from stream').all() as { id: number; labels: string }[];
    for (const { id, labels } of rows) this.#note(id, JSON.parse(labels) as Labels);
  }

  get count(): number {
    return this.#ids.size;
  }

  has(labels: Labels): boolean {
    return this.#find(labels) !== undefined;
  }

  /** Numbers the label sets that have no number yet, on disk when this returns. */
  ensure(labelSets: readonly Labels[]): void {
    const fresh = new Map<string, Labels>();
    for (const labels of labelSets) if (this.#find(labels) === undefined) fresh.set(labelsKey(labels), labels);
    if (fresh.size === 0) return;
    const insert = sql(this.#db, 'insert into stream (labels) values (?)');
    const made = transaction(this.#db, () =>
      [...fresh.values()].map((labels) => ({ id: Number(insert.run(JSON.stringify(labels)).lastInsertRowid), labels })),
    );
    for (const { id, labels } of made) this.#note(id, labels);
  }

  /** The number of a label set that has one. */
  idOf(labels: Labels): number {
    return this.#find(labels)!;
  }

  /** The labels of a stream; none for a number that is not known, which only damage makes. */
  labelsOf(id: number): Labels {
    return this.#labels.get(id) ?? [];
  }

  #find(labels: Labels): number | undefined {
    const known = this.#known.get(labels);
    if (known !== undefined) return known;
    const id = this.#ids.get(labelsKey(labels));
    if (id !== undefined) this.#known.set(labels, id);
    return id;
  }

  #note(id: number, labels: Labels): void {
    this.#ids.set(labelsKey(labels), id);
    this.#labels.set(id, labels);
  }
}
