import { digits } from './time-forms.ts';

/** A form of times whose seconds are two digits: most lines of a log are of the same minute as the line before, and differ in these only. */
export class Minute {
  /** Unix seconds at which the minute begins. */
  seconds = 0;
  #head = '';
  #tail = '';

  /** What stood before the seconds of a time, and what must follow them. */
  note(head: string, tail: string, seconds: number): void {
    this.#head = head;
    this.#tail = tail;
    this.seconds = seconds;
  }

  /** The seconds of the time at `from`, 0 to 59; -1 when it is not of this minute. */
  secondAt(line: string, from: number): number {
    const at = from + this.#head.length;
    if (this.#head === '' || !line.startsWith(this.#head, from) || !line.startsWith(this.#tail, at + 2)) return -1;
    const second = digits(line, at, 2);
    return second <= 59 ? second : -1;
  }

  /** Behind the seconds of the time at `from`. */
  endFrom(from: number): number {
    return from + this.#head.length + 2;
  }
}
