/** Numbers, sizes and durations for people. A minus is U+2212, so that columns align with tabular digits. */

export type Unit = 'none' | 'percent' | 'seconds' | 'bytes' | 'bytes/s' | 'per second';

const minus = (text: string): string => text.replace(/^-/, '\u2212');
const siSteps = ['', 'k', 'M', 'G', 'T', 'P'] as const;
const byteSteps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** At most `digits` significant digits, without trailing zeros: 1234.5 -> 1235, 0.04123 -> 0.0412. */
function significant(value: number, digits: number): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -6) return value.toExponential(Math.max(0, digits - 1)).replace(/\.?0+e/, 'e');
  const decimals = Math.max(0, digits - 1 - magnitude);
  return decimals === 0 ? String(Math.round(value)) : value.toFixed(Math.min(decimals, 20)).replace(/\.?0+$/, '');
}

function scaled(value: number, base: number, steps: readonly string[], digits: number, parting: string): string {
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= base && step < steps.length - 1) {
    rest /= base;
    step++;
  }
  const name = steps[step]!;
  return name === '' ? significant(rest, digits) : `${significant(rest, digits)}${parting}${name}`;
}

/** A value in its unit, short enough for an axis. */
export function formatValue(value: number, unit: Unit = 'none', digits = 3): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '\u2212Inf';
  switch (unit) {
    case 'percent':
      return minus(`${significant(value * 100, digits)} %`);
    case 'seconds':
      return minus(formatSeconds(value, digits));
    case 'bytes':
      return minus(scaled(value, 1024, byteSteps, digits, ' '));
    case 'bytes/s':
      return minus(`${scaled(value, 1024, byteSteps, digits, ' ')}/s`);
    case 'per second':
      return minus(`${scaled(value, 1000, siSteps, digits, '')}/s`);
    case 'none':
      return minus(Math.abs(value) < 10_000 ? significant(value, Math.max(digits, 4)) : scaled(value, 1000, siSteps, digits, ''));
  }
}

function formatSeconds(seconds: number, digits: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${significant(seconds * 1e6, digits)} µs`;
  if (size < 1) return `${significant(seconds * 1e3, digits)} ms`;
  if (size < 60) return `${significant(seconds, digits)} s`;
  return formatSpan(seconds * 1000);
}

/** The whole value, for tables and clipboards: what PromQL would read back. */
export function exactValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** A value in a unit that a person wrote, as runbooks do: `ratio` is shown per cent, seconds and bytes are scaled, other words stand behind. */
export function formatAmount(value: number, unit: string): string {
  if (unit === 'ratio') return formatValue(value, 'percent', 4);
  if (unit === 'seconds' || unit === 'bytes') return formatValue(value, unit, 4);
  return unit === '' ? formatValue(value, 'none', 6) : `${formatValue(value, 'none', 6)} ${unit}`;
}

export const formatBytes = (bytes: number): string => formatValue(bytes, 'bytes');
/** 1234567 -> `1,234,567`. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US');

const spanUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration as its two largest units: `2h 5m`, `4m 10s`, `0s`. */
export function formatSpan(durationMs: number): string {
  const sign = durationMs < 0 ? '\u2212' : '';
  const size = Math.abs(durationMs);
  if (size > 0 && size < 1_000) return `${sign}${Math.round(size)}ms`;
  const first = spanUnits.findIndex(([, unitMs]) => size >= unitMs);
  if (first === -1) return '0s';
  const [name, unitMs] = spanUnits[first]!;
  const count = Math.floor(size / unitMs);
  const next = spanUnits[first + 1];
  const rest = next === undefined ? 0 : Math.floor((size - count * unitMs) / next[1]);
  return `${sign}${count}${name}${rest === 0 ? '' : ` ${rest}${next![0]}`}`;
}

/** `4m 10s ago`, `in 2h`, `now`. */
export function formatAgo(timeMs: number, nowMs: number): string {
  const pastMs = nowMs - timeMs;
  if (Math.abs(pastMs) < 1_000) return 'now';
  return pastMs > 0 ? `${formatSpan(pastMs)} ago` : `in ${formatSpan(-pastMs)}`;
}

export type Zone = 'local' | 'utc';

/** `2026-11-21 03:04:05` in the zone asked for. */
export function formatStamp(timeMs: number, zone: Zone): string {
  return `${formatDay(timeMs, zone)} ${formatClock(timeMs, zone)}`;
}

/** A sentence with its RFC 3339 times in UTC written as every other time on the screen, in the zone asked for. */
export function zonedTimes(sentence: string, zone: Zone): string {
  return sentence.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) => formatStamp(Date.parse(time), zone));
}

/** `2026-11-21`. */
export function formatDay(timeMs: number, zone: Zone): string {
  return shifted(timeMs, zone).toISOString().slice(0, 10);
}

/** `03:04:05`. */
export function formatClock(timeMs: number, zone: Zone): string {
  return shifted(timeMs, zone).toISOString().slice(11, 19);
}

/** A date whose UTC fields read as the zone's wall clock. */
function shifted(timeMs: number, zone: Zone): Date {
  const bounded = Math.max(-8.64e15, Math.min(8.64e15, timeMs));
  const offsetMs = zone === 'utc' ? 0 : -new Date(bounded).getTimezoneOffset() * 60_000;
  return new Date(bounded + offsetMs);
}

/** The zone's name as an offset: `UTC`, `UTC+2`, `UTC−3:30`. */
export function zoneName(zone: Zone, timeMs: number): string {
  const minutes = zone === 'utc' ? 0 : -new Date(timeMs).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '\u2212' : '+'}${Math.floor(Math.abs(minutes) / 60)}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${formatCount(count)} ${count === 1 ? one : many}`;
