import { basename } from 'node:path';
import { readdirSync } from 'node:fs';
import { readSpanText } from '#core/formats/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { readShared, sharedData } from '../../support/shared-data.ts';

/** Jaeger's own test of its storages: traces, queries, and which traces each query finds. */
interface Case {
  readonly Caption: string;
  readonly Query: {
    readonly ServiceName: string;
    readonly OperationName: string;
    readonly Tags: Readonly<Record<string, unknown>> | null;
    readonly StartTimeMin: string;
    readonly StartTimeMax: string;
    readonly DurationMin: number;
    readonly DurationMax: number;
  };
  readonly ExpectedFixtures: readonly string[];
}

const folder = 'traces/jaeger/storage/integration/fixtures';
const cases = JSON.parse(readShared(folder, 'queries.json').toString()) as readonly Case[];
const quoted = (text: unknown): string => JSON.stringify(typeof text === 'string' ? text : JSON.stringify(text));

function queryText({ Query }: Case): string {
  const conditions = [`service=${quoted(Query.ServiceName)}`];
  if (Query.OperationName !== '') conditions.push(`operation=${quoted(Query.OperationName)}`);
  for (const [key, value] of Object.entries(Query.Tags ?? {})) conditions.push(`${quoted(key)}=${quoted(value)}`);
  if (Query.DurationMin > 0) conditions.push(`duration>=${Query.DurationMin}ns`);
  if (Query.DurationMax > 0) conditions.push(`duration<=${Query.DurationMax}ns`);
  return conditions.join(' ');
}

test.each(['head', 'blocks'])("finds what Jaeger's storages find, from %s", async (where) => {
  const traces = openTraces({ folder: tempFolder(), clock: new ManualClock() });
  onTestFinished(() => traces.close());
  const fixtureOf = new Map<string, string>();
  for (const file of readdirSync(sharedData(folder, 'traces'))) {
    const { spans, faultCount } = readSpanText(readShared(folder, 'traces', file).toString());
    expect([file, faultCount]).toEqual([file, 0]);
    await traces.append(spans);
    for (const { traceId } of spans) fixtureOf.set(traceId, basename(file, '.json'));
  }
  if (where === 'blocks') await traces.flush();
  const nanos = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;
  for (const one of cases) {
    const { StartTimeMin, StartTimeMax } = one.Query;
    const page = await traces.search({ text: queryText(one), fromNs: nanos(StartTimeMin), toNs: nanos(StartTimeMax), limit: 100 });
    const found = page.traces.map(({ traceId }) => fixtureOf.get(traceId)!);
    expect([one.Caption, found.sort()]).toEqual([one.Caption, [...one.ExpectedFixtures].sort()]);
  }
});
