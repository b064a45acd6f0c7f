import { describe, expect, test } from 'vitest';
import {
  exactValue,
  formatAgo,
  formatAmount,
  formatSpan,
  formatStamp,
  formatValue,
  plural,
  zonedTimes,
  type Unit,
} from '../../renderer/ui/format.ts';
import { visibleLine, visibleText } from '../../renderer/ui/visible.ts';
import { sortRows } from '../../renderer/ui/table.ts';
import { scrollToRow, virtualWindow } from '../../renderer/ui/virtual-window.ts';

describe('values', () => {
  test.each<[number, Unit, string]>([
    [0, 'none', '0'],
    [1234.5678, 'none', '1235'],
    [0.0412345, 'none', '0.04123'],
    [12_345_678, 'none', '12.3M'],
    [-5, 'none', '\u22125'],
    [1e-9, 'none', '1e-9'],
    [Number.NaN, 'seconds', 'NaN'],
    [Number.NEGATIVE_INFINITY, 'none', '\u2212Inf'],
    [0.2312, 'percent', '23.1 %'],
    [1, 'percent', '100 %'],
    [0.000_25, 'seconds', '250 µs'],
    [0.25, 'seconds', '250 ms'],
    [1.83, 'seconds', '1.83 s'],
    [7_500, 'seconds', '2h 5m'],
    [1_536, 'bytes', '1.5 KiB'],
    [1_073_741_824, 'bytes/s', '1 GiB/s'],
    [227.84, 'per second', '228/s'],
    [12_000, 'per second', '12k/s'],
  ])('%d in %s is %s', (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });

  test('are copied whole', () => {
    expect([0.1 + 0.2, Number.POSITIVE_INFINITY, Number.NaN].map(exactValue)).toEqual(['0.30000000000000004', '+Inf', 'NaN']);
  });
});

test('amounts stand in the unit that a runbook wrote', () => {
  expect([formatAmount(0.8, 'ratio'), formatAmount(300, 'seconds'), formatAmount(10, 'sessions'), formatAmount(1, '')]).toEqual([
    '80 %',
    '5m',
    '10 sessions',
    '1',
  ]);
});

test('spans have two units at most', () => {
  expect([0, 340, 10_000, 250_000, 7_500_000, 90_000_000, -60_000].map(formatSpan)).toEqual([
    '0s',
    '340ms',
    '10s',
    '4m 10s',
    '2h 5m',
    '1d 1h',
    '\u22121m',
  ]);
});

test('ages and counts', () => {
  expect([formatAgo(1_000, 61_000), formatAgo(61_000, 1_000), formatAgo(1_000, 1_200)]).toEqual(['1m ago', 'in 1m', 'now']);
  expect([plural(1, 'alert'), plural(1_200, 'alert'), plural(2, 'series', 'series')]).toEqual(['1 alert', '1,200 alerts', '2 series']);
  expect(formatStamp(Date.UTC(2026, 10, 21, 3, 4, 5), 'utc')).toBe('2026-11-21 03:04:05');
});

test('times within a sentence are written in the zone of the screen', () => {
  expect(zonedTimes('told at 2026-11-21T03:04:05.651Z; again after 2026-11-21T07:04:05Z.', 'utc')).toBe(
    'told at 2026-11-21 03:04:05; again after 2026-11-21 07:04:05.',
  );
  expect(zonedTimes('told at 2026-11-21T03:04:05Z', 'local')).toBe(`told at ${formatStamp(Date.UTC(2026, 10, 21, 3, 4, 5), 'local')}`);
  expect(zonedTimes('version 2026-11-21 of job a', 'utc')).toBe('version 2026-11-21 of job a');
});

describe('text from outside', () => {
  test('controls and marks that turn text around become glyphs', () => {
    expect(visibleLine('a\u001b[31mred\u0007')).toBe('a␛[31mred␇');
    expect(visibleLine('abc\u202etxt.exe')).toBe('abc⟨U+202E⟩txt.exe');
    expect(visibleLine('a\nb\tc')).toBe('a␊b␉c');
    expect(visibleText('a\nb\tc\r')).toBe('a\nb\tc␍');
    expect(visibleLine('zero\u200bwidth \u007f \u0085')).toBe('zero⟨U+200B⟩width ␡ ⟨U+0085⟩');
  });
  test('markup stays what it is', () => expect(visibleLine('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>'));
  test('a megabyte is cut', () => expect(visibleLine('x'.repeat(1_000_000))).toMatch(/^x{4096}… \(995904 more characters\)$/));
});

describe('long lists', () => {
  test('draw what is seen and a little more', () => {
    expect(virtualWindow(0, 440, 44, 3_000)).toEqual({ from: 0, to: 18, offsetPx: 0, totalPx: 132_000 });
    expect(virtualWindow(44_000, 440, 44, 3_000)).toEqual({ from: 992, to: 1018, offsetPx: 43_648, totalPx: 132_000 });
  });
  test('that became short under the scroll bar draw their end', () => {
    expect(virtualWindow(44_000, 440, 44, 5)).toEqual({ from: 5, to: 5, offsetPx: 220, totalPx: 220 });
  });
  test('scroll only as far as needed', () => {
    expect([scrollToRow(2, 100, 440, 44), scrollToRow(5, 100, 440, 44), scrollToRow(20, 100, 440, 44)]).toEqual([88, 100, 484]);
  });
});

test('tables sort by number or text, with nothing last', () => {
  const rows = [{ v: 2 }, { v: undefined }, { v: 10 }, { v: Number.NaN }, { v: 1 }];
  const values = (descending: boolean): unknown[] => sortRows(rows, (row) => row.v, descending).map((row) => row.v);
  expect(values(false)).toEqual([1, 2, 10, undefined, Number.NaN]);
  expect(values(true)).toEqual([10, 2, 1, undefined, Number.NaN]);
  expect(sortRows(rows, undefined, true)).toBe(rows);
});
