import { beforeAll, describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openLogs, type Logs } from '#core/logs/index.ts';
import { labelsFromRecord, logLevels, type LogRecord } from '#core/model/index.ts';
import { LineMaker } from '../../bench/log-data.ts';
import { ManualClock } from '../../support/clock.ts';

/** Three blocks that overlap in time, and a head; every answer is held against a plain walk over all records. */
const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
const made: LogRecord[] = [];
let logs: Logs;

beforeAll(async () => {
  logs = openLogs({ folder, clock: new ManualClock(Date.UTC(2026, 0, 6)) });
  for (let part = 0; part < 4; part++) {
    const lines = new LineMaker(part, Date.UTC(2026, 0, 5) + part * 20_000).chunk(6000).toString().trimEnd().split('\n');
    const labels = labelsFromRecord({ app: `app-${part}`, env: part % 2 === 0 ? 'prod' : 'test' });
    const records = lines.map((line): LogRecord => {
      const { ts, level } = JSON.parse(line) as { ts: string; level: string };
      const known = level === 'warn' ? 'warning' : logLevels.find((one) => one === level)!;
      return { timeNs: BigInt(Date.parse(ts)) * 1_000_000n, labels, line, level: known, fields: part === 3 ? ['node', `n${line.length % 3}`] : [] };
    });
    made.push(...records);
    if (part < 3) logs.load(records);
    else await logs.append(records);
    if (part < 3) await logs.flush();
  }
  made.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
});
afterAll(async () => {
  await logs.close();
  rmSync(folder, { recursive: true, force: true });
});

async function every(text: string, direction: 'backward' | 'forward', limit = 211): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await logs.search({ text, direction, limit, cursor });
    found.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

interface Line {
  readonly status?: number;
  readonly duration_ms?: number;
  readonly service: string;
  readonly key?: string;
  readonly attempt?: number;
}
const json = ({ line }: LogRecord): Line => JSON.parse(line) as Line;
const id = LineMaker.traceIdOf(4321);

/** A search, and what it must find said in plain code. */
const searches: readonly (readonly [text: string, fits: (record: LogRecord) => boolean])[] = [
  ['', () => true],
  ['CONNECTION Reset', ({ line }) => /connection/i.test(line) && /reset/i.test(line)],
  ['"connection reset" -payment', ({ line }) => line.includes('connection reset') && !line.includes('payment')],
  [id, ({ line }) => line.includes(id)],
  [`{env="prod"} |= "${id.slice(3, 20)}"`, ({ line, labels }) => line.includes(id.slice(3, 20)) && labels.includes('prod')],
  ['nowheretobefound', () => false],
  [id.slice(5, 18), ({ line }) => line.includes(id.slice(5, 18))],
  [id.slice(6, 17), ({ line }) => line.includes(id.slice(6, 17))],
  ['zq', ({ line }) => /zq/i.test(line)],
  ['{} |= "w1"', ({ line }) => line.includes('w1')],
  ['{} |= "10.1.2"', ({ line }) => line.includes('10.1.2')],
  ['remote=10.3.255.1', ({ line }) => line.includes('"10.3.255.1"')],
  ['{} != "trace_id"', () => false],
  ['{} != "request handled" !~ "cache|slow"', ({ line }) => !/request handled|cache|slow/.test(line)],
  ['{} |= "GET" != "\\"status\\":200"', ({ line }) => line.includes('GET') && !line.includes('"status":200')],
  ['-get -POST -cache', ({ line }) => !/get|post|cache/i.test(line)],
  ['{} | json | duration_ms > 1990', (record) => json(record).duration_ms! > 1990],
  ['duration_ms>100000', () => false],
  ['duration_ms<0.01', (record) => json(record).duration_ms! < 0.01],
  ['{} | json | status!=200 | method="GET"', (record) => json(record).status === 404 && record.line.includes('"method":"GET"')],
  ['{} | json | level=~"warn|fatal" | rows!="7"', ({ line }) => line.includes('"level":"warn"') && !line.includes('"rows":7,')],
  ['{} | json | level!~"info|debug|warn"', ({ line }) => line.includes('"level":"error"')],
  ['{} | detected_level=~"warn|critical"', ({ level }) => level === 'warning'],
  ['{} | nosuchfield!="x" | service="ads"', (record) => json(record).service === 'ads'],
  ['{} | node!="n1" | json | attempt=2', (record) => record.fields[1] !== 'n1' && json(record).attempt === 2],
  ['/item:49\\d{2,}"/', ({ line }) => /item:49\d{2,}"/i.test(line)],
  ['status=404', (record) => json(record).status === 404],
  ['status>=400 duration_ms>1000', (record) => json(record).status! >= 400 && json(record).duration_ms! > 1000],
  ['key=item:7 ', (record) => json(record).key === 'item:7'],
  ['level=error attempt>=3', (record) => record.level === 'error' && json(record).attempt! >= 3],
  [
    '{app="app-1"} |= "cache" != "miss" | json | key=~"item:1.*"',
    ({ line, labels }) => labels.includes('app-1') && line.includes('cache hit') && line.includes('"item:1'),
  ],
  ['{env=~"te.*"} |~ "(?i)SLOW|RESET"', ({ line, labels }) => labels.includes('test') && /slow|reset/i.test(line)],
  ['/upstream (payment|cart) failed/', ({ line }) => /upstream (payment|cart) failed/.test(line)],
  ['{} | json | level="warn" | rows>8000', ({ line }) => /"level":"warn".*"rows":(8[0-9]{3}|9[0-9]{3})/.test(line) && !line.includes('"rows":8000,')],
  ['{} |= "slow query" or "cache miss"', ({ line }) => line.includes('slow query') || line.includes('cache miss')],
  ['{} | node="n1"', ({ fields }) => fields[1] === 'n1'],
  ['{app!="app-0"} | detected_level="warn"', ({ level, labels }) => level === 'warning' && !labels.includes('app-0')],
];

describe('search finds what a walk over all lines finds', () => {
  test.each(searches)('%s', async (text, fits) => {
    const wanted = made.filter(fits).map(({ line }) => line);
    expect((await every(text, 'forward')).map(({ line }) => line).sort()).toEqual([...wanted].sort());
    const backward = await every(text, 'backward', 17);
    expect(backward).toHaveLength(wanted.length);
    expect(backward.every(({ timeNs }, i) => i === 0 || timeNs <= backward[i - 1]!.timeNs)).toBe(true);
  });

  test('levels and times bound it', async () => {
    const [fromNs, toNs] = [made[5000]!.timeNs, made[9000]!.timeNs];
    const { records } = await logs.search({ text: '', levels: ['error', 'warning'], fromNs, toNs, direction: 'forward', limit: 5000 });
    const wanted = made.filter(({ timeNs, level }) => timeNs >= fromNs && timeNs < toNs && (level === 'error' || level === 'warning'));
    expect(records.map(({ line }) => line).sort()).toEqual(wanted.map(({ line }) => line).sort());
  });

  test('an id reads the block that holds it, and no more', async () => {
    const { looked } = await logs.search({ text: id, direction: 'backward', limit: 10 });
    expect(looked).toBeLessThan(6100);
  });
});

describe('counts', () => {
  const [fromNs, toNs] = [BigInt(Date.UTC(2026, 0, 5)) * 1_000_000n, BigInt(Date.UTC(2026, 0, 5, 1)) * 1_000_000n];

  test.each(searches)('the volume of %s', async (text, fits) => {
    const { counts, countedFromNs } = await logs.volume({ text, fromNs, toNs }, 7);
    const wanted = new Float64Array(7 * logLevels.length);
    for (const { timeNs, level } of made.filter(fits)) {
      if (timeNs < toNs) wanted[Math.floor((Number(timeNs - fromNs) * 7) / Number(toNs - fromNs)) * logLevels.length + logLevels.indexOf(level)]!++;
    }
    expect([...counts]).toEqual([...wanted]);
    expect(countedFromNs).toBe(fromNs);
  });

  test('what each part of a query hides adds up', async () => {
    const { total, hidden, shown } = await logs.summary({ text: '-cache status>=400', fromNs, toNs });
    const inRange = made.filter(({ timeNs }) => timeNs < toNs);
    const rest = inRange.filter(({ line }) => !line.includes('cache'));
    expect({ total, hidden, shown }).toEqual({
      total: inRange.length,
      hidden: [inRange.length - rest.length, rest.filter((one) => !(json(one).status! >= 400)).length],
      shown: rest.filter((one) => json(one).status! >= 400).length,
    });
  });
});

describe('patterns', () => {
  test('few kinds of lines, every line in one of them, the rare one too', async () => {
    const windows = [
      { fromNs: 0n, toNs: made[12_000]!.timeNs },
      { fromNs: made[12_000]!.timeNs, toNs: 2n ** 62n },
    ];
    const { patterns, otherLines } = await logs.patterns({ text: '' }, windows, 10);
    const counted = patterns.reduce((sum, { counts }) => sum + counts[0]! + counts[1]!, 0);
    expect(counted + otherLines).toBe(made.length);
    expect(patterns.length).toBeLessThan(20);
    expect(patterns.find(({ text }) => text.includes('connection reset by peer'))).toMatchObject({ level: 'error' });
    for (const { firstNs, lastNs, trend, counts } of patterns) {
      expect(firstNs <= lastNs).toBe(true);
      expect(trend.reduce((sum, one) => sum + one, 0)).toBe(counts[0]! + counts[1]!);
    }
  });

  test('the line filter of a pattern finds its lines', async () => {
    const { patterns } = await logs.patterns({ text: 'slow' }, [{ fromNs: 0n, toNs: 2n ** 62n }], 10);
    const { text, counts } = patterns[0]!;
    expect(await every(`{} |> ${JSON.stringify(text)}`, 'forward', 5000)).toHaveLength(counts[0]!);
  });
});

test('a tail tells what passes, once it is durable', async () => {
  const own = openLogs({ folder: mkdtempSync(join(folder, 'tail')), clock: new ManualClock(Date.UTC(2026, 0, 6)) });
  const seen: string[] = [];
  const stop = own.tail({ text: 'boom', levels: ['error'] }, (records) => seen.push(...records.map(({ line }) => line)));
  const record = (line: string, level: LogRecord['level']): LogRecord => ({ ...made[0]!, line, level });
  await own.append([record('boom 1', 'error'), record('boom 2', 'info'), record('quiet', 'error')]);
  stop();
  await own.append([record('boom 3', 'error')]);
  expect(seen).toEqual(['boom 1']);
  await own.close();
});

test('a cancelled search ends, a bad cursor is told', async () => {
  const abort = AbortSignal.abort();
  await expect(logs.search({ text: '/zzz/', direction: 'backward', limit: 1 }, abort)).rejects.toMatchObject({ code: 'cancelled' });
  await expect(logs.search({ text: '', direction: 'backward', limit: 1, cursor: 'x' })).rejects.toThrow(/cursor/);
});
