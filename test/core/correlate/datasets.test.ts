/** A case from its files to the answers of the desks. */
import Database from 'better-sqlite3';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CorrelateDesk, Datasets } from '#core/answers/index.ts';
import { caseFolder, importPaths, openCase } from '#core/intake/index.ts';
import { openLogs } from '#core/logs/index.ts';
import { createQueries } from '#core/promql/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const startSeconds = 1_600_000_000;
const context = { signal: new AbortController().signal };

/** Twenty minutes at 5 s of three services; `cart` is slow and busy in the last five. Metrics, traces and logs in RCAEval's tables. */
function capture(folder: string): void {
  const rows = Array.from({ length: 240 }, (_, i) => {
    const isFault = i >= 180;
    const calm = 1 + Math.sin(i) * 0.05;
    return { seconds: startSeconds + i * 5, cart: isFault ? calm * 8 : calm, calm, isFault, i };
  });
  const metrics = rows.map(({ seconds, cart, calm }) => [seconds, calm, calm, cart, cart, calm, calm].join());
  writeFileSync(
    join(folder, 'simple_metrics.csv'),
    ['time,web_cpu,web_latency-90,cart_cpu,cart_latency-90,db_cpu,db_latency-90', ...metrics].join('\n'),
  );
  const spans = rows.flatMap(({ seconds, cart, i }) => [
    [seconds, `t${i}`, `w${i}`, 'web', 'GET', seconds * 1000, seconds * 1e6, 3000 + Math.round(cart * 2000), 0, ''].join(),
    [seconds, `t${i}`, `c${i}`, 'cart', 'get', seconds * 1000, seconds * 1e6 + 100, Math.round(cart * 2000), 0, `w${i}`].join(),
  ]);
  writeFileSync(
    join(folder, 'traces.csv'),
    ['time,traceID,spanID,serviceName,operationName,startTimeMillis,startTime,duration,statusCode,parentSpanID', ...spans].join('\n'),
  );
  const lines = rows.map(({ seconds, isFault }) =>
    [seconds, `${seconds}000000000`, 'cart', isFault ? 'ERROR lookup timed out' : 'INFO found item'].join(),
  );
  writeFileSync(join(folder, 'logs.csv'), ['time,timestamp,container_name,message', ...lines].join('\n'));
}

async function scene(): Promise<{ dataDir: string; datasets: Datasets; desk: ReturnType<CorrelateDesk['handlers']> }> {
  const [dataDir, files] = [tempFolder(), tempFolder()];
  const clock = new ManualClock(1_700_000_000_000);
  capture(files);
  const stores = openCase(caseFolder(dataDir, 'a-case'), clock);
  for (const file of await importPaths([files], { stores: stores.into })) stores.noteFile(file);
  await stores.close();
  const folder = join(dataDir, 'live');
  const metrics = openTsdb({ folder, clock });
  const breathe = (): Promise<void> => Promise.resolve();
  const live = {
    metrics,
    traces: openTraces({ folder, clock }),
    logs: openLogs({ folder, clock }),
    queries: createQueries({ source: metrics, clock, breathe }),
  };
  const datasets = new Datasets({ dataDir, clock, live, breathe });
  return { dataDir, datasets, desk: new CorrelateDesk({ datasets, clock, dataDir, breathe }).handlers() };
}

const window = { startMs: (startSeconds + 900) * 1000, endMs: (startSeconds + 1200) * 1000 };

describe('a case beside the live dataset', () => {
  test('is listed with its size and range, and answers queries of its own', async () => {
    const { datasets } = await scene();
    expect(datasets.list().map(({ name, sampleCount, spanCount, logCount, oldestMs }) => [name, sampleCount, spanCount, logCount, oldestMs])).toEqual(
      [
        ['live', 0, 0, 0, undefined],
        ['a-case', 1440, 480, 240, startSeconds * 1000],
      ],
    );
    const answer = await datasets.of('a-case').queries.instant('max by (service) (cpu) > 4', window.endMs - 6000);
    expect(answer).toMatchObject({ type: 'vector', samples: [{ labels: ['service', 'cart'] }] });
    expect(() => datasets.of('none')).toThrow('there is no case "none"; there are a-case');
    await datasets.close();
  });

  test('is listed with the reason when a newer Signalbox wrote it, and can still be deleted', async () => {
    const { datasets, desk, dataDir } = await scene();
    const db = new Database(join(caseFolder(dataDir, 'a-case'), 'metrics.db'));
    db.pragma('user_version = 9999');
    db.close();
    const problem = expect.stringMatching(/metrics\.db was written by a newer Signalbox .*; open it with that version$/) as string;
    expect(datasets.list()).toMatchObject([{ name: 'live' }, { name: 'a-case', sampleCount: 0, problem }]);
    expect(datasets.list()[0]!.problem).toBeUndefined();
    expect(() => datasets.of('a-case')).toThrow('newer Signalbox');
    await desk['cases.delete']({ name: 'a-case' }, context);
    expect(datasets.names()).toEqual([]);
    await datasets.close();
  });

  test('its fault began in cart, and the evidence of all three signals says so', async () => {
    const { desk, datasets } = await scene();
    const { suspects } = await desk['correlate.rootCause']({ dataset: 'a-case', ...window }, context);
    expect(suspects[0]!.service).toBe('cart');
    expect(new Set(suspects[0]!.evidence.map(({ kind }) => kind))).toEqual(new Set(['metric', 'latency', 'log']));
    const late = await desk['correlate.rootCause']({ dataset: 'a-case', startMs: window.startMs + 60_000, endMs: window.endMs }, context);
    expect(late.suspects[0]!.service).toBe('cart');
    await datasets.close();
  });

  test('what changed in it, the reports of its import, and that it goes when it is deleted', async () => {
    const { desk, datasets } = await scene();
    const { changes } = await desk['correlate.changes']({ dataset: 'a-case', ...window }, context);
    expect(new Set(changes.map(({ kind, service }) => `${kind} ${service}`))).toEqual(
      new Set(['metric cart', 'latency cart', 'edge cart', 'log cart']),
    );
    await expect(desk['correlate.changes']({ dataset: 'a-case', startMs: 5, endMs: 5 }, context)).rejects.toThrow('the window ends before it begins');
    const files = await desk['cases.files']({ name: 'a-case' }, context);
    expect(files.map(({ format, samples, spans, logs }) => [format, samples, spans, logs])).toEqual([
      ['CSV of spans', 0, 480, 0],
      ['CSV of series', 1440, 0, 0],
      ['CSV of log lines', 0, 0, 240],
    ]);
    await desk['cases.delete']({ name: 'a-case' }, context);
    expect(datasets.names()).toEqual([]);
    await datasets.close();
  });
});
