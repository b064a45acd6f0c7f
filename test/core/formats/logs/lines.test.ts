import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LogLines } from '#core/formats/index.ts';
import type { LogRecord } from '#core/model/index.ts';
import { readShared, sharedData } from '../../../support/shared-data.ts';

const nowMs = Date.parse('2026-11-21T14:00:00Z');

function read(
  text: string | Uint8Array,
  source: { zone?: string; offsetMs?: number; chunk?: number } = {},
): { records: LogRecord[]; lines: LogLines } {
  const { chunk = Number.POSITIVE_INFINITY, ...rest } = source;
  const bytes = Buffer.from(text);
  const lines = new LogLines({ labels: ['filename', 'x.log'], nowMs, ...rest });
  const records: LogRecord[] = [];
  for (let at = 0; at < bytes.length; at += chunk) records.push(...lines.push(bytes.subarray(at, Math.min(bytes.length, at + chunk))).records());
  records.push(...lines.end().records());
  return { records, lines };
}

const iso = ({ timeNs }: LogRecord): string =>
  `${new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, -1)}${String(timeNs % 1_000_000n).padStart(6, '0')}Z`;

describe('lines of a source', () => {
  test('the zone of a source counts where a line names none, summer time too; an offset moves all', () => {
    const text = '2026-07-01 12:00:00 INFO x\n2026-01-05 12:00:00Z INFO y\n';
    expect(read(text, { zone: 'Europe/Berlin' }).records.map(iso)).toEqual(['2026-07-01T10:00:00.000000000Z', '2026-01-05T12:00:00.000000000Z']);
    expect(iso(read(text, { offsetMs: -1500 }).records[0]!)).toBe('2026-07-01T11:59:58.500000000Z');
    expect(() => read(text, { zone: 'Mars/Base' })).toThrow(/zone "Mars\/Base" is not known/);
  });

  test('container runtimes: lines in pieces are joined, streams apart', () => {
    const text = ['2026-01-05T03:00:00Z stdout P first ', '2026-01-05T03:00:00Z stdout F half', '2026-01-05T03:00:01Z stderr F other'].join('\n');
    expect(read(text).records.map(({ line, labels }) => [line, labels.at(-1)])).toEqual([
      ['first half', 'stdout'],
      ['other', 'stderr'],
    ]);
  });
});

test('a crash among lines of a known format is a record of its own', () => {
  const text = [
    'Nov 21, 2026 9:22:02 AM L main',
    'INFO: ok',
    'Exception in thread "main" java.lang.ArrayIndexOutOfBoundsException: Index 2 out of bounds for length 1',
    '\tat L.main(L.java:2)',
    '2026/11/21 09:22:03 served',
    'panic: runtime error: index out of range',
    '',
    'goroutine 1 [running]:',
    'main.main()',
    '\t/x.go:5 +0x1d',
  ].join('\n');
  const { records, lines } = read(`${text}\n`);
  expect(records.map(({ level, line }) => [level, line.split('\n').length])).toEqual([
    ['info', 2],
    ['error', 2],
    ['unknown', 1],
    ['error', 5],
  ]);
  expect(lines.report().faults.map(({ line }) => line)).toEqual([3, 6]);
});

/** A trace of each language, as it stands in a log. */
const stacks: readonly (readonly [string, string])[] = [
  [
    'Java',
    '2026-01-05 03:00:00 ERROR boom\njava.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: y\n\t... 3 more',
  ],
  ['Python', '2026-01-05 03:00:00 ERROR boom\nTraceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nValueError: bad'],
  ['Go', '2026-01-05 03:00:00 panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/a/b.go:12 +0x1d\nexit status 2'],
  ['Node', '2026-01-05 03:00:00 Error: boom\n    at f (/a.js:1:2)\n    at async g (/b.js:3:4)'],
];

describe('several lines', () => {
  test.each(stacks)('a stack trace of %s is one record', (_language, text) => {
    const { records } = read(`${text}\n2026-01-05 03:00:01 INFO on\n`);
    expect(records.map(({ line }) => line)).toEqual([text, '2026-01-05 03:00:01 INFO on']);
    expect(records[0]!.level).not.toBe('unknown');
  });

  test('a panic between lines of JSON is a record of its own, told as not understood', () => {
    const { records, lines } = read('{"ts":"2026-01-05T03:00:00Z","msg":"a"}\npanic: boom\n   x.py:1\n{"ts":"2026-01-05T03:00:01Z","msg":"b"}\n');
    expect(records.map(({ line }) => line.split('\n').length)).toEqual([1, 2, 1]);
    expect(lines.report().faults).toEqual([{ line: 2, reason: 'no time was found in the line' }]);
  });

  test('JSON that is cut short is kept, and told', () => {
    const { records, lines } = read('{"ts":"2026-01-05T03:00:00Z","msg":"a"}\n{"ts":"2026-01-05T03:00:01Z","msg":\n');
    expect(records).toHaveLength(2);
    expect(lines.report().faults).toEqual([{ line: 2, reason: 'the JSON object is cut short or malformed; kept as text' }]);
  });
});

test('journald export, fields of bytes too', () => {
  const binary = Buffer.concat([Buffer.from('MESSAGE\n'), Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('a\nb\n')]);
  const bytes = Buffer.concat([
    Buffer.from('__CURSOR=x\n__REALTIME_TIMESTAMP=1767582000000001\nPRIORITY=3\n_HOSTNAME=h\n'),
    binary,
    Buffer.from('\n'),
  ]);
  const { records, lines } = read(bytes, { chunk: 7 });
  expect(records.map(({ line, level, labels }) => [line, level, labels])).toEqual([['a\nb', 'error', ['filename', 'x.log', 'host', 'h']]]);
  expect(lines.report()).toMatchObject({ format: 'journald export', records: 1, notUnderstood: 0 });
});

test('a collector’s file of OTLP JSON: a line is many records', () => {
  const record = (body: string): object => ({ timeUnixNano: '1767582000000000001', severityNumber: 17, body: { stringValue: body } });
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  const { records } = read(JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record('a'), record('b')] }] }] }));
  expect(records.map(({ line, level, labels }) => [line, level, labels])).toEqual(
    ['a', 'b'].map((line) => [line, 'error', ['filename', 'x.log', 'service_name', 'shop']]),
  );
});

test('hostile lines are bounded: 3 MB without a line feed, NUL bytes, no UTF-8', () => {
  const { records, lines } = read(
    Buffer.concat([Buffer.from('2026-01-05 03:00:00 '), Buffer.alloc(3 << 20, 0x41), Buffer.from('\nx\xff\0y\n', 'latin1')]),
    { chunk: 65_536 },
  );
  expect(Math.max(...records.map(({ line }) => line.length))).toBeLessThanOrEqual(262_144 + 4);
  expect(lines.report().faults[0]!.reason).toMatch(/longer than 262144 bytes/);
});

test('the chunks that bytes come in change nothing', () => {
  const bytes = readShared('logs', 'lnav', 'logfile_laravel.0');
  const whole = read(bytes).records;
  expect(read(bytes, { chunk: 97 }).records).toEqual(whole);
});

describe('real files', () => {
  const folder = sharedData('logs', 'lnav');
  test.each(readdirSync(folder))('%s: every line is accounted for, and its text is kept', (name) => {
    const bytes = readShared('logs', 'lnav', name);
    const { records, lines } = read(bytes);
    const report = lines.report();
    expect(report.lines).toBe(report.understood + report.joined + report.notUnderstood + report.blank);
    expect(report.records).toBe(records.length);
    expect(report.faultCount).toBeGreaterThanOrEqual(report.notUnderstood);
    expect(report.faults.every(({ line, reason }) => line >= 1 && line <= report.lines && reason !== '')).toBe(true);
    expect(records.every(({ timeNs }) => timeNs > 0n)).toBe(true);
  });

  test('only lines without a time or a format are not understood', () => {
    const misread = readdirSync(folder).flatMap((name) => {
      const { notUnderstood } = ((lines) => (lines.push(readShared('logs', 'lnav', name)), lines.end(), lines.report()))(
        new LogLines({ labels: [], nowMs }),
      );
      return notUnderstood === 0 ? [] : [[name, notUnderstood]];
    });
    expect(Object.fromEntries(misread) as unknown).toEqual({
      'logfile_docker_compose_with_noise.0': 10,
      'logfile_filter.1': 3,
      'logfile_invalid_json2.json': 1,
      'logfile_json_invalid.json': 1,
      'logfile_mixed_json2.json': 1,
      'logfile_syslog_with_header.0': 2,
      'logfile_with_a_really_long_name_to_test_a_bug_with_long_names.0': 1,
    });
  });
});
