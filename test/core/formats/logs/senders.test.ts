/** Lines as the senders of the field write them, one a form: what each is taken for, when it was, and how bad. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LogLines } from '#core/formats/index.ts';
import type { LogRecord } from '#core/model/index.ts';

const nowMs = Date.parse('2026-11-21T14:00:00Z');

/** Milliseconds are given where there are no digits below them. */
function iso({ timeNs }: LogRecord): string {
  const below = String(timeNs % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, -1)}${below === '000000' ? '' : below}Z`;
}

const senders = readFileSync(join(import.meta.dirname, 'senders.tsv'), 'utf8')
  .split('\n')
  .filter((row) => row !== '' && !row.startsWith('# '))
  .map((row) => {
    const [format, time, level, ...line] = row.split('\t');
    return [line.join('\t'), format, time, level] as const;
  });

test.each(senders)('%s', (line, format, time, level) => {
  const lines = new LogLines({ labels: [], nowMs });
  const records = [...lines.push(Buffer.from(`${line}\n`)).records(), ...lines.end().records()];
  const { understood, faults, ...report } = lines.report();
  expect(records).toHaveLength(1);
  expect([report.format, iso(records[0]!), records[0]!.level]).toEqual([format, time, level]);
  expect(faults.map((one) => one.line)).toEqual(understood === 1 ? [] : [1]);
});

/** Lines of JSON that are read as bytes, and the same with a member that is not ASCII, which are not. */
const members: readonly string[] = [
  '"ts":"2026-01-05T03:00:00.123Z","level":"warn","service":"cart"',
  '"ts":"2026-01-05T03:00:59Z","level":"warn","service":"cart"',
  '"ts":"2026-01-05T03:01:00.1Z","level":"WARN","service":"ca rt"',
  '"ts":"2026-01-05T03:01:00,123456789Z","level":"Error","host":"h1","app":"x"',
  '"ts":"2026-01-05T03:01:00.5+02:00","lvl":50,"host":"h\\u0041","app":"x"',
  '"ts":"2026-01-05 03:01:07.5","level":"nonsense","severity":"error"',
  '"ts":"2026-01-05T03:01:61Z","level":"info"',
  '"ts" : "not a time", "time": 1767582000.25, "level" : "info"',
  '"time":1767582000123456789,"level":"info","a":{"level":"error","b":[1,{"c":"}"}]}',
  '"time":-5e3,"ts":1767582000,"level":"info","x":null,"y":true,"z":-1.5e-7',
  '"level":"info","msg":"a \\"quoted\\" \\\\","time":"2026-01-05T03:00:00Z","log":"x"',
  '"time":"2026-01-05T03:00:00Z","level":"info","level":"error","service":"a","service":"b"',
  '"@timestamp":"2026-01-05T03:00:00Z","log.level":"ERROR","service.name":"s","service":{"name":"t"}',
  '"time":"2026-01-05T03:00:00Zulu","level":"info"',
  '"time":"2026-01-05T03:00:00Z","level":"info","number":012',
  '"time":"2026-01-05T03:00:00Z","level":"info","open":"',
];

test('lines of JSON say the same whether they are read as bytes or as text', () => {
  const lines = [...members, ...members.toReversed(), ...members].map((one, i) => (i % 3 === 2 ? `{ ${one} }` : `{${one}}`));
  const read = (texts: readonly string[]): unknown => {
    const reader = new LogLines({ labels: ['filename', 'x'], nowMs, offsetMs: -1500.5 });
    const records = [...reader.push(Buffer.from(`${texts.join('\n')}\n`)).records(), ...reader.end().records()];
    const { format, lines: count, understood, joined, notUnderstood, faults } = reader.report();
    return [{ format, count, understood, joined, notUnderstood, faults }, records.map(({ timeNs, level, labels }) => [timeNs, level, labels])];
  };
  expect(read(lines)).toEqual(read(lines.map((line) => line.replace(/\}$/, ',"ü":1}'))));
});
