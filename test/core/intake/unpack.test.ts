/** Reliability, row 12: what unpacks to far more than its limit is refused while it unpacks, and costs no memory. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseSignalboxConfig } from '#core/formats/index.ts';
import { httpTarget } from '../../support/http-target.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { jobOf, ScrapeScene } from '../../support/scrape-scene.ts';
import { otlpTraces, spanOf } from '../../support/spans.ts';

const MiB = 1 << 20;
const zeros = gzipSync(Buffer.alloc(512 * MiB)); // half a MiB on the wire
const gzip = { 'content-encoding': 'gzip' };
const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };

/** What `act` adds to the memory of the process, at most, as seen after it. */
async function grownBytes(act: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  await act();
  return process.memoryUsage.rss() - before;
}

describe('bombs', () => {
  const bombs: readonly (readonly [what: string, path: string, body: Uint8Array, headers: Record<string, string>, status: number])[] = [
    ['gzip to OTLP metrics', '/v1/metrics', zeros, { ...protobuf, ...gzip }, 413],
    ['gzip to OTLP spans in JSON', '/v1/traces', zeros, { ...json, ...gzip }, 413],
    ['gzip to OTLP logs', '/v1/logs', zeros, { ...protobuf, ...gzip }, 413],
    ['gzip to Zipkin', '/api/v2/spans', zeros, { ...json, ...gzip }, 413],
    ['snappy that claims 2 GiB', '/api/v1/write', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0, 0]), protobuf, 413],
    ['snappy that claims more than it can hold', '/api/v1/write', Buffer.from([0x80, 0x80, 0x80, 0x08, 0, 0]), protobuf, 400],
    ['a protobuf field longer than the message', '/v1/traces', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]), protobuf, 400],
    ['JSON of 100,000 brackets', '/v1/traces', Buffer.from('['.repeat(100_000)), json, 413],
    ['JSON of many small values', '/api/v2/spans', Buffer.from(`[${'0,'.repeat(3_000_000)}0]`), json, 413],
  ];

  test.each(bombs)('%s', async (_, path, body, headers, status) => {
    const scene = new ReceiveScene();
    const grown = await grownBytes(async () => expect((await scene.send(path, body, headers)).status).toBe(status));
    expect(grown).toBeLessThan(64 * MiB);
    const fromMs = performance.now();
    expect((await scene.send(...otlpTraces([spanOf(1)]))).status).toBe(200);
    expect(performance.now() - fromMs).toBeLessThan(500); // 100 ms on a machine with nothing else to do
  });

  test('a scraped page', async () => {
    const target = await httpTarget(
      (_, response) => void response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(zeros),
    );
    const scene = new ScrapeScene();
    await scene.configure(jobOf([target.address]));
    const grown = await grownBytes(async () =>
      expect(await scene.scrape()).toMatchObject({ health: 'down', lastError: expect.stringContaining('limit') as string }),
    );
    expect(grown).toBeLessThan(64 * MiB);
  });

  test('a configuration of aliases', () => {
    const lines = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...Array.from('bcdefghij', (name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghij'[i]}`).join(', ')}]`),
    ];
    expect(() => parseSignalboxConfig(`external: {${lines.length}: 1}\n${lines.join('\n')}\n`, 'x.yml')).toThrow(/x\.yml:\d+/);
  });
});
