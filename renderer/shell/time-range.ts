import { formatDuration, parseDuration, parseTime } from '#core/model/index.ts';
import type { Zone } from '../ui/format.ts';

/**
 * A time range as the person said it. Each end is an expression: `now`, `now-6h`, `now-1d/d`, RFC 3339,
 * `2026-11-21 03:00`, Unix seconds, milliseconds, microseconds or nanoseconds. `all` as `from` means all that is stored.
 */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export const startRange: TimeRange = { from: 'now-1h', to: 'now' };

export const presets: readonly { readonly title: string; readonly range: TimeRange }[] = [
  ...['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d', '90d'].map((span) => ({
    title: `Last ${span}`,
    range: { from: `now-${span}`, to: 'now' },
  })),
  { title: 'All data', range: { from: 'all', to: 'now' } },
];

type CalendarUnit = 's' | 'm' | 'h' | 'd' | 'w' | 'M' | 'y';
const relativeForm = /^now(?:([+-])((?:\d+(?:ms|[smhdwMy]))+))?(?:\/([smhdwMy]))?$/;

/** The time an expression means; undefined when it means none. `end` rounds `/d` up to the end of the day, as Grafana does. */
export function resolveTime(text: string, nowMs: number, zone: Zone, end = false): number | undefined {
  const expr = text.trim();
  const relative = relativeForm.exec(expr);
  if (relative !== null) {
    const [, sign, span = '', round] = relative;
    const moved = span === '' ? nowMs : moveBy(nowMs, span, sign === '-' ? -1 : 1, zone);
    return round === undefined ? moved : roundTo(moved, round as CalendarUnit, zone, end);
  }
  return resolveEpoch(expr) ?? resolveWritten(expr, zone);
}

function moveBy(fromMs: number, span: string, sign: 1 | -1, zone: Zone): number {
  let ms = fromMs;
  for (const [, count, unit] of span.matchAll(/(\d+)(ms|[smhdwMy])/g)) {
    if (unit === 'M' || unit === 'y') {
      const date = wall(ms, zone);
      date.setUTCMonth(date.getUTCMonth() + sign * Number(count) * (unit === 'y' ? 12 : 1));
      ms = unwall(date, zone);
    } else ms += sign * parseDuration(`${count}${unit}`)!;
  }
  return ms;
}

function roundTo(ms: number, unit: CalendarUnit, zone: Zone, up: boolean): number {
  const date = wall(ms, zone);
  if (unit === 'y') date.setUTCMonth(0, 1);
  if (unit === 'M') date.setUTCDate(1);
  if (unit === 'w') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7)); // weeks begin on Monday
  if (unit === 's') date.setUTCMilliseconds(0);
  else if (unit === 'm') date.setUTCSeconds(0, 0);
  else if (unit === 'h') date.setUTCMinutes(0, 0, 0);
  else date.setUTCHours(0, 0, 0, 0);
  const downMs = unwall(date, zone);
  return up ? moveBy(downMs, `1${unit}`, 1, zone) : downMs;
}

/** A date whose UTC fields are the wall clock of the zone. */
const wall = (ms: number, zone: Zone): Date => new Date(zone === 'utc' ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
const unwall = (date: Date, zone: Zone): number =>
  zone === 'utc'
    ? date.getTime()
    : new Date(
        date.getUTCFullYear(),
        date.getUTCMonth(),
        date.getUTCDate(),
        date.getUTCHours(),
        date.getUTCMinutes(),
        date.getUTCSeconds(),
        date.getUTCMilliseconds(),
      ).getTime();

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size. */
function resolveEpoch(text: string): number | undefined {
  if (!/^\d{9,19}(\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  if (value < 1e11) return Math.round(value * 1e3);
  return Math.round(value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6);
}

function resolveWritten(text: string, zone: Zone): number | undefined {
  const withZone = text.includes('-') ? parseTime(text) : undefined;
  if (withZone !== undefined) return withZone;
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,3})?)?)?$/.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0, part = 0] = parts.slice(1).map((one) => (one === undefined ? undefined : Number(one)));
  const date = new Date(Date.UTC(year!, month! - 1, day, hour, minute, second, Math.round(part * 1000)));
  return date.getUTCMonth() === month! - 1 ? unwall(date, zone) : undefined;
}

/** What a person typed in the range box: `6h`, `last 6h`, `now-6h to now`, `yesterday`, `2026-11-21 03:00 to 04:00`, `all`. */
export function parseRange(text: string, nowMs: number, zone: Zone): TimeRange | undefined {
  const typed = text.trim().replace(/^last\s+/i, '');
  if (/^all( data)?$/i.test(typed)) return { from: 'all', to: 'now' };
  if (/^today$/i.test(typed)) return { from: 'now/d', to: 'now' };
  if (/^yesterday$/i.test(typed)) return { from: 'now-1d/d', to: 'now-1d/d' };
  if (/^(\d+(ms|[smhdwMy]))+$/.test(typed)) return { from: `now-${typed}`, to: 'now' };
  const [from = '', to = 'now', ...more] = typed.split(/\s+(?:to|until|\u2013|\u2192)\s+/);
  const end = /^\d\d:\d\d(:\d\d)?$/.test(to) ? `${from.slice(0, 10)} ${to}` : to;
  const startMs = resolveTime(from, nowMs, zone);
  const endMs = resolveTime(end, nowMs, zone, true);
  return more.length > 0 || startMs === undefined || endMs === undefined || startMs >= endMs ? undefined : { from, to: end };
}

/** Whether the range moves with the clock. */
export const isLive = (range: TimeRange): boolean => range.to.startsWith('now');

/** For the button that shows it. */
export function describeRange(range: TimeRange): string {
  const preset = presets.find((one) => one.range.from === range.from && one.range.to === range.to);
  if (preset !== undefined) return preset.title;
  const span = /^now-((?:\d+(?:ms|[smhdwMy]))+)$/.exec(range.from)?.[1];
  return span !== undefined && range.to === 'now' ? `Last ${span}` : `${range.from} to ${range.to}`;
}

/** The range in a link, from Prometheus' names (`g0.range_input`, `g0.end_input`) or Grafana's (`from`, `to`). */
export function rangeFromParams(params: ReadonlyMap<string, string>): TimeRange | undefined {
  const from = params.get('from');
  if (from !== undefined) return { from, to: params.get('to') ?? 'now' };
  const span = params.get('g0.range_input');
  const spanMs = span === undefined ? undefined : parseDuration(span);
  if (spanMs === undefined) return undefined;
  const endMs = resolveTime(params.get('g0.end_input') ?? '', 0, 'utc');
  return endMs === undefined ? { from: `now-${span}`, to: 'now' } : { from: stampUtc(endMs - spanMs), to: stampUtc(endMs) };
}

/** The range as Prometheus writes it where it can, else as Grafana does. */
export function rangeToPrometheus(range: TimeRange): Record<string, string> {
  const span = /^now-((?:\d+(?:ms|[smhdwy]))+)$/.exec(range.from)?.[1];
  if (span !== undefined && range.to === 'now') return { 'g0.range_input': span };
  const startMs = resolveTime(range.from, Number.NaN, 'utc');
  const endMs = resolveTime(range.to, Number.NaN, 'utc');
  if (startMs === undefined || endMs === undefined || !(endMs > startMs)) return { from: range.from, to: range.to };
  return { 'g0.range_input': formatDuration(endMs - startMs), 'g0.end_input': stampUtc(endMs).slice(0, 19).replace('T', ' ') };
}

/** A range of two fixed times, in UTC. */
export const fixedRange = (startMs: number, endMs: number): TimeRange => ({ from: stampUtc(startMs), to: stampUtc(endMs) });
const stampUtc = (ms: number): string => new Date(Math.round(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** A step for a range query: about `points` points, a whole number of seconds that divides minutes or hours evenly. */
export function stepFor(spanMs: number, points: number): number {
  const wantedMs = spanMs / points;
  return niceStepsMs.find((stepMs) => stepMs >= wantedMs) ?? Math.ceil(wantedMs / 86_400_000) * 86_400_000;
}
const niceStepsMs = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map((s) => s * 1000);
