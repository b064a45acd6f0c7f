import { expect, test } from 'vitest';
import { World } from './world.ts';

const minute = 60_000;
const rule = (expr: string, more = ''): string =>
  `groups: [{name: g, interval: 1m, rules: [{alert: Down, expr: "${expr}", for: 2m${more}}, {record: r, expr: up}]}]`;

async function firing(): Promise<World> {
  const world = new World();
  world.answers.set('up == 0', { 'i=a': 0 });
  world.answers.set('up', { 'i=a': 1 });
  await world.load(rule('up == 0'));
  for (let at = 0; at <= 2; at++) await world.rules.evaluate(at * minute);
  for (const notes of [world.told, world.written]) world.take(notes);
  world.edges.splice(0);
  return world;
}

test('an edited expression keeps the alerts of the rule', async () => {
  const world = await firing();
  world.answers.set('up < 1', { 'i=a': 0 });
  await world.load(rule('up < 1'));
  await world.rules.evaluate(3 * minute);
  expect(world.edges).toEqual([]);
  expect(world.states()).toEqual(['firing {alertname="Down", i="a"}']);
});

test('a rule that is taken out resolves its alerts, and its series go stale at the next evaluation', async () => {
  const world = await firing();
  await world.load('groups: [{name: g, interval: 1m, rules: [{record: r, expr: up}]}]');
  expect(world.told).toEqual(['resolved {alertname="Down", i="a"}']);
  await world.rules.evaluate(3 * minute);
  expect(world.written).toEqual([
    '180 r{i="a"} 1',
    '180 ALERTS{alertname="Down", alertstate="firing", i="a"} stale',
    '180 ALERTS_FOR_STATE{alertname="Down", i="a"} stale',
  ]);
});

test('a group that is taken out ends at once', async () => {
  const world = await firing();
  await world.load('');
  expect(world.told).toEqual(['resolved {alertname="Down", i="a"}']);
  expect(world.written.filter((line) => line.endsWith('stale'))).toHaveLength(3);
});

test('other labels make it another rule', async () => {
  const world = await firing();
  await world.load(rule('up == 0', ', labels: {severity: page}'));
  expect(world.edges.map(({ to }) => to)).toEqual(['resolved']);
});

test('a broken file says where and why, and its last good version stays in force', async () => {
  const world = await firing();
  const problems = await world.load(`groups:
- name: g
  rules:
  - alert: Down
    expr: up ==
  - alert: Up
    expr: |
      up
      ==
    annotations: {summary: '{{ $lables.i }}'}
  - record: x
    exprr: up
`);
  expect(problems).toEqual([
    'rules.yml:5: could not parse expression: 1:6: parse error: unexpected end of input',
    'rules.yml:9: could not parse expression: 2:3: parse error: unexpected end of input',
    'rules.yml:10: annotation "summary": undefined variable "$lables"',
    'rules.yml:12: rule has no field "exprr"; did you mean "expr"?',
  ]);
  expect(world.rules.problems()).toEqual(problems);
  await world.rules.evaluate(3 * minute);
  expect(world.states()).toEqual(['firing {alertname="Down", i="a"}']);
  expect(await world.load(rule('up == 0'))).toEqual([]);
  expect(world.rules.problems()).toEqual([]);
});

test('an evaluation that a reload overtakes changes nothing', async () => {
  let answer: (() => void) | undefined;
  const world = new World({
    query: () => new Promise((resolve) => (answer = () => resolve([{ labels: ['i', 'a'], value: 1 }]))),
  });
  await world.load('groups: [{name: g, rules: [{alert: A, expr: up}]}]');
  const evaluation = world.rules.evaluate(0);
  await world.load('groups: [{name: g, rules: [{alert: A, expr: up, labels: {x: y}}]}]');
  answer!();
  await evaluation;
  expect([world.states(), world.edges, world.written]).toEqual([[], [], []]);
});
