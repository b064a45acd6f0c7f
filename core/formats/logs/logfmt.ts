import { stringEnd } from './json-scan.ts';
import { levelOfWord } from './level.ts';
import type { Reading } from './reading.ts';
import type { TimeReader } from './time.ts';

const quote = 0x22;
const equals = 0x3d;
const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d) || c === 0xa0 || c === 0x2028 || c === 0x2029 || c === 0xfeff;

type PairRole = 'time' | 'level' | 'service' | 'message';
const pairRoles = new Map<string, PairRole>([
  ...['time', 'ts', 'timestamp', 't', '@timestamp', 'datetime', 'date', 'asctime'].map((key) => [key, 'time'] as const),
  ...['level', 'at', 'lvl', 'severity', 'loglevel', 'levelname', 'log.level'].map((key) => [key, 'level'] as const),
  ...['service', 'service_name', 'service.name', 'app', 'application'].map((key) => [key, 'service'] as const),
  ['msg', 'message'],
]);
const pairsMin = 2;
const pairsMax = 256;

/** Letters, `_` and `@` begin a key; digits and `./-` go on with it. */
const keyClasses = new Uint8Array(128);
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_@') keyClasses[c.charCodeAt(0)] = 1;
for (const c of '0123456789./-') keyClasses[c.charCodeAt(0)] = 2;

/** Loggers write the same keys in the same order: what is expected at a place is compared before it is read. */
interface ExpectedKey {
  /** With its `=`. */
  readonly text: string;
  readonly role: PairRole | undefined;
}

/** logfmt: a line that begins with `key=value` pairs. */
export class LogfmtLines {
  readonly #expected: ExpectedKey[] = [];

  read(line: string, into: Reading, time: TimeReader): boolean {
    let count = 0;
    for (let at = 0; count < pairsMax && at < line.length; count++) {
      const key = this.#keyAt(line, at, count);
      const from = at + (key?.text.length ?? 0);
      const to = key === undefined ? -1 : valueEnd(line, from);
      if (to < 0) {
        if (count < pairsMin) return false;
        break;
      }
      if (key?.role !== undefined) {
        const isQuoted = to > from && line.charCodeAt(from) === quote;
        takePair(key.role, isQuoted ? line.slice(from + 1, to - 1) : line.slice(from, to), into, time);
      }
      at = to;
      while (isSpace(line.charCodeAt(at))) at++;
    }
    if (count < pairsMin) return false;
    into.format = 'logfmt';
    return true;
  }

  #keyAt(line: string, from: number, place: number): ExpectedKey | undefined {
    const expected = this.#expected[place];
    if (expected !== undefined && line.startsWith(expected.text, from)) return expected;
    if (keyClasses[line.charCodeAt(from)] !== 1) return undefined;
    let at = from + 1;
    while (keyClasses[line.charCodeAt(at)]! > 0) at++;
    if (line.charCodeAt(at) !== equals) return undefined;
    return (this.#expected[place] = { text: line.slice(from, at + 1), role: pairRoles.get(line.slice(from, at)) });
  }
}

/** Behind the value at `from`, its quotes included; -1 when it is none that blanks or the end follow. */
function valueEnd(line: string, from: number): number {
  if (line.charCodeAt(from) === quote) {
    const to = stringEnd(line, from);
    return to < 0 || (to < line.length && !isSpace(line.charCodeAt(to))) ? -1 : to;
  }
  let at = from;
  for (; at < line.length; at++) {
    const c = line.charCodeAt(at);
    if (c === quote) return -1;
    if (isSpace(c)) break;
  }
  return at;
}

function takePair(role: PairRole, value: string, into: Reading, time: TimeReader): void {
  if (role === 'level') into.level = levelOfWord(value) ?? into.level;
  else if (role === 'service') {
    if (into.stream.length === 0 && /^(?![\d.]+(?:[mun]?s)?$)[^\s"]{1,100}$/.test(value)) into.stream = ['service_name', value];
  } else if (into.hasTime) return;
  else if (role === 'time') {
    if (time.at(value, 0) || (/^\d+(?:\.\d+)?$/.test(value) && time.number(Number(value)))) into.takeTime(time);
    // auditd: seconds since 1970 with three decimals, then the number of the event.
  } else if (value.startsWith('audit(') && time.at(value.replace(/:\d+\).*$/, ''), 6)) into.takeTime(time);
}
