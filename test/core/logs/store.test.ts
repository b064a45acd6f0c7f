import Database from 'better-sqlite3';
import fc from 'fast-check';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLogs, type Logs } from '#core/logs/index.ts';
import { labelsFromRecord, logLevels, plainRecord, type LogRecord } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { LineMaker } from '../../bench/log-data.ts';

const shop = labelsFromRecord({ app: 'shop' });
const clock = (): ManualClock => new ManualClock(Date.UTC(2026, 0, 5, 3));
const baseNs = BigInt(Date.UTC(2026, 0, 5, 2)) * 1_000_000n;

async function all(logs: Logs): Promise<LogRecord[]> {
  const out: LogRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await logs.search({ text: '', direction: 'forward', limit: 97, cursor });
    out.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined);
  return out;
}

/** Lines as they are written, and as nobody would write them. */
const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '\n', '\u0001n', '\u001e\u001f', 'a=1 b="x y" c=', '{"k":"v-1","t":"2026-01-05T02:00:00.000Z"}', '0001 00.10 1. .5 -3 +7 1e9'),
  fc
    .tuple(fc.nat(), fc.string({ unit: fc.constantFrom('0', '7', 'a', 'f'), minLength: 8, maxLength: 8 }))
    .map(([n, hex]) => `took ${n}ms id=${hex} at ${n / 100}`),
);
const records = fc.array(
  fc.record({
    timeNs: fc.bigInt({ min: 0n, max: 3_600_000_000_000n }).map((offset) => baseNs + offset),
    labels: fc.constantFrom(shop, labelsFromRecord({ app: 'bank', env: 'é' }), []),
    line,
    level: fc.constantFrom(...logLevels),
    fields: fc.constantFrom<readonly string[]>([], ['trace_id', 'abc'], ['a', '1', 'b', 'x=y z']),
  }),
  { maxLength: 60 },
);

describe('what goes in comes out', () => {
  test('any record, from blocks and from the head', async () => {
    await fc.assert(
      fc.asyncProperty(records, records, async (loaded, appended) => {
        const logs = openLogs({ folder: tempFolder(), clock: clock() });
        logs.load(loaded);
        await logs.flush();
        await logs.append(appended);
        const sorted = (list: readonly LogRecord[]): string[] => list.map((one) => JSON.stringify({ ...one, timeNs: String(one.timeNs) })).sort();
        expect(sorted(await all(logs))).toEqual(sorted([...loaded, ...appended]));
        await logs.close();
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test('lines of services, packed to a tenth; in order of time, those of one time as they came', async () => {
    const folder = tempFolder();
    const logs = openLogs({ folder, clock: clock() });
    const texts = new LineMaker(3).chunk(40_000).toString().trimEnd().split('\n');
    logs.load(texts.map((text) => plainRecord(BigInt(Date.parse(text.slice(7, 31))) * 1_000_000n, shop, text, 'info')));
    await logs.flush();
    const { blockBytes, rawBytes } = logs.stats();
    expect(blockBytes / rawBytes).toBeLessThan(0.15);
    const page = await logs.search({ text: '', direction: 'forward', limit: 5000 });
    expect(page.records.map((one) => one.line)).toEqual(texts.slice(0, 5000));
    await logs.close();
    const again = openLogs({ folder, clock: clock() });
    expect((await again.search({ text: '', direction: 'backward', limit: 1 })).records[0]!.line).toBe(texts.at(-1));
    await again.close();
  });
});

describe('what is acknowledged', () => {
  test('is there after the process has gone without a word', async () => {
    const folder = tempFolder();
    const lost = openLogs({ folder, clock: clock() });
    await lost.append([plainRecord(baseNs, shop, 'kept 1', 'error')]);
    await lost.append([plainRecord(baseNs + 1n, shop, 'kept 2', 'error')]);
    // Not closed: its files are as a kill leaves them.
    const logs = openLogs({ folder, clock: clock() });
    expect((await all(logs)).map((one) => one.line)).toEqual(['kept 1', 'kept 2']);
    await logs.close();
  });

  test('goes into blocks by itself, once', async () => {
    const time = clock();
    const logs = openLogs({ folder: tempFolder(), clock: time });
    await logs.append([plainRecord(baseNs, shop, 'a', 'info'), plainRecord(baseNs + 5n, shop, 'b', 'info')]);
    await time.advance(700_000);
    expect(logs.stats()).toMatchObject({ headRecords: 0, blockRecords: 2, upkeepFault: '' });
    expect((await all(logs)).map((one) => one.line)).toEqual(['a', 'b']);
    await logs.close();
  });

  test('is judged: times that cannot be, the future, lines without end', async () => {
    const logs = openLogs({ folder: tempFolder(), clock: clock() });
    const verdicts = await logs.append([
      plainRecord(-1n, shop, 'x', 'info'),
      plainRecord(baseNs + 10n ** 13n, shop, 'x', 'info'),
      plainRecord(baseNs, shop, 'x'.repeat(300_000), 'info'),
      plainRecord(
        baseNs,
        Array.from({ length: 100 }, (_, i) => `l${i}`),
        'x',
        'info',
      ),
      plainRecord(baseNs, shop, 'x', 'info'),
    ]);
    expect(verdicts).toEqual(['bad_time', 'future', 'too_long', 'too_many_labels', 'stored']);
    expect(Object.fromEntries(logs.stats().rejected)).toEqual({ bad_time: 1, future: 1, too_long: 1, too_many_labels: 1 });
    await logs.close();
  });
});

test('what is old goes, and the oldest when there is too much', async () => {
  const time = clock();
  const logs = openLogs({ folder: tempFolder(), clock: time, limits: { retentionMs: 86_400_000, retentionBytes: 40_000 } });
  for (let block = 0; block < 3; block++) {
    const lines = new LineMaker(block).chunk(300).toString().trimEnd().split('\n');
    logs.load(lines.map((text, i) => plainRecord(baseNs - BigInt((3 - block) * 20) * 3_600_000_000_000n + BigInt(i), shop, text, 'info')));
    await logs.flush();
  }
  expect(logs.stats().blocks).toBe(3);
  await time.advance(3000);
  const { blocks, oldestNs, blockBytes } = logs.stats();
  expect(blocks).toBeLessThan(3);
  expect(blockBytes).toBeLessThanOrEqual(40_000);
  expect(oldestNs! >= baseNs - 40n * 3_600_000_000_000n).toBe(true);
  await logs.close();
});

test('what is kept can be changed while it runs, and the room comes back', async () => {
  const time = clock();
  const folder = tempFolder();
  const logs = openLogs({ folder, clock: time, limits: { retentionMs: Infinity } });
  for (let block = 0; block < 4; block++) {
    const lines = new LineMaker(block).chunk(20_000).toString().trimEnd().split('\n');
    logs.load(lines.map((text, i) => plainRecord(baseNs - BigInt(4 - block) * 3_600_000_000_000n + BigInt(i), shop, text, 'info')));
    await logs.flush();
  }
  await time.advance(3000);
  const { blocks, blockBytes } = logs.stats();
  expect(blocks).toBe(4);
  logs.keep({ retentionMs: 3.5 * 3_600_000, retentionBytes: Infinity });
  await time.advance(10_000);
  const left = logs.stats();
  expect(left).toMatchObject({ blocks: 2, upkeepFault: '' });
  await logs.close();
  // A spare MiB of pages stays for what comes next.
  expect(statSync(join(folder, 'logs.db')).size).toBeLessThan(left.blockBytes + (blockBytes - left.blockBytes) / 2 + (1 << 20));
});

describe('rot', () => {
  test.each(['templates', 'rows', 'index', 's0'])('a flipped bit in %s takes its block out of use, and nothing else', async (part) => {
    const folder = tempFolder();
    const logs = openLogs({ folder, clock: clock() });
    logs.load([plainRecord(baseNs, shop, 'first id=deadbeef01', 'info'), plainRecord(baseNs + 1n, shop, 'first id=deadbeef02', 'info')]);
    await logs.flush();
    logs.load([plainRecord(baseNs + 9n, shop, 'second', 'info')]);
    await logs.flush();
    await logs.close();
    const db = new Database(join(folder, 'logs.db'));
    const { id, bytes } = db.prepare('select id, bytes from block_part where block = 1 and name = ?').get(part) as { id: number; bytes: Buffer };
    bytes[bytes.length - 1]! ^= 4;
    db.prepare('update block_part set bytes = ? where id = ?').run(bytes, id);
    db.close();
    const again = openLogs({ folder, clock: clock() });
    // The index is read with the first search for a text.
    const asked = await again.search({ text: 'deadbeef01', direction: 'backward', limit: 5 });
    const found = [...asked.records, ...(await all(again))];
    expect(found.map((one) => one.line)).toEqual(['second']);
    expect(again.stats().damage).toEqual(['block 1 with 2 records: the checksum is wrong']);
    await again.close();
  });

  test('a damaged append is set aside when the store opens', async () => {
    const folder = tempFolder();
    const logs = openLogs({ folder, clock: clock() });
    await logs.append([plainRecord(baseNs, shop, 'a', 'info')]);
    await logs.append([plainRecord(baseNs, shop, 'b', 'info')]);
    await logs.close();
    const db = new Database(join(folder, 'logs.db'));
    db.prepare("update head set bytes = x'0100' where id = 1").run();
    db.close();
    const again = openLogs({ folder, clock: clock() });
    expect((await all(again)).map((one) => one.line)).toEqual(['b']);
    expect(again.stats().damage).toHaveLength(1);
    await again.close();
  });
});

test('bookmarks keep the line and its note', async () => {
  const folder = tempFolder();
  const logs = openLogs({ folder, clock: clock() });
  const id = logs.addBookmark(plainRecord(baseNs, shop, 'why?', 'error'), 'first sign', 'Ada');
  logs.noteBookmark(id, 'the first sign');
  await logs.close();
  const again = openLogs({ folder, clock: clock() });
  expect(again.bookmarks()).toEqual([
    { id, timeNs: baseNs, labels: shop, line: 'why?', level: 'error', note: 'the first sign', person: 'Ada', madeMs: Date.UTC(2026, 0, 5, 3) },
  ]);
  again.removeBookmark(id);
  expect(again.bookmarks()).toEqual([]);
  expect(() => again.noteBookmark(id, 'x')).toThrow(/no bookmark/);
  await again.close();
});
