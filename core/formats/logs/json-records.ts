import { noLabels, type LogLevel } from '#core/model/index.ts';
import { JsonBytes } from './json-bytes.ts';
import { nameForm, nameLabels, roleOf, type Role } from './json.ts';
import { levelOfTens, levelOfWord } from './level.ts';
import { TimeBytes } from './time-bytes.ts';
import type { TimeReader } from './time.ts';
import { Words } from './words.ts';

const quote = 0x22;
const openBrace = 0x7b;
const blank = 0x20;
/** The least number that is a level by itself (JsonLines tells what smaller ones are). */
const levelNumberMin = 10;
const namesMax = 4096;

/**
 * Lines of JSON as nearly all of them are, read without making a text of them: one object of ASCII, its time and level in it by their usual
 * keys, nothing wrapped in it. Others are left to JsonLines, which must say the same of a line as this.
 */
export class JsonRecords {
  level: LogLevel = 'unknown';
  /** Names and values, laid flat; mostly the very same object from line to line. */
  stream: readonly string[] = noLabels;
  readonly #scan = new JsonBytes(roleOf);
  readonly #words = new Words();
  readonly #streams = new Map<string, readonly string[]>();
  readonly #levels = new Map<string, LogLevel>();
  readonly #time: TimeBytes;

  constructor(time: TimeReader) {
    this.#time = new TimeBytes(time);
  }

  get seconds(): number {
    return this.#time.seconds;
  }
  get nanos(): number {
    return this.#time.nanos;
  }

  /** False for a line that is to be read in the general way. */
  read(bytes: Buffer, start: number, end: number): boolean {
    const first = bytes[start];
    if ((first !== openBrace && first !== blank) || !this.#scan.scan(bytes, start, end)) return false;
    const { roles, from, to } = this.#scan;
    this.level = 'unknown';
    this.stream = noLabels;
    let hasTime = false;
    for (let i = 0; i < roles.length; i++) {
      const role = roles[i]!;
      if (role === 'time') hasTime ||= this.#timeOf(bytes, from[i]!, to[i]!);
      else if (role === 'level') {
        if (this.level === 'unknown') this.level = this.#levelOf(bytes, from[i]!, to[i]!);
      } else if (nameLabels[role] !== undefined) this.#name(role, nameLabels[role], bytes, from[i]!, to[i]!);
      else if (role !== 'message') return false;
    }
    return hasTime && this.level !== 'unknown';
  }

  #timeOf(bytes: Buffer, from: number, to: number): boolean {
    return bytes[from] === quote ? this.#time.text(bytes, from + 1, to - 1) : this.#time.number(bytes, from, to);
  }

  #levelOf(bytes: Buffer, from: number, to: number): LogLevel {
    if (bytes[from] !== quote) {
      const value = Number(this.#words.of(bytes, from, to));
      return value >= levelNumberMin ? levelOfTens(value) : 'unknown';
    }
    const word = this.#words.of(bytes, from + 1, to - 1);
    let level = this.#levels.get(word);
    if (level === undefined) {
      level = levelOfWord(word) ?? 'unknown';
      if (this.#levels.size < namesMax) this.#levels.set(word, level);
    }
    return level;
  }

  #name(role: Role, label: string, bytes: Buffer, from: number, to: number): void {
    if (bytes[from] !== quote) return;
    const text = this.#words.of(bytes, from + 1, to - 1);
    const { stream } = this;
    if (stream.length > 0) {
      if (!stream.includes(label) && nameForm.test(text)) this.stream = [...stream, label, text];
      return;
    }
    const key = `${role} ${text}`;
    let known = this.#streams.get(key);
    if (known === undefined) {
      known = nameForm.test(text) ? [label, text] : noLabels;
      if (this.#streams.size < namesMax) this.#streams.set(key, known);
    }
    this.stream = known;
  }
}
