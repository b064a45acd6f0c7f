import { EngineError, labelsFromRecord, type RunbookRun } from '#core/model/index.ts';
import type { RunRecord } from '#core/runbooks/index.ts';
import { describe, expect, test } from 'vitest';
import { desk } from './desk.ts';

const cache = `---
title: Latency
params:
  job: .+
---

## Step 1: Cache

\`\`\`check
what: hit rate
query: hits{job=~"$job"}
expect: "> 0.9"
\`\`\`

- pass -> [Database](#step-3-database)
- fail -> [Storm](#step-2-storm)

## Step 2: Storm

Stop it.

- pass -> [Cache](#step-1-cache)

## Step 3: Database

Look.

## Step 4: Callees

Look.
`;
const trail = (run: RunbookRun): readonly string[] => run.steps.map(({ state }) => state);
const sample = (value: number) => [{ labels: labelsFromRecord({ job: 'cache' }), value }];

test('the run follows the data, keeps evidence, and ends', async () => {
  const d = desk({ 'latency.md': cache });
  const { id } = d.runbooks.start({ runbook: 'latency', labels: labelsFromRecord({ job: 'timeline' }), by: 'Ada' });
  d.answer = () => sample(0.41);
  let run = await d.runbooks.check(id, 'step-1-cache', 'Ada');
  expect(d.asked).toEqual(['hits{job=~"timeline"}']);
  expect(run.current).toBe('step-2-storm');
  expect(run.steps[0]).toEqual({
    id: 'step-1-cache',
    state: 'fail',
    atMs: d.clock.now(),
    by: 'Ada',
    note: '',
    evidence: {
      query: 'hits{job=~"timeline"}',
      atMs: d.clock.now(),
      value: 0.41,
      series: '{job="cache"}',
      sampleCount: 1,
      sentence: 'hit rate 0.41, expected > 0.9',
    },
  });

  run = d.runbooks.tick(id, 'step-2-storm', 'paused the import', 'Ada');
  expect([run.current, trail(run)]).toEqual(['step-1-cache', ['fail', 'done', 'todo', 'todo']]);

  await d.clock.advance(60_000);
  d.answer = () => sample(0.95);
  run = await d.runbooks.check(id, 'step-1-cache', 'Ada');
  expect([run.current, trail(run)]).toEqual(['step-3-database', ['pass', 'done', 'todo', 'todo']]);

  run = d.runbooks.skip(id, 'step-3-database', 'graph is flat', 'Grace');
  expect(run.steps[2]).toMatchObject({ state: 'skipped', note: 'graph is flat', by: 'Grace' });
  run = d.runbooks.tick(id, 'step-4-callees', '', 'Grace');
  expect([run.current, run.finishedMs]).toEqual([undefined, d.clock.now()]);

  run = d.runbooks.goTo(id, 'step-1-cache', 'it is back', 'Ada');
  expect([run.current, run.finishedMs]).toEqual(['step-1-cache', undefined]);
});

test('unknown asks the person, who answers', async () => {
  const d = desk({ 'latency.md': cache });
  const { id } = d.runbooks.start({ runbook: 'latency', by: 'Ada' });
  let run = await d.runbooks.check(id, 'step-1-cache', 'Ada');
  expect([run.current, run.steps[0]!.state]).toEqual(['step-1-cache', 'unknown']);
  run = d.runbooks.tick(id, 'step-1-cache', 'saw it in redis-cli', 'Ada', 'fail');
  expect([run.current, run.steps[0]!.state]).toEqual(['step-2-storm', 'fail']);
  expect(run.steps[0]!.evidence?.sentence).toBe('no data for hit rate; it takes a person to say');
});

test('a query that fails is unknown and says why; a cancelled one leaves no trace', async () => {
  const d = desk({ 'latency.md': cache });
  const { id } = d.runbooks.start({ runbook: 'latency', by: 'Ada' });
  d.answer = () => new EngineError('timeout', 'the query took longer than 30 s');
  const run = await d.runbooks.check(id, 'step-1-cache', 'Ada');
  expect(run.steps[0]).toMatchObject({ state: 'unknown', evidence: { sentence: 'the query took longer than 30 s' } });
  d.answer = () => new EngineError('cancelled', 'cancelled');
  await expect(d.runbooks.check(id, 'step-1-cache', 'Ada')).rejects.toMatchObject({ code: 'cancelled' });
  d.answer = () => sample(0.95);
  expect(await d.runbooks.look(id, 'step-1-cache')).toMatchObject({ state: 'pass' });
  expect(d.runbooks.run(id)).toEqual(run);
});

test('a run goes on after a restart, with the runbook as it stood', async () => {
  const { writeFileSync } = await import('node:fs');
  const d = desk({ 'latency.md': cache });
  const { id } = d.runbooks.start({ runbook: 'latency', by: 'Ada', params: [{ name: 'job', value: 'x.y' }] });
  d.answer = () => sample(0.1);
  const before = await d.runbooks.check(id, 'step-1-cache', 'Ada');
  writeFileSync(`${d.folder}/runbooks/latency.md`, '# Other\n\n## Step 1: New\n\nx\n');
  const again = d.reopen();
  expect(again.run(id)).toEqual(before);
  expect(again.get('latency').title).toBe('Other');
  expect(again.tick(id, 'step-2-storm', '', 'Ada').current).toBe('step-1-cache');
  expect(again.queryOf(id, 'step-1-cache')).toBe('hits{job=~"x\\\\.y"}');
  expect(again.runs().map((run) => run.id)).toEqual([id]);
});

test('a step that is not the current one is recorded and moves nothing', async () => {
  const d = desk({ 'latency.md': cache });
  const { id } = d.runbooks.start({ runbook: 'latency', by: 'Ada' });
  d.answer = () => sample(0.95);
  const looked = d.runbooks.check(id, 'step-1-cache', 'Ada');
  d.runbooks.goTo(id, 'step-4-callees', 'skip ahead', 'Grace');
  const run = await looked;
  expect([run.current, run.steps[0]!.state]).toEqual(['step-4-callees', 'pass']);
});

test('each event of a run in an incident is recorded in the same transaction', async () => {
  const told: RunRecord[] = [];
  const seen: string[] = [];
  let broken = false;
  const d = desk(
    { 'latency.md': cache },
    {
      record: (entry) => {
        if (broken) throw new EngineError('not-found', 'there is no incident 7');
        told.push(entry);
      },
      onChange: (run) => seen.push(run.current ?? 'over'),
    },
  );
  const { id } = d.runbooks.start({ runbook: 'latency', incident: 7, by: 'Ada' });
  d.answer = () => sample(0.41);
  await d.runbooks.check(id, 'step-1-cache', 'Ada');
  expect(told.map(({ incident, runbook, event }) => [incident, runbook, event.kind])).toEqual([
    [7, 'Latency', 'started'],
    [7, 'Latency', 'checked'],
    [7, 'Latency', 'went'],
  ]);
  expect(told[2]!.event).toMatchObject({ to: 'step-2-storm', why: 'hit rate 0.41, expected > 0.9' });
  expect(seen).toEqual(['step-1-cache', 'step-2-storm']);
  expect(d.runbooks.runs({ incident: 7 })).toHaveLength(1);
  expect(d.runbooks.runs({ incident: 8 })).toHaveLength(0);

  broken = true;
  const before = d.runbooks.run(id);
  expect(() => d.runbooks.tick(id, 'step-2-storm', '', 'Ada')).toThrow('no incident 7');
  expect(() => d.runbooks.start({ runbook: 'latency', incident: 7, by: 'Ada' })).toThrow('no incident 7');
  expect(d.runbooks.run(id)).toEqual(before);
  expect(d.runbooks.runs()).toHaveLength(1);
});

describe('refused with a sentence', () => {
  test.each([
    ['an unknown runbook', 'there is no runbook "nope"', (d: ReturnType<typeof desk>) => d.runbooks.start({ runbook: 'nope', by: 'A' })],
    ['a runbook without steps', 'has no steps: line 1', (d: ReturnType<typeof desk>) => d.runbooks.start({ runbook: 'empty', by: 'A' })],
    [
      'an unknown param',
      'has no param "x"',
      (d: ReturnType<typeof desk>) => d.runbooks.start({ runbook: 'latency', params: [{ name: 'x', value: '' }], by: 'A' }),
    ],
    [
      'a huge value',
      'longer than 4096',
      (d: ReturnType<typeof desk>) => d.runbooks.start({ runbook: 'latency', params: [{ name: 'job', value: 'x'.repeat(4097) }], by: 'A' }),
    ],
    ['an unknown run', 'there is no run "run-99"', (d: ReturnType<typeof desk>) => d.runbooks.tick('run-99', 'a', '', 'A')],
    ['no run at all', 'there is no run "x"', (d: ReturnType<typeof desk>) => d.runbooks.run('x')],
    ['an unknown step', 'has no step "nope"', (d: ReturnType<typeof desk>) => d.runbooks.tick('run-1', 'nope', '', 'A')],
    ['skipping without a word', 'say in a word why', (d: ReturnType<typeof desk>) => d.runbooks.skip('run-1', 'step-1-cache', ' ', 'A')],
    ['checking what has no check', 'has no check; tick it by hand', (d: ReturnType<typeof desk>) => d.runbooks.queryOf('run-1', 'step-2-storm')],
  ])('%s', (_, sentence, act) => {
    const d = desk({ 'latency.md': cache, 'empty.md': '' });
    d.runbooks.start({ runbook: 'latency', by: 'Ada' });
    expect(() => act(d)).toThrow(sentence);
  });

  test('ending a run twice', () => {
    const d = desk({ 'latency.md': cache });
    const { id } = d.runbooks.start({ runbook: 'latency', by: 'Ada' });
    expect(d.runbooks.finish(id, 'Ada').finishedMs).toBe(d.clock.now());
    expect(() => d.runbooks.finish(id, 'Ada')).toThrow('already over');
  });
});
