/** A line that was not understood, or was changed. */
export interface LineFault {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** What became of a file's lines: `lines` = `understood` + `joined` + `notUnderstood` + `blank`. */
export interface LogFileReport {
  /** Such as `JSON`, or `mixed: JSON, logfmt`; `unknown` when nothing was understood. */
  readonly format: string;
  readonly lines: number;
  readonly understood: number;
  /** Lines that went on with the record before them. */
  readonly joined: number;
  /** Lines kept as they are, with the time of the line before. */
  readonly notUnderstood: number;
  readonly blank: number;
  readonly records: number;
  /** The first of them, with the reasons. */
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
  /** What was assumed on the way, a sentence each. */
  readonly notes: readonly string[];
}

const faultsMax = 1000;

export class LogReport {
  lines = 0;
  blank = 0;
  joined = 0;
  records = 0;
  /** Lines of a known format that have no time. */
  timeless = 0;
  /** Times without a year or a date. */
  partialTimes = 0;
  #understood = 0;
  #notUnderstood = 0;
  #faultCount = 0;
  #badUtf8 = 0;
  #last = '';
  #lastCount = 0;
  readonly #formats = new Map<string, number>();
  readonly #faults: LineFault[] = [];

  understood(format: string): void {
    this.#understood++;
    if (format === this.#last) {
      this.#lastCount++;
      return;
    }
    this.#settle();
    this.#last = format;
    this.#lastCount = 1;
  }

  fault(reason: string, isWhole: boolean): void {
    this.#faultCount++;
    if (isWhole) this.#notUnderstood++;
    if (this.#faults.length < faultsMax) this.#faults.push({ line: this.lines, reason });
  }

  noteBadUtf8(): void {
    this.#badUtf8++;
  }

  ofJournal(entries: number, bad: number): void {
    this.lines = entries;
    this.records = entries - bad;
    this.#understood = entries - bad;
    this.#notUnderstood = bad;
    this.#formats.set('journald export', entries);
    if (bad > 0 && this.#faultCount === 0) {
      this.#faultCount = bad;
      this.#faults.push({ line: 0, reason: `${bad} entries have no time or no message` });
    }
  }

  done(): LogFileReport {
    this.#settle();
    return {
      format: this.#format(),
      lines: this.lines,
      understood: this.#understood,
      joined: this.joined,
      notUnderstood: this.#notUnderstood,
      blank: this.blank,
      records: this.records,
      faults: this.#faults,
      faultCount: this.#faultCount,
      notes: this.#notes(),
    };
  }

  #settle(): void {
    if (this.#lastCount > 0) this.#formats.set(this.#last, (this.#formats.get(this.#last) ?? 0) + this.#lastCount);
    this.#lastCount = 0;
  }

  #format(): string {
    const names = [...this.#formats].sort((a, b) => b[1] - a[1]).flatMap(([name]) => (name === 'header' ? [] : [name]));
    if (names.length === 0) return 'unknown';
    return names.length === 1 ? names[0]! : `mixed: ${names.join(', ')}`;
  }

  #notes(): string[] {
    const notes: string[] = [];
    if (this.partialTimes > 0) notes.push(`${this.partialTimes} times have no year or no date; they were put before the file's own time`);
    if (this.timeless > 0) notes.push(`${this.timeless} lines of a known format have no time; they have the time of the line before`);
    if (this.#badUtf8 > 0) notes.push(`${this.#badUtf8} lines hold bytes that are no UTF-8; each was replaced by U+FFFD`);
    return notes;
  }
}
