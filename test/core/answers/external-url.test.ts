import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { engineOn } from '../../support/engine.ts';
import { tempFolder } from '../../support/folder.ts';

const rules = `groups:
  - name: shop
    rules:
      - alert: Always
        expr: vector(1) > 0 # {job="a b"}
        annotations: {board: '{{ $externalURL }}/d/1', table: '{{ "up" | tableLink }}'}
`;
const routes = `route: {receiver: team, group_wait: 1s}
receivers:
  - name: team
    log_configs:
      - text: '{{ .ExternalURL }} {{ (index .Alerts 0).GeneratorURL }} {{ template "__alertmanagerURL" . }} {{ .CommonAnnotations.board }} {{ .CommonAnnotations.table }}'
`;

test('links of what is sent lead to where the app is reached from outside', async () => {
  const clock = new ManualClock();
  const dataDir = tempFolder();
  writeFileSync(join(dataDir, 'signalbox.yml'), 'global: {evaluation_interval: 10s}\nrule_files: [rules.yml]\n');
  writeFileSync(join(dataDir, 'rules.yml'), rules);
  writeFileSync(join(dataDir, 'alertmanager.yml'), routes);
  const engine = await engineOn(dataDir, clock, { externalUrl: () => 'https://ops.example.com/box' });
  onTestFinished(() => engine.close());
  await clock.advance(30_000);
  const source = '/graph?g0.expr=vector%281%29+%3E+0&g0.tab=1';
  expect(readFileSync(join(dataDir, 'notifications.log'), 'utf8').trim().split(' ').slice(-5)).toEqual([
    'https://ops.example.com/box',
    `https://ops.example.com/box${source}`,
    'https://ops.example.com/box/#/alerts?receiver=team',
    'https://ops.example.com/box/d/1',
    '/graph?g0.expr=up&g0.tab=1',
  ]);
  const answer = await engine.http({ port: 'app', method: 'GET', path: '/api/v2/alerts', query: '', headers: {}, body: new Uint8Array() });
  expect(JSON.parse(String(answer.body))).toMatchObject([{ generatorURL: `https://ops.example.com/box${source}` }]);
});
