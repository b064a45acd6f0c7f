import { readRunbook } from '#core/runbooks/index.ts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const lines = (...text: readonly string[]): string => text.join('\n');

const small = lines(
  '---',
  'title: Queue is filling up',
  'alerts: [QueueBacklogHigh, QueueOld]',
  'params:',
  '  queue:',
  '  window: 5m',
  'owner: somebody',
  '---',
  '',
  'Who is hurt.',
  '',
  '## Step 1: Is it `still` growing?',
  '',
  'Look first.',
  '',
  '```yaml check',
  'what: growth',
  'query: deriv(queue_messages{queue="$queue"}[$window])',
  'expect: "<= 0.5%"',
  'of: any',
  'empty: pass',
  'unit: messages/s',
  '```',
  '',
  '- pass -> [Wait](#step-3-wait)',
  '- **fail** → [Add workers](#step-2-add-workers)',
  '',
  '## Step 2: Add workers',
  '',
  '```sh',
  '# not a heading',
  'echo',
  '```',
  '',
  'pass -> [Is it still growing?](#step-1-is-it-still-growing)',
  '',
  '## Step 3: Wait',
  '',
  '- pass -> end',
  '',
  '## Background',
  '',
  'More to read.',
);

test('a runbook is read whole', () => {
  expect(readRunbook('queue', small)).toEqual({
    id: 'queue',
    title: 'Queue is filling up',
    alerts: ['QueueBacklogHigh', 'QueueOld'],
    params: [
      { name: 'queue', default: '' },
      { name: 'window', default: '5m' },
    ],
    intro: 'Who is hurt.\n\n## Background\n\nMore to read.',
    steps: [
      {
        id: 'step-1-is-it-still-growing',
        title: 'Is it still growing?',
        text: 'Look first.',
        check: {
          what: 'growth',
          query: 'deriv(queue_messages{queue="$queue"}[$window])',
          expect: { op: '<=', value: 0.005 },
          of: 'any',
          empty: 'pass',
          unit: 'messages/s',
        },
        onPass: 'step-3-wait',
        onFail: 'step-2-add-workers',
      },
      {
        id: 'step-2-add-workers',
        title: 'Add workers',
        text: '```sh\n# not a heading\necho\n```',
        check: undefined,
        onPass: 'step-1-is-it-still-growing',
        onFail: undefined,
      },
      { id: 'step-3-wait', title: 'Wait', text: '', check: undefined, onPass: 'end', onFail: undefined },
    ],
    problems: [],
  });
});

describe('what is wrong is said with its line, and the rest still works', () => {
  const check = (...body: readonly string[]): string => lines('## Step 1: A', '', '```check', ...body, '```');
  test.each([
    ['no steps', 'Only words.\n\n## Step one\n', []],
    ['an empty file', '', ['line 1: the file has no steps; give each a "## Step" heading']],
    ['front matter that is no YAML', '---\ntitle: [a\n---\n## Step 1\nx', [expect.stringMatching(/^line [23]: this is no YAML: /)]],
    ['front matter that is a list', '---\n- a\n---\n## Step 1\nx', ['line 2: "key: value" lines are expected here']],
    ['a param with a bad name', '---\nparams:\n  ok: 1\n  "not ok": 2\n---\n## Step 1\nx', [expect.stringContaining('line 4: the param "not ok"')]],
    [
      'an expectation without quotes',
      check('query: up', 'expect: > 0.9'),
      [expect.stringMatching(/^line \d: this is no YAML: .*; put the expectation in quotes, as in expect: "> 0.9"$/)],
    ],
    ['no expectation', check('query: up'), [expect.stringContaining('line 4: the check needs an expectation')]],
    ['a word for a number', check('query: up', 'expect: "> much"'), [expect.stringContaining('line 5: the check needs an expectation')]],
    ['no query', check('expect: "> 1"'), ['line 4: the check has no query']],
    ['an unknown key', check('query: up', 'expect: "== 1"', 'within: 5m'), [expect.stringContaining('line 6: a check has no "within"')]],
    ['a wrong choice', check('query: up', 'expect: "== 1"', 'of: most'), ['line 6: "of" is one of all, any']],
    ['an unknown param', check('query: up{job="$job"}', 'expect: "== 1"'), [expect.stringContaining('line 4: $job is not among the params')]],
    ['no PromQL', check('query: |', '  up', '  ) 1', 'expect: "== 1"'), [expect.stringMatching(/^line 6: the query is no PromQL: /)]],
    ['a range', check('query: up[5m]', 'expect: "== 1"'), ['line 4: the query gives a range of samples; a check needs values']],
    ['two checks', lines(check('query: up', 'expect: "== 1"'), '```check', 'x', '```'), [expect.stringContaining('line 7: a step has one check')]],
    ['a branch to nowhere', '## Step 1: A\n- fail -> [B](#b)', [expect.stringContaining('line 2: "[B](#b)" is no step of this runbook')]],
    ['a block that never ends', '## Step 1: A\n```sh\nls', ['line 2: the code block is never closed']],
    [
      'a step that nothing leads to',
      '## Step 1: A\npass -> [C](#step-3-c)\nfail -> end\n## Step 2: B\nx\n## Step 3: C\nx',
      ['line 4: no step leads to "B"; link it from a pass or fail branch'],
    ],
  ] as const)('%s', (_, text, problems) => {
    expect(readRunbook('x', text).problems).toEqual(problems);
  });

  test('a step with a broken check is ticked by hand', () => {
    const runbook = readRunbook('x', check('query: up'));
    expect(runbook.steps).toMatchObject([{ title: 'A', check: undefined }]);
  });

  test('a file too large is not read', () => {
    expect(readRunbook('x', 'a'.repeat(262_145))).toMatchObject({ steps: [], problems: [expect.stringContaining('262145 characters')] });
  });
});

describe('plain markdown', () => {
  test('sections are ticked by hand; what the alert is about is the introduction', () => {
    const runbook = readRunbook(
      'NodeFull',
      lines(
        '# NodeFull',
        '',
        '## Meaning',
        '',
        'M.',
        '',
        '## Impact',
        '',
        'I.',
        '',
        '## Diagnosis',
        '',
        'D.',
        '',
        '## Mitigation',
        '',
        '### Later',
        '',
        'L.',
      ),
    );
    expect(runbook.title).toBe('NodeFull');
    expect(runbook.intro).toBe('## Meaning\n\nM.\n\n## Impact\n\nI.');
    expect(runbook.steps.map(({ id, title, text }) => [id, title, text])).toEqual([
      ['diagnosis', 'Diagnosis', 'D.'],
      ['mitigation', 'Mitigation', '### Later\n\nL.'],
    ]);
  });

  test('a file without sections is one step', () => {
    expect(readRunbook('x', '# Restart it\n\nTurn it off and on.').steps).toMatchObject([
      { id: 'step-1', title: 'Restart it', text: 'Turn it off and on.' },
    ]);
  });

  test('anchors are those of GitHub, repeated ones numbered', () => {
    const text = '## Step: Why? (a & b)\nx\n## Step: Same\nx\n## Step: Same\nx\npass -> [Same](#step-same)\n## Step: 日本\nx';
    expect(readRunbook('x', text).steps.map(({ id }) => id)).toEqual(['step-why-a--b', 'step-same', 'step-same-1', 'step-at-4']);
  });

  test('a fence ends only with one as long', () => {
    expect(readRunbook('x', '## Step 1: A\n````\n```\n## Step 2: B\n````\n## Step 3: C\nx').steps.map(({ title }) => title)).toEqual(['A', 'C']);
  });

  test('headings in code and comments are none', () => {
    expect(readRunbook('x', '## Step 1: A\n~~~\n## Step 2: B\n```\n~~~\n<!--\n## Step 3: C\n-->\n    ## Step 4: D\n').steps).toHaveLength(1);
  });
});

test('no text makes it throw, and every branch leads to a step', () => {
  const piece = fc.constantFrom(
    '## Step 1: A',
    '## B',
    '---',
    '```check',
    '```',
    'query: up{a="$x"}',
    'expect: "> 1"',
    '- pass -> #b',
    'fail -> end',
    'params:',
    '  x: 1',
    '<!--',
    '-->',
    '',
    '\r',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (parts) => {
      const runbook = readRunbook('x', parts.join('\n'));
      const ids = runbook.steps.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { onPass, onFail } of runbook.steps) for (const to of [onPass, onFail]) if (to !== undefined) expect([...ids, 'end']).toContain(to);
    }),
    { seed: 8, numRuns: 500 },
  );
});
