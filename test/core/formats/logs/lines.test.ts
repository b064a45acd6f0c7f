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

/** A line, what it is of, when it was and how bad. */
const known: readonly (readonly [line: string, format: string, time: string, level: string])[] = [
  ['{"level":"warn","ts":1716723772.6014807,"msg":"x"}', 'JSON', '2024-05-26T11:42:52.601481000Z', 'warning'],
  ['{"level":30,"time":1745532517537,"pid":17,"hostname":"h","msg":"x"}', 'JSON', '2025-04-24T22:08:37.537000000Z', 'info'],
  ['{"@timestamp":"2025-01-13T09:58:13.631Z","log.level":"ERROR"}', 'JSON', '2025-01-13T09:58:13.631000000Z', 'error'],
  ['{"time":"2026-01-05T03:00:00.123456789+02:00","severity":"CRITICAL"}', 'JSON', '2026-01-05T01:00:00.123456789Z', 'critical'],
  ['{"instant":{"epochSecond":1663977609,"nanoOfSecond":484000001},"level":"DEBUG"}', 'JSON', '2022-09-24T00:00:09.484000001Z', 'debug'],
  ['{"log":"ERROR boom\\n","stream":"stderr","time":"2026-01-05T03:00:00.1Z"}', 'Docker json-file', '2026-01-05T03:00:00.100000000Z', 'error'],
  [
    '{"__REALTIME_TIMESTAMP":"1767582000000001","PRIORITY":"4","MESSAGE":"disk is nearly full","_HOSTNAME":"web1"}',
    'journald JSON',
    '2026-01-05T03:00:00.000001000Z',
    'warning',
  ],
  ['2026-01-05T03:00:00.5Z stdout F {"level":"error","msg":"x"}', 'CRI', '2026-01-05T03:00:00.500000000Z', 'error'],
  ['time="2021-09-15T21:17:10.220731Z" level=error msg="pod is gone"', 'logfmt', '2021-09-15T21:17:10.220731000Z', 'error'],
  ['ts=1767582000.25 caller=main.go:12 level=info', 'logfmt', '2026-01-05T03:00:00.250000000Z', 'info'],
  ['10.0.0.1 - bob [15/Feb/2013:06:00:31 +0100] "GET / HTTP/1.1" 503 0 "-" "curl"', 'access log', '2013-02-15T05:00:31.000000000Z', 'error'],
  ['host:443 10.0.0.1 - - [15/Feb/2013:06:00:31 +0000] "GET / HTTP/2" 404 12', 'access log', '2013-02-15T06:00:31.000000000Z', 'warning'],
  ['<165>1 2003-10-11T22:14:15.003Z host app 123 ID47 [x@1 a="b"] hello', 'syslog (RFC 5424)', '2003-10-11T22:14:15.003000000Z', 'info'],
  ['<11>Oct 11 22:14:15 host su[12]: no', 'syslog (RFC 3164)', '2026-10-11T22:14:15.000000000Z', 'error'],
  ['Dec  3 09:23:38 veridian automount[7998]: lookup failed', 'syslog (RFC 3164)', '2025-12-03T09:23:38.000000000Z', 'error'],
  ['août 19 11:08:37 nlaptop me[4961]: test', 'syslog (RFC 3164)', '2026-08-19T11:08:37.000000000Z', 'unknown'],
  ['E0517 15:04:22.619632 1952452992 unittest.cc:253] every 3', 'klog', '2026-05-17T15:04:22.619632000Z', 'error'],
  ['2012-07-02 10:22:40,672:DEBUG:foo', 'text', '2012-07-02T10:22:40.672000000Z', 'debug'],
  ['20141008.165638,344:WARN:foo', 'text', '2014-10-08T16:56:38.344000000Z', 'warning'],
  ['17/06/09 20:10:40 INFO executor.X: up', 'text', '2017-06-09T20:10:40.000000000Z', 'info'],
  ['2025-04-12 00:14:12.837 CEST [1329108] ERROR:  syntax', 'text', '2025-04-11T22:14:12.837000000Z', 'error'],
  ['2014-333T16:56:38,344:WARN:foo', 'text', '2014-11-29T16:56:38.344000000Z', 'warning'],
  ['Wed May 19 08:00:01 EST 2021 line 1', 'text', '2021-05-19T13:00:01.000000000Z', 'unknown'],
  ['@40000000433225833b6e1a8c tcpserver: status: 5/30', 'text', '2005-09-22T03:31:05.997071500Z', 'unknown'],
  ['08:09:33.814936 brk(0) = 0', 'text', '2026-11-21T08:09:33.814936000Z', 'unknown'],
  ['[2020-12-10 06:56:41,061] INFO [m:108] Calling', 'text', '2020-12-10T06:56:41.061000000Z', 'info'],
  ['1:M 25 Apr 2024 05:32:35.019 * Running', 'text', '2024-04-25T05:32:35.019000000Z', 'unknown'],
  ['03/14/2025 01:02:03 PM WARN late', 'text', '2025-03-14T13:02:03.000000000Z', 'warning'],
];

describe('one line', () => {
  test.each(known)('%s', (line, format, time, level) => {
    const { records, lines } = read(`${line}\n`);
    expect(records).toHaveLength(1);
    expect([lines.report().format, iso(records[0]!), records[0]!.level]).toEqual([format, time, level]);
  });

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
