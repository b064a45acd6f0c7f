const distinctMax = 255;
/** After so many values a column that hardly repeats any is taken for one of many different ones. */
const trialValues = 64;
const trialDistinct = 48;
const prime = 0x01000193;

/** The values of one variable while a block is filled: numbers into a list of different ones for as long as those are few. */
export class Values {
  /** Undefined once there are too many different ones. */
  distinct: string[] | undefined = [];
  readonly codes: number[] = [];
  #all: string[] = [];
  readonly #byHash = new Map<number, number>();

  get count(): number {
    return this.distinct === undefined ? this.#all.length : this.codes.length;
  }

  /** Takes `text` from `from` to `to`. A value that is known costs no memory. */
  add(text: string, from: number, to: number): void {
    const { distinct } = this;
    if (distinct === undefined) {
      this.#all.push(text.slice(from, to));
      return;
    }
    let hash = to - from;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), prime);
    const code = this.#byHash.get(hash);
    if (code === undefined) this.#addNew(distinct, hash, text.slice(from, to));
    else if (distinct[code]!.length === to - from && text.startsWith(distinct[code]!, from)) this.codes.push(code);
    else this.#giveUp(distinct, text.slice(from, to));
  }

  /** Every value in order. */
  all(): readonly string[] {
    const { distinct } = this;
    return distinct === undefined ? this.#all : this.codes.map((code) => distinct[code]!);
  }

  #addNew(distinct: string[], hash: number, value: string): void {
    const isMany =
      distinct.length >= distinctMax ||
      (this.codes.length >= trialValues && distinct.length > trialDistinct && distinct.length * 4 > this.codes.length * 3);
    if (isMany) return this.#giveUp(distinct, value);
    this.#byHash.set(hash, distinct.length);
    this.codes.push(distinct.length);
    distinct.push(value);
  }

  #giveUp(distinct: readonly string[], value: string): void {
    this.#all = this.codes.map((code) => distinct[code]!);
    this.#all.push(value);
    this.distinct = undefined;
  }
}
