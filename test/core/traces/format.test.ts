import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, zstdDecompressSync } from 'node:zlib';
import { closeDb, openDb } from '#core/db/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { expect, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { baseNs, hex, int, service, span, text } from './support/spans.ts';

const spans = [
  span({ id: 1, kind: 'server', takes: 3, attributes: [int('n', 7)], resource: service('cart', text('pod', 'p')) }),
  span({
    id: 2,
    parent: 1,
    at: 1,
    takes: -1,
    status: 'error',
    statusText: 'no',
    events: [{ timeNs: baseNs, name: 'e', attributes: [text('k', 'v')], droppedCount: 1 }],
  }),
  span({
    id: 3,
    parent: 9,
    at: 2,
    takes: 1,
    links: [{ traceId: hex(5, 16), spanId: hex(6, 8), traceState: '', attributes: [], droppedCount: 0 }],
    flags: 1,
  }),
];

const readGolden = (name: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as Readonly<Record<string, string>>;
/** A block as the first release wrote it, and the digests that came later. */
const golden = readGolden('golden-block-v1.json');
const goldenDigests = readGolden('golden-digests-v1.json');

/** What a blob holds, read by the letter of FORMAT.md. */
function payload(blob: Buffer): string {
  const body = blob.subarray(10);
  expect([blob[0], blob.readUInt32LE(2)]).toEqual([1, crc32(blob.subarray(6))]);
  const plain = blob[1] === 1 ? zstdDecompressSync(body) : body;
  expect(plain.length).toBe(blob.readUInt32LE(6));
  return plain.toString('hex');
}

test('a block is written as FORMAT.md describes, byte for byte', async () => {
  const folder = tempFolder();
  const traces = openTraces({ folder, clock: new ManualClock() });
  await traces.append(spans);
  await traces.flush();
  await traces.close();
  const db = openDb(join(folder, 'traces.db'), 'traces');
  const rows = db.connection.prepare('select name, bytes from block_column').all() as { name: string; bytes: Buffer }[];
  closeDb(db);
  const found = Object.fromEntries(rows.map(({ name, bytes }) => [name, payload(bytes)]));
  expect(found).toEqual(
    Object.fromEntries(Object.entries({ ...golden, ...goldenDigests }).map(([name, hex]) => [name, payload(Buffer.from(hex, 'hex'))])),
  );
  // Two services; group 0 is a call of cart by nobody, 2 and 3 would be calls by cart: the second span is shop's, called by cart.
  expect(found['digest:edges']).toMatch(/^1400000008000000000200000001080863617274/);
  // By hand: 3 ms is 3,000,000 ns, zigzag 6,000,000 = 0x5b8d80; -1 ms is 1,999,999 = 0x1e847f; 1 ms is 2,000,000 = 0x1e8480.
  expect(found['duration']).toBe('000300000003807f808d84845b1e1e');
  // The second span's parent is one row before it, the third's is elsewhere.
  expect(found['parent']).toBe('000300000001000802');
});

test('a block of version 1 is read', async () => {
  const folder = tempFolder();
  const db = openDb(join(folder, 'traces.db'), 'traces');
  const [minNs, maxNs] = [spans[0]!.startNs, spans[2]!.startNs];
  db.connection.prepare('insert into block values (1, 3, 1, ?, ?, 3e6, 0)').run(minNs, maxNs);
  const insert = db.connection.prepare('insert into block_column (block, name, bytes) values (1, ?, ?)');
  for (const [name, hex] of Object.entries(golden)) insert.run(name, Buffer.from(hex, 'hex'));
  closeDb(db);
  const traces = openTraces({ folder, clock: new ManualClock() });
  expect(traces.spans(hex(1, 16))).toEqual(spans);
  await traces.close();
});
