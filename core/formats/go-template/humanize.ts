import { EngineError } from '#core/model/index.ts';
import { formatFloat } from './number.ts';
import { goTime, secondsOf } from './time.ts';
import { isGoObject, typeName, type GoValue } from './value.ts';

/** Prometheus' number formats for people. Each takes a number, or a text that holds one. */

const largePrefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const smallPrefixes = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const binaryPrefixes = ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** Throws EngineError `invalid` when it is no number. */
export function toNumber(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  const seconds = isGoObject(value) ? secondsOf(value) : undefined;
  if (seconds !== undefined) return seconds;
  if (typeof value !== 'string') throw new EngineError('invalid', `can't convert ${typeName(value)} to float`);
  const number = parseFloatText(value);
  if (number === undefined) throw new EngineError('invalid', `${JSON.stringify(value)} is not a number`);
  return number;
}

function parseFloatText(text: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) return /nan/i.test(text) ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const four = (value: number): string => formatFloat(value, 'g', 4);

export function humanize(value: GoValue): string {
  const number = toNumber(value);
  if (number === 0 || !Number.isFinite(number)) return four(number);
  return Math.abs(number) >= 1 ? scaleDown(number, 1000, largePrefixes) : scaleUp(number);
}

export function humanize1024(value: GoValue): string {
  const number = toNumber(value);
  return Math.abs(number) <= 1 || !Number.isFinite(number) ? four(number) : scaleDown(number, 1024, binaryPrefixes);
}

function scaleDown(value: number, step: number, prefixes: readonly string[]): string {
  let rest = value;
  let at = 0;
  while (Math.abs(rest) >= step && at < prefixes.length - 1) {
    rest /= step;
    at++;
  }
  return four(rest) + prefixes[at]!;
}

function scaleUp(value: number): string {
  let rest = value;
  let at = 0;
  while (Math.abs(rest) < 1 && at < smallPrefixes.length - 1) {
    rest *= 1000;
    at++;
  }
  return four(rest) + smallPrefixes[at]!;
}

/** Seconds as `1d 2h 3m 4s`, from the largest unit that is not zero; below a minute with four digits, below a second with a prefix. */
export function humanizeDuration(value: GoValue): string {
  const seconds = toNumber(value);
  if (!Number.isFinite(seconds)) return four(seconds);
  if (seconds === 0) return `${four(seconds)}s`;
  if (Math.abs(seconds) < 1) return `${scaleUp(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(seconds));
  const parts = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const first = parts.findIndex((part) => part !== 0);
  if (first === 3) return `${sign}${four(Math.abs(seconds))}s`;
  return (
    sign +
    parts
      .slice(first)
      .map((part, i) => `${part}${'dhms'[first + i]}`)
      .join(' ')
  );
}

export function humanizePercentage(value: GoValue): string {
  return `${four(toNumber(value) * 100)}%`;
}

/** Unix seconds as Go prints a time in UTC: `2026-01-05 03:00:00 +0000 UTC`. */
export function humanizeTimestamp(value: GoValue): string {
  const seconds = toNumber(value);
  return Number.isFinite(seconds) ? goTime(instantMs(seconds)).text! : four(seconds);
}

/** Unix ms of Unix seconds, cut to whole ms. Throws EngineError `invalid` when that is no time. */
export function instantMs(seconds: number): number {
  const timeMs = Math.trunc(seconds * 1000);
  if (Number.isNaN(new Date(timeMs).getTime())) throw new EngineError('invalid', `${seconds} seconds since 1970 is not a time`);
  return timeMs;
}
