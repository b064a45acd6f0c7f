import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openLogs } from '#core/logs/index.ts';
import { labelsFromRecord, type LogRecord } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

/** A record of each kind of column: codes, hex, a UUID, numbers, decimals, times, texts, fields, several lines. */
const records: LogRecord[] = Array.from({ length: 40 }, (_, i) => {
  const timeNs = BigInt(Date.UTC(2026, 0, 5) + i * 10) * 1_000_000n;
  const time = new Date(Date.UTC(2026, 0, 5) + i * 10).toISOString();
  const hex = createHash('sha256').update(String(i)).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  const line =
    i % 10 === 9
      ? `panic ${i}\n\tat x:${i}`
      : `${time} id=${hex.slice(0, 32)} ${uuid} took ${i * 7}ms at ${(i / 8).toFixed(3)} node=${i % 3 === 0 ? 'a' : 'b'} user=ü${i * i}`;
  return {
    timeNs,
    labels: labelsFromRecord({ app: `app-${i % 2}` }),
    line,
    level: i % 2 === 0 ? 'info' : 'error',
    fields: i % 5 === 0 ? ['trace_id', hex.slice(0, 8)] : [],
  };
});

test('the bytes of a block are those of version 1', async () => {
  const folder = tempFolder();
  const logs = openLogs({ folder, clock: new ManualClock() });
  logs.load(records);
  await logs.flush();
  await logs.close();
  const db = new Database(join(folder, 'logs.db'), { readonly: true });
  const rows = db.prepare('select name, bytes from block_part order by name').all() as { name: string; bytes: Buffer }[];
  db.close();
  const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden-block-v1.json'), 'utf8')) as Record<string, string>;
  expect(Object.fromEntries(rows.map(({ name, bytes }) => [name, sha256(payloadOf(bytes))]))).toEqual(golden);
});

/** As FORMAT.md says; zstd's own bytes may change from one release to the next, so that payloads are compared. */
function payloadOf(blob: Buffer): Buffer {
  expect([blob[0], crc32(blob.subarray(6))]).toEqual([1, blob.readUInt32LE(2)]);
  const payload = blob[1] === 0 ? blob.subarray(10) : zstdDecompressSync(blob.subarray(10));
  expect(payload).toHaveLength(blob.readUInt32LE(6));
  return payload;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('blocks without a digest, as those of before, are searched like others', async () => {
  const folder = tempFolder();
  const logs = openLogs({ folder, clock: new ManualClock() });
  logs.load(records);
  await logs.flush();
  await logs.close();
  const db = new Database(join(folder, 'logs.db'));
  db.prepare("delete from block_part where name = 'digest'").run();
  db.close();
  const again = openLogs({ folder, clock: new ManualClock() });
  expect((await again.search({ text: 'at x:9', direction: 'forward', limit: 50 })).records).toHaveLength(1);
  expect((await again.search({ text: 'nosuchfield>3', direction: 'forward', limit: 50 })).records).toHaveLength(0);
  await again.close();
});
