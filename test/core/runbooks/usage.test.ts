import { execFileSync } from 'node:child_process';
import { shellAssignments } from '#core/runbooks/index.ts';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { desk } from './desk.ts';

test('what past runs say of a runbook', async () => {
  const d = desk({
    'a.md': '# A\n\n## Step 1: Look\n\nx\n\n## Step 2: Act\n\n```check\nquery: up\nexpect: "> 1"\n```\n',
    'b.md': '# B\n\n## Step 1: Never\n\nx\n',
  });
  for (const waitMs of [1000, 5000, 3000]) {
    const { id } = d.runbooks.start({ runbook: 'a', by: 'A' });
    await d.clock.advance(waitMs);
    d.runbooks.tick(id, 'step-1-look', '', 'A');
    await d.clock.advance(100);
    if (waitMs === 5000) await d.runbooks.check(id, 'step-2-act', 'A');
    else d.runbooks.skip(id, 'step-2-act', 'no time', 'A');
  }
  const lastRunMs = d.clock.now() - 3100;
  expect(d.runbooks.usage()).toEqual([
    {
      runbook: 'a',
      title: 'A',
      runCount: 3,
      lastRunMs,
      finishedCount: 2,
      steps: [
        { step: 'step-1-look', title: 'Look', doneCount: 3, skippedCount: 0, unknownCount: 0, medianMs: 3000 },
        { step: 'step-2-act', title: 'Act', doneCount: 3, skippedCount: 2, unknownCount: 1, medianMs: 100 },
      ],
    },
    {
      runbook: 'b',
      title: 'B',
      runCount: 0,
      lastRunMs: undefined,
      finishedCount: 0,
      steps: [{ step: 'step-1-never', title: 'Never', doneCount: 0, skippedCount: 0, unknownCount: 0, medianMs: undefined }],
    },
  ]);
});

test('a shell reads back each value and nothing more', () => {
  const value = fc.string({ unit: fc.constantFrom("'", '"', '$', '`', '\\', '(', ')', ';', ' ', '\n', '\u001b', 'a', 'é', '*', '!') });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const text = shellAssignments([
        { name: 'a', value: a },
        { name: 'b', value: b },
      ]);
      const printed = execFileSync('sh', ['-c', `${text}\nprintf '%s|%s' "$a" "$b"`], { encoding: 'utf8' });
      expect(printed).toBe(`${a.replace(/\p{Cc}/gu, '')}|${b.replace(/\p{Cc}/gu, '')}`);
    }),
    { seed: 8, numRuns: 100 },
  );
});
