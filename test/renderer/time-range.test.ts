import { describe, expect, test } from 'vitest';
import {
  describeRange,
  fixedRange,
  isLive,
  parseRange,
  rangeFromParams,
  rangeToPrometheus,
  resolveTime,
  stepFor,
} from '../../renderer/shell/time-range.ts';

const nowMs = Date.UTC(2026, 10, 21, 3, 4, 5);
const at = (text: string): number => Date.parse(text);

describe('a time', () => {
  test.each([
    ['now', '2026-11-21T03:04:05Z'],
    ['now-15m', '2026-11-21T02:49:05Z'],
    ['now-1h30m', '2026-11-21T01:34:05Z'],
    ['now+1d', '2026-11-22T03:04:05Z'],
    ['now-1M', '2026-10-21T03:04:05Z'],
    ['now-2y', '2024-11-21T03:04:05Z'],
    ['now/d', '2026-11-21T00:00:00Z'],
    ['now-1d/d', '2026-11-20T00:00:00Z'],
    ['now/w', '2026-11-16T00:00:00Z'],
    ['now/M', '2026-11-01T00:00:00Z'],
    ['2026-11-21T03:00:00+02:00', '2026-11-21T01:00:00Z'],
    ['2026-11-21', '2026-11-21T00:00:00Z'],
    ['2026-11-21 03:00', '2026-11-21T03:00:00Z'],
    ['2026-11-21 03:00:07.5', '2026-11-21T03:00:07.5Z'],
    ['1795230245', '2026-11-21T03:04:05Z'],
    ['1795230245000', '2026-11-21T03:04:05Z'],
    ['1795230245000000', '2026-11-21T03:04:05Z'],
    ['1795230245000000000', '2026-11-21T03:04:05Z'],
  ])('%s is %s', (text, meant) => {
    expect(resolveTime(text, nowMs, 'utc')).toBe(at(meant));
  });

  test.each(['', 'soon', 'now-', 'now-5q', '2026-02-30', '12', '2026-11-21 25:61:00x'])('%j is none', (text) => {
    expect(resolveTime(text, nowMs, 'utc')).toBeUndefined();
  });

  test('an end rounds up', () => {
    expect(resolveTime('now-1d/d', nowMs, 'utc', true)).toBe(at('2026-11-21T00:00:00Z'));
  });
});

describe('a typed range', () => {
  test.each([
    ['6h', { from: 'now-6h', to: 'now' }],
    ['last 45m', { from: 'now-45m', to: 'now' }],
    ['All data', { from: 'all', to: 'now' }],
    ['yesterday', { from: 'now-1d/d', to: 'now-1d/d' }],
    ['now-2d to now-1d', { from: 'now-2d', to: 'now-1d' }],
    ['2026-11-21 01:00 to 02:00', { from: '2026-11-21 01:00', to: '2026-11-21 02:00' }],
    ['2026-11-20', { from: '2026-11-20', to: 'now' }],
  ])('%s', (text, range) => {
    expect(parseRange(text, nowMs, 'utc')).toEqual(range);
  });

  test.each(['', 'x', 'now to now-1h', '2026-11-21 02:00 to 01:00', 'a to b to c'])('%j is none', (text) => {
    expect(parseRange(text, nowMs, 'utc')).toBeUndefined();
  });
});

describe('a range in a link', () => {
  test('Prometheus writes a span and an end', () => {
    expect(rangeToPrometheus({ from: 'now-3h', to: 'now' })).toEqual({ 'g0.range_input': '3h' });
    expect(rangeToPrometheus({ from: '2026-11-21T01:00:00Z', to: '2026-11-21T02:30:00Z' })).toEqual({
      'g0.range_input': '1h30m',
      'g0.end_input': '2026-11-21 02:30:00',
    });
  });

  test('what Prometheus cannot say is said as Grafana does', () => {
    expect(rangeToPrometheus({ from: 'all', to: 'now' })).toEqual({ from: 'all', to: 'now' });
    expect(rangeToPrometheus({ from: 'now-1d/d', to: 'now-1d/d' })).toEqual({ from: 'now-1d/d', to: 'now-1d/d' });
  });

  test.each([
    { from: 'now-3h', to: 'now' },
    { from: '2026-11-21T01:00:00Z', to: '2026-11-21T02:30:00Z' },
    { from: 'all', to: 'now' },
    { from: 'now-2d', to: 'now-1d' },
  ])('%o comes back', (range) => {
    expect(rangeFromParams(new Map(Object.entries(rangeToPrometheus(range))))).toEqual(range);
  });

  test('no range', () => {
    expect(rangeFromParams(new Map([['g0.range_input', 'ages']]))).toBeUndefined();
  });
});

test('a range is described by its preset, its span, or its ends', () => {
  expect(describeRange({ from: 'now-6h', to: 'now' })).toBe('Last 6h');
  expect(describeRange({ from: 'now-7m', to: 'now' })).toBe('Last 7m');
  expect(describeRange({ from: 'all', to: 'now' })).toBe('All data');
  expect(describeRange({ from: 'now-2d', to: 'now-1d' })).toBe('now-2d to now-1d');
  expect(isLive(fixedRange(nowMs - 1, nowMs))).toBe(false);
});

test('steps are round and never below a second', () => {
  expect(stepFor(3_600_000, 250)).toBe(15_000);
  expect(stepFor(86_400_000, 250)).toBe(600_000);
  expect(stepFor(10_000, 250)).toBe(1_000);
  expect(stepFor(3 * 365 * 86_400_000, 250)).toBe(5 * 86_400_000);
});
