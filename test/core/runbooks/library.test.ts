import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labelsFromRecord } from '#core/model/index.ts';
import { createRunbooks } from '#core/runbooks/index.ts';
import { describe, expect, test } from 'vitest';
import { desk } from './desk.ts';

const named = (title: string, ...alerts: readonly string[]): string =>
  `---\ntitle: ${title}\nalerts: [${alerts.join(', ')}]\n---\n\n## Step 1: Look\n\nx\n`;

test('runbooks are listed by title, without READMEs, templates, hidden and section pages', () => {
  const d = desk({
    'b.md': named('A runbook'),
    'node/NodeFull.md': '# NodeFull\n\n## Diagnosis\n\nx\n',
    'README.md': 'x',
    'node/_index.md': 'x',
    '.hidden.md': 'x',
    'templates/short.md': 'x',
    'notes.txt': 'x',
    'Größe über 80 %.md': '# Zu viel\n\n## A\n\nx\n',
  });
  expect(d.runbooks.list().map(({ id, title }) => [id, title])).toEqual([
    ['b', 'A runbook'],
    ['NodeFull', 'NodeFull'],
    ['gre-ber-80-', 'Zu viel'],
  ]);
});

test('files are read again when they change, come or go, a second later at most', async () => {
  const d = desk({ 'a.md': named('First') });
  const path = join(d.folder, 'runbooks');
  expect(d.runbooks.get('a').title).toBe('First');
  writeFileSync(join(path, 'a.md'), named('Second one'));
  writeFileSync(join(path, 'b.md'), named('B'));
  expect(d.runbooks.get('a').title).toBe('First');
  await d.clock.advance(1000);
  expect(d.runbooks.list().map(({ title }) => title)).toEqual(['B', 'Second one']);
  rmSync(path, { recursive: true });
  await d.clock.advance(1000);
  expect(d.runbooks.list()).toEqual([]);
  expect(() => d.runbooks.get('a')).toThrow('there is no runbook "a"');
});

test('a later folder replaces, the same name twice in one is said', () => {
  const d = desk({ 'own/a.md': named('Own'), 'shipped/a.md': named('Shipped'), 'shipped/b.md': named('B'), 'shipped/x/b.md': named('Other B') });
  const folders = ['shipped', 'own', 'nowhere'].map((name) => join(d.folder, 'runbooks', name));
  const runbooks = createRunbooks({ folders, db: d.db, clock: d.clock, query: () => Promise.resolve({ samples: [] }) });
  expect(runbooks.list().map(({ title, problems }) => [title, problems])).toEqual([
    ['B', ['x/b.md has the same name and is not read; rename one']],
    ['Own', []],
  ]);
});

describe('the runbooks for an alert', () => {
  const d = () =>
    desk({
      'latency-spike.md': named('Latency', 'HighLatency'),
      'other.md': named('Other', 'HighLatency', 'Else'),
      'KubePodCrashLooping.md': '## Diagnosis\n\nx\n',
    });
  test.each([
    ['by its list of alerts', 'HighLatency', '', ['latency-spike: it is for HighLatency', 'other: it is for HighLatency']],
    ['by link first', 'HighLatency', 'https://wiki.example/other.md', ['other: the alert links to it', 'latency-spike: it is for HighLatency']],
    ['by the file name', 'kubepodcrashlooping', '', ['KubePodCrashLooping: it is named after kubepodcrashlooping']],
    [
      'by a site in lower case',
      'X',
      'https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubepodcrashlooping/',
      ['KubePodCrashLooping: the alert links to it'],
    ],
    ['by a fragment', 'X', 'https://g.example/runbook.md?x=1#alert-name-kubepodcrashlooping', ['KubePodCrashLooping: the alert links to it']],
    ['by a plain name', 'X', 'latency-spike', ['latency-spike: the alert links to it']],
    ['none', 'X', 'https://wiki.example/', []],
  ] as const)('%s', (_, alertname, url, found) => {
    const matches = d().runbooks.forAlert(labelsFromRecord({ alertname }), labelsFromRecord({ runbook_url: url }));
    expect(matches.map(({ runbook, why }) => `${runbook.id}: ${why}`)).toEqual(found);
  });
});
