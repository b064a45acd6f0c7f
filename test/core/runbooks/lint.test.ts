import { labelsFromRecord, noLabels } from '#core/model/index.ts';
import { expect, test } from 'vitest';
import { desk } from './desk.ts';

/** What the data holds: labels by metric. */
const held: Readonly<Record<string, readonly string[]>> = { up: ['job', 'instance'], hits_total: ['job', 'le'] };
const names = {
  hasMetric: (name: string) => Object.hasOwn(held, name),
  hasLabel: (metric: string, label: string) => held[metric]?.includes(label) ?? false,
};

test.each([
  ['up{job="a"}', []],
  ['up{job="$job", service=~".*"}', []],
  ['sum by (instance) (up) / missing_total', ['no series is called missing_total']],
  ['up{zone="x", rack!="1"} + up{zone="y"}', ['no series of up has the label zone']],
  ['sum by (le, pod) (rate(hits_total[5m]))', ['no series of hits_total has the label pod']],
  ['sum by (pod) (label_replace(up, "pod", "$1", "job", "(.*)"))', []],
  ['sum by (pod) (missing)', ['no series is called missing']],
  ['sum without (pod) (up)', []],
  ['{job="a"}', []],
  ['up{', []],
])('%s', (query, sentences) => {
  const d = desk({
    'a.md': `---\nparams: [job]\n---\n## Step 1: Look\n\n\`\`\`check\nquery: '${query}'\nexpect: "> 1"\n\`\`\`\n## Step 2: By hand\n\nx\n`,
  });
  expect(d.runbooks.lint(names)).toEqual(sentences.map((sentence) => ({ runbook: 'a', step: 'step-1-look', sentence })));
});

test('rules without a runbook are named, with what to do', () => {
  const d = desk({ 'a.md': '---\nalerts: [Known]\n---\n## A\n\nx\n' });
  const rule = (alert: string, url = '') => ({ alert, labels: noLabels, annotations: labelsFromRecord({ runbook_url: url }) });
  expect(d.runbooks.uncovered([rule('Known'), rule('Linked', 'https://x.example/a'), rule('New'), rule('Away', 'https://x.example/away')])).toEqual([
    { alert: 'New', sentence: 'New has no runbook: list it under "alerts" of one, or name a file New.md' },
    { alert: 'Away', sentence: 'Away links to https://x.example/away, which is not here: keep it as Away.md, so that it opens offline' },
  ]);
});
