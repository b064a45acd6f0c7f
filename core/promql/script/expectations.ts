import { EngineError, parseDuration } from '#core/model/index.ts';
import { unquote } from '../syntax/index.ts';
import { numberForm, parseNumber, parseSeries, type SeriesDescription } from './series.ts';

export type ExpectedKind = 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info' | 'ordered';

export interface Expectation {
  readonly kind: ExpectedKind;
  /** Undefined: anything will do. */
  readonly match: { readonly how: 'msg' | 'regex'; readonly text: string } | undefined;
}

const expectForm = /^expect\s+(fail|warn|no_warn|info|no_info|ordered)(?:\s+(msg|regex)\s*:\s*(.*))?$/;
const timesForm = /^expect\s+range\s+vector\s+(?:from\s+)?(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/;
const stringForm = /^expect\s+string\s+(.+)$/;
const quotedForm = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)$/;
const oldFailForm = /^expected_fail_(message|regexp)\s+(.+)$/;
const wantsForms = 'fail, warn, no_warn, info, no_info, ordered, string "..." or range vector from 10s to 1m step 10s';

/** A time as scripts write it, a duration or seconds, with a sign if need be. Throws EngineError `invalid`. */
export function timeOf(text: string): number {
  const negative = text.startsWith('-');
  const duration = parseDuration(negative ? text.slice(1) : text);
  const timeMs = duration ?? (numberForm.test(text) ? parseNumber(text.replace('-', '')) * 1000 : undefined);
  if (timeMs === undefined) throw new EngineError('invalid', `${JSON.stringify(text)} is no duration such as 5m`);
  return negative ? -timeMs : timeMs;
}

/** The lines below an `eval`: what its result must be. Each throws EngineError `invalid` for what is no such line, or contradicts others. */
export class EvalBody {
  readonly expects: Expectation[] = [];
  readonly series: SeriesDescription[] = [];
  /** A result that is a lone number. */
  scalar: number | undefined;
  text: string | undefined;
  times: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | undefined;
  readonly #isRange: boolean;

  constructor(isRange: boolean) {
    this.#isRange = isRange;
  }

  read(entry: string): void {
    if (/^expect(?:\s|$)/.test(entry)) this.#expect(entry);
    else if (entry.startsWith('expected_fail_')) this.expects.push(oldFailure(entry));
    else if (numberForm.test(entry)) this.#number(entry);
    else this.#series(entry);
  }

  #expect(entry: string): void {
    const times = timesForm.exec(entry);
    const string = stringForm.exec(entry);
    if (times !== null) {
      this.#instantOnly(entry);
      this.times = { startMs: timeOf(times[1]!), endMs: timeOf(times[2]!), stepMs: timeOf(times[3]!) };
      if (this.times.stepMs <= 0) throw new EngineError('invalid', `step ${times[3]} is not above 0`);
    } else if (string !== null) {
      this.#instantOnly(entry);
      const text = quotedForm.test(string[1]!) ? unquote(string[1]!) : undefined;
      if (text === undefined) throw new EngineError('invalid', `${string[1]} is no string in quotes`);
      this.text = text;
    } else {
      const expectation = plainExpectation(entry);
      if (expectation.kind === 'ordered') this.#instantOnly(entry);
      this.expects.push(expectation);
    }
  }

  #instantOnly(entry: string): void {
    if (this.#isRange) throw new EngineError('invalid', `${JSON.stringify(entry)} is for instant queries only`);
  }

  #number(entry: string): void {
    if (this.#isRange) throw new EngineError('invalid', 'a range query gives series, no lone number; write {} and its values');
    if (this.scalar !== undefined || this.series.length > 0) throw new EngineError('invalid', 'a lone number must be the only result');
    this.scalar = parseNumber(entry);
  }

  #series(entry: string): void {
    const series = parseSeries(entry);
    if (this.scalar !== undefined) throw new EngineError('invalid', 'a lone number must be the only result');
    if (!this.#isRange && this.times === undefined && series.points.length > 1)
      throw new EngineError('invalid', 'an instant query gives one value a series; for a range vector, write "expect range vector" above');
    this.series.push(series);
  }
}

function plainExpectation(entry: string): Expectation {
  const found = expectForm.exec(entry);
  if (found === null) throw new EngineError('invalid', `cannot read ${JSON.stringify(entry)}; what can be expected is ${wantsForms}`);
  const [, kind, how, text = ''] = found;
  if (how === undefined) return { kind: kind as ExpectedKind, match: undefined };
  if (kind === 'ordered' || kind === 'no_warn' || kind === 'no_info') throw new EngineError('invalid', `expect ${kind} takes no ${how}`);
  if (text === '') throw new EngineError('invalid', `expect ${kind} ${how}: has no text`);
  return { kind: kind as ExpectedKind, match: { how: how as 'msg' | 'regex', text } };
}

function oldFailure(entry: string): Expectation {
  const old = oldFailForm.exec(entry);
  if (old === null) throw new EngineError('invalid', `cannot read ${JSON.stringify(entry)}; write expect fail msg: TEXT`);
  return { kind: 'fail', match: { how: old[1] === 'regexp' ? 'regex' : 'msg', text: old[2]! } };
}
