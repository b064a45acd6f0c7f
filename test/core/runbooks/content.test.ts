import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunbookStep } from '#core/model/index.ts';
import { createRunbooks, readRunbook } from '#core/runbooks/index.ts';
import { describe, expect, test } from 'vitest';
import { desk } from './desk.ts';

const shipped = join(import.meta.dirname, '../../../runbooks');
const published = join(import.meta.dirname, '../../../../shared/data/runbooks/prometheus-operator/runbooks');
const ids = readdirSync(shipped)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => basename(name, '.md'));

describe.each(ids)('the runbook %s', (id) => {
  const runbook = readRunbook(id, readFileSync(join(shipped, `${id}.md`), 'utf8'));

  test('reads without a problem', () => {
    expect(runbook.problems).toEqual([]);
    expect(runbook.steps.length).toBeGreaterThan(2);
    expect(runbook.intro).not.toBe('');
  });

  /** The value that makes a check say `outcome`. */
  const valueFor = ({ check }: RunbookStep, outcome: 'pass' | 'fail'): number => {
    const { op, value } = check!.expect;
    const [inside, outside] = op.startsWith('<') ? [value - 1, value + 1] : op.startsWith('>') ? [value + 1, value - 1] : [value, value + 1];
    return (outcome === 'pass') === (op !== '!=') ? inside : outside;
  };

  test.each(['pass', 'fail'] as const)('is walked to its end when the first look at each check says %s', async (first) => {
    const d = desk({});
    const runbooks = createRunbooks({
      folders: [shipped],
      db: d.db,
      clock: d.clock,
      query: () => Promise.resolve({ samples: [{ labels: [], value: next }] }),
    });
    let next = 0;
    let run = runbooks.start({ runbook: id, by: 'Ada' });
    const visits = new Map<string, number>();
    for (let moves = 0; run.current !== undefined && moves < 100; moves++) {
      const step = runbook.steps.find((each) => each.id === run.current)!;
      const visit = (visits.get(step.id) ?? 0) + 1;
      visits.set(step.id, visit);
      next = step.check === undefined ? 0 : valueFor(step, visit > 1 ? 'pass' : first);
      run = step.check === undefined ? runbooks.tick(run.id, step.id, '', 'Ada') : await runbooks.check(run.id, step.id, 'Ada');
    }
    expect(run.finishedMs).toBe(d.clock.now());
  });
});

test('the form that the README shows is the form that is read', () => {
  const readme = readFileSync(join(shipped, 'README.md'), 'utf8');
  const example = /````markdown\n([^]*?)\n````/.exec(readme)![1]!;
  const runbook = readRunbook('example', example);
  expect(runbook.problems).toEqual([]);
  expect(runbook.steps.map(({ onPass, onFail }) => [onPass, onFail])).toEqual([
    ['step-3-wait-for-it-to-drain', 'step-2-add-workers'],
    ['step-1-is-it-still-growing', undefined],
    [undefined, undefined],
  ]);
});

test('published runbooks of another project become hand-ticked steps; the one that is broken says so', () => {
  const d = desk({});
  const runbooks = createRunbooks({ folders: [published], db: d.db, clock: d.clock, query: () => Promise.resolve({ samples: [] }) });
  const list = runbooks.list();
  expect(list.length).toBeGreaterThan(100);
  expect(list.flatMap(({ id, problems }) => problems.map((problem) => `${id}: ${problem}`))).toEqual([
    'PrometheusOperatorNodeLookupErrors: line 20: the code block is never closed',
  ]);
  expect(list.filter(({ steps }) => steps.length === 0)).toEqual([]);
  expect(runbooks.get('KubePodCrashLooping').steps.map(({ title, check }) => [title, check])).toEqual([
    ['Diagnosis', undefined],
    ['Mitigation', undefined],
  ]);
  expect(runbooks.get('KubePodCrashLooping').intro).toContain('Pod is in CrashLoop');
});
