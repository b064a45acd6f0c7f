import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync, deflateRawSync, crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { importPaths, openCase, type CaseStores, type ImportedFile, type ImportLimits } from '#core/intake/index.ts';
import { formatLabels, matcher } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const shared = join(import.meta.dirname, '../../../../shared/data');
const all = [matcher('__name__', '=~', '.+')];

async function imported(
  files: Readonly<Record<string, string | Uint8Array>>,
  limits?: ImportLimits,
): Promise<{ stores: CaseStores; files: readonly ImportedFile[] }> {
  const folder = tempFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const stores = openCase(join(tempFolder(), 'case'), new ManualClock(1_700_000_000_000));
  const reports = await importPaths([folder], { stores: stores.into, ...(limits === undefined ? {} : { limits }) });
  return { stores, files: reports };
}

const seriesOf = (stores: CaseStores): string[] => stores.metrics.series(all, -1e14, 1e14).map((labels) => formatLabels(labels));

/** A zip of one deflated file. */
function zipOf(name: string, content: string): Buffer {
  const data = Buffer.from(content);
  const packed = deflateRawSync(data);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(crc32(data), 14);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(data.length, 22);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt16LE(0x5af5, 14);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt32LE(data.length, 24);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, entry, Buffer.from(name), end]);
}

/** A tar of one file. */
function tarOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar', 257);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

const wide = 'time,cart_cpu,cart_mem,web_cpu,web_mem\n1600000000,1,2,3,4\n1600000001,5,6,,8\n';

describe('tables', () => {
  const cases: readonly (readonly [name: string, csv: string, format: string, series: readonly string[]])[] = [
    ['service_metric columns', wide, 'CSV of series', ['cpu{service="cart"}', 'cpu{service="web"}', 'mem{service="cart"}', 'mem{service="web"}']],
    [
      'columns with signs in the service',
      'time,a-db_lat_50,a-db_lat_90,b_lat_50,b_lat_90\n1600000000,1,2,3,4\n',
      'CSV of series',
      ['lat_50{service="a-db"}', 'lat_50{service="b"}', 'lat_90{service="a-db"}', 'lat_90{service="b"}'],
    ],
    ['plain columns are no services', 'timestamp,cpu_usage,mem_usage\n2020-01-01 00:00:00,1,2\n', 'CSV of series', ['cpu_usage', 'mem_usage']],
    ['long', 'timestamp,service,metric,value\n2020-01-01T00:00:00Z,web,errors,0.5\n', 'CSV of samples', ['errors{service="web"}']],
    [
      'a pod a row',
      'Time,TimeStamp,PodName,Cpu(%)\nx,1600000000,web-5f6585d649-fnmft,3\n',
      'CSV of series',
      ['Cpu_percent{pod="web-5f6585d649-fnmft", service="web"}'],
    ],
    [
      'stacked headers',
      'microservice,web,db\nmetric,latency,latency\nstatistic,p90,p90\nunix_timestamp,,\n1600000000,1,2\n',
      'CSV of series with stacked headers',
      ['latency{microservice="db", statistic="p90"}', 'latency{microservice="web", statistic="p90"}'],
    ],
  ];
  test.each(cases)('%s', async (_name, csv, format, series) => {
    const { stores, files } = await imported({ 'data.csv': csv });
    expect(files.map((file) => [file.format, file.faultCount])).toEqual([[format, 0]]);
    expect(seriesOf(stores)).toEqual(series);
    await stores.close();
  });

  test('an empty cell is no sample, and a bad one is told by its line', async () => {
    const { stores, files } = await imported({ 'data.csv': `${wide}nonsense,1,2,3,4\n1600000003,1,x,3,4\n` });
    expect(files[0]).toMatchObject({
      samples: 8,
      faults: [
        { line: 4, reason: '"nonsense" is no time' },
        { line: 5, reason: '"x" is no number' },
      ],
    });
    await stores.close();
  });

  test('a table of events becomes log lines, one without times is told so', async () => {
    const { stores, files } = await imported({
      'deploys.csv': 'timestamp,service,version\n2020-01-01T00:00:00Z,web,v 2\n',
      'x.csv': 'a,b,c,d\n1,2,3,4\n',
    });
    expect(files.map(({ format, logs, faults }) => [format, logs, faults[0]?.reason ?? ''])).toEqual([
      ['CSV of events', 1, ''],
      ['', 0, 'a table in which no column of times was found: "a,b,c,d"'],
    ]);
    const { records } = await stores.logs.search({ text: '', direction: 'forward', limit: 10 });
    expect(records).toMatchObject([{ line: 'service=web version="v 2"', labels: ['events', 'deploys', 'service_name', 'web'] }]);
    await stores.close();
  });

  test('calls as rows and as a matrix', async () => {
    const { stores } = await imported({ 'a.csv': 'Source,Target,Weight\nweb,cart,1\n', 'b.csv': ',cart,db\ncart,0.0,1.0\ndb,0.0,0.0\n' });
    expect(stores.edges()).toEqual([
      { caller: 'cart', callee: 'db' },
      { caller: 'web', callee: 'cart' },
    ]);
    await stores.close();
  });

  test('spans and log lines', async () => {
    const spans =
      'TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\nab,1,root,web-5f6585d649-fnmft,GET /,1600000000000000001,1600000000000002001,2\n';
    const lines =
      'Timestamp,TimeUnixNano,PodName,TraceID,SpanID,Log\n2020-09-13T12:26:40Z,1600000000000000001,web-1,ab,1,"{""log"":""12:26 ERROR a, b\\n""}"\n';
    const { stores, files } = await imported({ 'l.csv': lines, 's.csv': spans });
    expect(files.map(({ format }) => format)).toEqual(['CSV of log lines', 'CSV of spans']);
    const [span] = stores.traces.spans('ab'.padStart(32, '0'));
    expect(span).toMatchObject({
      name: 'GET /',
      parentId: '',
      startNs: 1_600_000_000_000_000_001n,
      endNs: 1_600_000_000_000_002_001n,
      resource: { service: 'web' },
    });
    const { records } = await stores.logs.search({ text: '', direction: 'forward', limit: 10 });
    expect(records).toMatchObject([{ line: '12:26 ERROR a, b', level: 'error', timeNs: 1_600_000_000_000_000_001n }]);
    await stores.close();
  });
});

describe('archives', () => {
  test('zip, tar, gzip and zstd, and one in another', async () => {
    const packed = {
      'a.zip': zipOf('x/data.csv', wide),
      'b.tar': tarOf('data.csv', wide),
      'c.tar.gz': gzipSync(tarOf('../../data.csv', wide)),
      'd.csv.zst': zstdCompressSync(wide),
    };
    const { stores, files } = await imported(packed);
    expect(
      files.map(({ path, format }) => [path.slice(path.lastIndexOf('/', path.indexOf('!') < 0 ? undefined : path.indexOf('!')) + 1), format]),
    ).toEqual([
      ['a.zip!x/data.csv', 'CSV of series'],
      ['b.tar!data.csv', 'CSV of series'],
      ['c.tar!../../data.csv', 'CSV of series'],
      ['d.csv', 'CSV of series'],
    ]);
    expect(files.map(({ samples, duplicates }) => samples + duplicates)).toEqual([7, 7, 7, 7]);
    await stores.close();
  });

  test('a bomb is stopped by bytes, by depth and by count', async () => {
    const limits = { filesMax: 100, bytesMax: 1 << 20, depthMax: 2, documentBytesMax: 1 << 20 };
    const bomb = await imported({ 'bomb.gz': gzipSync(Buffer.alloc(4 << 20, 'a\n')) }, limits);
    expect(bomb.files).toMatchObject([
      { isRefused: true, faults: [{ reason: expect.stringContaining('unpacks to more than 1048576 bytes') as string }] },
    ]);
    await bomb.stores.close();
    const deep = await imported({ 'deep.gz': gzipSync(gzipSync(gzipSync(wide))) }, limits);
    expect(deep.files).toMatchObject([{ isRefused: true, faults: [{ reason: 'archives lie more than 2 deep in each other' }] }]);
    await deep.stores.close();
    await expect(imported({ 'a.csv': wide, 'b.csv': wide }, { ...limits, filesMax: 1 })).rejects.toThrow('more than 1 files');
  });

  test('one that is cut short is told', async () => {
    const { stores, files } = await imported({
      'cut.zip': zipOf('a.csv', wide).subarray(0, 60),
      'cut.csv.gz': gzipSync(wide).subarray(0, 20),
      'ok.csv': wide,
    });
    expect(files.map(({ isRefused }) => isRefused)).toEqual([true, true, false]);
    await stores.close();
  });

  test('what lies before the cut is taken, and the cut is told', async () => {
    // Numbers without a pattern, so that what is packed can be cut anywhere.
    const lines = Array.from({ length: 3_000 }, (_, i) => `2026-01-05T03:00:00.${String(i % 1000).padStart(3, '0')}Z INFO ${(i * 7919) % 104_729}\n`);
    const packed = gzipSync(lines.join(''));
    const { stores, files } = await imported({ 'cut.log.gz': packed.subarray(0, packed.length >> 1) });
    const [file] = files;
    expect(file).toMatchObject({
      format: 'read in part',
      isRefused: false,
      faults: [{ reason: expect.stringMatching(/^the file is cut short/) as string }],
    });
    expect(file!.logs).toBeGreaterThan(500);
    await stores.close();
  });
});

describe('other formats', () => {
  test('OpenMetrics with times, Prometheus text without, and a dump', async () => {
    const { stores, files } = await imported({
      'a.om': '# TYPE x gauge\nx{a="b"} 1 1600000000.5\nx{a="b"} 2 1600000001.5\n# EOF\n',
      'b.prom': '# HELP y why\n# TYPE y counter\ny_total 3\n',
      'c.dump': '{__name__="z", job="j"} 1 1600000000000\n{__name__="z", job="j"} 2 1600000015000\n',
    });
    expect(files.map(({ format, samples, notes }) => [format, samples, notes.length])).toEqual([
      ['OpenMetrics', 2, 0],
      ['Prometheus text', 1, 1],
      ['Prometheus text', 2, 0],
    ]);
    expect(seriesOf(stores)).toEqual(['x{a="b"}', 'y_total', 'z{job="j"}']);
    expect(stores.metrics.select([matcher('__name__', '=', 'x')], 0, 2e12)[0]!.timesMs).toEqual(
      Float64Array.of(1_600_000_000_500, 1_600_000_001_500),
    );
    await stores.close();
  });

  test('an answer of the query API, and flat objects as spans', async () => {
    const answer = {
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'up', job: 'a' },
            values: [
              [1_600_000_000, '1'],
              [1_600_000_015, 'NaN'],
            ],
          },
        ],
      },
    };
    const spans = [
      { trace_id: 'a1', span_id: 'b1', parent_id: null, service: 'web', name: 'GET', start: '2020-01-01T00:00:00Z', duration_ms: 5, status: 'ERROR' },
    ];
    const { stores, files } = await imported({ 'answer.json': JSON.stringify(answer), 'spans.json': JSON.stringify(spans, undefined, 2) });
    expect(files.map(({ format, samples, spans: count }) => [format, samples, count])).toEqual([
      ['Prometheus API JSON', 2, 0],
      ['JSON list of spans', 0, 1],
    ]);
    expect(stores.traces.spans('a1'.padStart(32, '0'))[0]).toMatchObject({ status: 'error', endNs: 1_577_836_800_005_000_000n });
    await stores.close();
  });

  test('what is nothing is refused, and a foreign database is never opened', async () => {
    const { stores, files } = await imported({
      'a.txt': 'Hello, World!',
      'b.db': Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(100)]),
      'c.empty': '',
    });
    expect(files.map(({ isRefused, faults }) => [isRefused, faults[0]?.reason ?? ''])).toEqual([
      [true, 'no format that is known here: "Hello, World!"'],
      [true, 'a SQLite file of somebody else is never opened'],
      [false, ''],
    ]);
    await stores.close();
  });
});

test('the given traces and logs import whole, what is no trace or log told by file', async () => {
  const stores = openCase(join(tempFolder(), 'case'), new ManualClock(1_700_000_000_000));
  const files = await importPaths([join(shared, 'traces'), join(shared, 'logs')], { stores: stores.into });
  const refused = files.filter(({ isRefused }) => isRefused).map(({ path }) => path.slice(shared.length + 1));
  expect(
    refused.filter(
      (path) =>
        !/delag-request-latency|LICENSE|README|queries(_es)?\.json|query_0\d\.json|invalid_json|scan_error|wrong_format|really_long_name/.test(path),
    ),
  ).toEqual([]);
  expect(files.reduce((sum, { spans }) => sum + spans, 0)).toBeGreaterThan(7000);
  expect(files.every(({ isRefused, faultCount }) => !isRefused || faultCount > 0)).toBe(true);
  await stores.close();
});
