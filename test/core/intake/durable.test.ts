import { describe, expect, onTestFinished, test } from 'vitest';
import { createReceiver, createScraper, Ledger, type SampleSink } from '#core/intake/index.ts';
import { EngineError } from '#core/model/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { proto } from '../../support/proto-writer.ts';
import { snappyEncode } from '../../support/snappy.ts';

/** A real store that notes how durable each commit was asked to be, and can say that its disk takes no more. */
function watched(clock: ManualClock): { readonly sink: SampleSink; readonly traces: Traces; readonly asked: string[]; full: boolean } {
  const store = openTsdb({ folder: tempFolder(), clock });
  const traces = openTraces({ folder: tempFolder(), clock });
  onTestFinished(async () => {
    await traces.close();
    await store.close();
  });
  const seen = {
    asked: [] as string[],
    full: false,
    traces,
    sink: {
      ref: (labels) => store.ref(labels),
      setMetadata: (metric, metadata) => store.setMetadata(metric, metadata),
      addExemplar: (ref, exemplar) => store.addExemplar(ref, exemplar),
      batch: () => {
        const batch = store.batch();
        const commit = batch.commit.bind(batch);
        batch.commit = async (durability) => {
          seen.asked.push(durability);
          if (seen.full) throw new EngineError('unavailable', 'the disk is full');
          return commit(durability);
        };
        return batch;
      },
    } satisfies SampleSink,
  };
  return seen;
}

const requests = (timeMs: number): readonly (readonly [path: string, body: Uint8Array, headers: Record<string, string>])[] => [
  [
    '/api/v1/write',
    snappyEncode(
      proto([
        [
          1,
          'message',
          [
            [
              1,
              'message',
              [
                [1, 'bytes', '__name__'],
                [2, 'bytes', 'w'],
              ],
            ],
            [
              2,
              'message',
              [
                [1, 'double', 1],
                [2, 'int', timeMs],
              ],
            ],
          ],
        ],
      ]),
    ),
    { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
  ],
  [
    '/v1/metrics',
    Buffer.from(
      `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"o","gauge":{"dataPoints":[{"timeUnixNano":"${timeMs}000000","asInt":1}]}}]}]}]}`,
    ),
    { 'content-type': 'application/json' },
  ],
  ['/metrics/job/j', Buffer.from('p 1\n'), {}],
];

describe('what was acknowledged is safe', () => {
  test('pushes are on stable storage before they are answered; scrapes survive the process', async () => {
    const clock = new ManualClock();
    const { sink, traces, asked } = watched(clock);
    const ledger = new Ledger();
    const receiver = createReceiver({ store: sink, traces, clock, ledger, folder: tempFolder() });
    for (const [path, body, headers] of requests(clock.now())) {
      const answer = await receiver.receive({ port: 'app', method: 'POST', path, query: '', headers, body });
      expect(answer!.status).toBeLessThan(300);
    }
    expect(asked).toEqual(['power', 'power', 'power']);
    await receiver.stop();
    const scraper = createScraper({ store: sink, clock, ledger });
    scraper.addLocal('self', 'i', () => 'a 1\n');
    await scraper.scrapeNow('local:i');
    await scraper.stop();
    expect(asked.at(-1)).toBe('process');
  });

  test('a store that takes no more is a 503 that senders come back from, and an entry in the account', async () => {
    const clock = new ManualClock();
    const seen = watched(clock);
    seen.full = true;
    const ledger = new Ledger();
    const receiver = createReceiver({ store: seen.sink, traces: seen.traces, clock, ledger, folder: tempFolder() });
    for (const [path, body, headers] of requests(clock.now())) {
      const answer = await receiver.receive({ port: 'app', method: 'POST', path, query: '', headers, body });
      expect([answer!.status, answer!.headers['retry-after']]).toEqual([503, '5']);
    }
    await receiver.stop();
    const scraper = createScraper({ store: seen.sink, clock, ledger });
    scraper.addLocal('self', 'i', () => 'a 1\n');
    await scraper.scrapeNow('local:i');
    expect(scraper.targets()[0]).toMatchObject({ health: 'down', lastError: 'the disk is full' });
    await scraper.stop();
    for (const { received, stored, rejected } of ledger.rows()) {
      expect([stored, rejected.get('store_unavailable')]).toEqual([0, received]);
    }
    expect(ledger.rows().map(({ source }) => source)).toEqual(['remote_write', 'otlp', 'pushgateway', 'scrape:self']);
  });
});
