/** Axes: where ticks stand and what they say. All pure. */
import type { Zone } from '../ui/format.ts';
import { formatClock, formatDay } from '../ui/format.ts';

export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** A value axis that holds [low, high] with about `tickCount` round steps of 1, 2, 2.5 or 5; bytes step in powers of two. */
export function valueAxis(low: number, high: number, tickCount: number, binary = false): Axis {
  if (!(low <= high)) return { min: 0, max: 1, step: 0.5 };
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.5;
    return valueAxis(low >= 0 ? Math.max(0, low - room) : low - room, low < 0 ? Math.min(0, high + room) : high + room, tickCount, binary);
  }
  const step = binary ? binaryStep((high - low) / tickCount) : decimalStep((high - low) / tickCount);
  return { min: Math.floor(low / step + 1e-9) * step, max: Math.ceil(high / step - 1e-9) * step, step };
}

function decimalStep(raw: number): number {
  const size = 10 ** Math.floor(Math.log10(raw));
  return size * ([1, 2, 2.5, 5, 10].find((one) => one * size >= raw * 0.999) ?? 10);
}

const binaryStep = (raw: number): number => (raw < 1 ? decimalStep(raw) : 2 ** Math.ceil(Math.log2(raw)));

export function valueTicks(axis: Axis): number[] {
  const count = Math.round((axis.max - axis.min) / axis.step);
  return Array.from({ length: count + 1 }, (_none, i) => Number((axis.min + i * axis.step).toPrecision(12)));
}

const timeStepsS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
];

export interface TimeTick {
  readonly ms: number;
  readonly text: string;
}

/** Round times of the zone's wall clock, about one every `gapPx`; the date shows where a day begins. */
export function timeTicks(startMs: number, endMs: number, widthPx: number, zone: Zone, gapPx = 90): TimeTick[] {
  const wantedMs = ((endMs - startMs) / Math.max(1, widthPx)) * gapPx;
  const stepS = timeStepsS.find((s) => s * 1000 >= wantedMs);
  if (stepS === undefined) return monthTicks(startMs, endMs, wantedMs, zone);
  const stepMs = stepS * 1000;
  const offsetMs = zone === 'utc' ? 0 : -new Date(startMs).getTimezoneOffset() * 60_000;
  const ticks: TimeTick[] = [];
  for (let ms = Math.ceil((startMs + offsetMs) / stepMs) * stepMs - offsetMs; ms <= endMs; ms += stepMs)
    ticks.push({ ms, text: tickText(ms, stepMs, zone) });
  return ticks;
}

const monthSteps = [2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000];
const monthMs = 30.44 * 86_400_000;

/** Beginnings of months or years of the zone, for ranges of which a month is a small part. */
function monthTicks(startMs: number, endMs: number, wantedMs: number, zone: Zone): TimeTick[] {
  const step = monthSteps.find((months) => months * monthMs >= wantedMs) ?? monthSteps.at(-1)!;
  const monthOf = (day: string): number => Number(day.slice(0, -6)) * 12 + Number(day.slice(-5, -3)) - 1;
  const first = Math.ceil(monthOf(formatDay(startMs, zone)) / step) * step;
  const last = monthOf(formatDay(endMs, zone));
  const ticks: TimeTick[] = [];
  for (let month = first; month <= last; month += step) {
    const date = zone === 'utc' ? new Date(Date.UTC(0, month)) : new Date(0, month);
    if (zone === 'utc') date.setUTCFullYear(Math.floor(month / 12));
    else date.setFullYear(Math.floor(month / 12));
    const ms = date.getTime();
    if (ms >= startMs && ms <= endMs) ticks.push({ ms, text: formatDay(ms, zone).slice(0, step % 12 === 0 ? -6 : -3) });
  }
  return ticks;
}

function tickText(ms: number, stepMs: number, zone: Zone): string {
  const clock = formatClock(ms, zone);
  if (stepMs >= 86_400_000 || clock === '00:00:00') return formatDay(ms, zone).slice(5);
  return stepMs < 60_000 ? clock : clock.slice(0, 5);
}
