import { expect, test } from 'vitest';
import { World } from './world.ts';

const minute = 60_000;

test('a recording rule names its series, sets its labels and marks what is gone as stale', async () => {
  const world = new World();
  await world.load('groups: [{name: g, labels: {team: a, x: group}, rules: [{record: job:up, expr: up, labels: {x: rule, gone: ""}}]}]');
  world.answers.set('up', { '__name__=up,i=a,gone=1': 1, '__name__=up,i=b': 0 });
  await world.rules.evaluate(minute);
  expect(world.take(world.written)).toEqual(['60 job:up{i="a", team="a", x="rule"} 1', '60 job:up{i="b", team="a", x="rule"} 0']);
  world.answers.set('up', { '__name__=up,i=b': 0 });
  await world.rules.evaluate(2 * minute);
  expect(world.take(world.written)).toEqual(['120 job:up{i="b", team="a", x="rule"} 0', '120 job:up{i="a", team="a", x="rule"} stale']);
});

test('the rules of a group run one after another, at one time moved by the offset', async () => {
  const asked: string[] = [];
  const world = new World({
    query: (expr, timeMs) => {
      asked.push(`${expr.kind} ${timeMs}`);
      return Promise.resolve([{ labels: [], value: asked.length }]);
    },
    queryOffsetMs: 5_000,
  });
  await world.load(
    'groups: [{name: g, query_offset: 1m, rules: [{record: a, expr: "1"}, {record: b, expr: a}]}, {name: h, rules: [{record: c, expr: b}]}]',
  );
  await world.rules.evaluate(10 * minute);
  expect(asked).toEqual(['number 540000', 'selector 540000', 'selector 595000']);
  expect(world.written).toEqual(['540 a{} 1', '540 b{} 2', '595 c{} 3'].map((line) => line.replace('{}', '')));
});

test.each([
  ['{x: same}', '', 'vector contains metrics with the same labelset after applying rule labels'],
  ['{y: z}', 'limit: 1,', 'exceeded limit of 1 with 2 series'],
])('labels %s and %s fail the rule and write nothing', async (labels, group, error) => {
  const world = new World();
  await world.load(`groups: [{name: g, ${group} rules: [{record: r, expr: up, labels: ${labels}}]}]`);
  world.answers.set('up', { 'x=a': 1 });
  await world.rules.evaluate(0);
  world.take(world.written);
  world.answers.set('up', { 'x=a': 1, 'x=b': 2 });
  await world.rules.evaluate(minute);
  expect(world.rules.groups()[0]!.rules[0]).toMatchObject({ health: 'err', lastError: error });
  expect(world.written).toEqual([]);
});

test('a store that takes nothing is the rule’s error, and stale markers are not forgotten for it', async () => {
  let full = false;
  const world: World = new World({
    append: (series) => {
      if (full) throw new Error('the disk is full');
      world.written.push(...series.labels.map((labels, i) => `${labels.join(' ')} ${series.values[i]}`));
    },
  });
  await world.load('groups: [{name: g, rules: [{record: r, expr: up}]}]');
  world.answers.set('up', { 'x=a': 1 });
  await world.rules.evaluate(0);
  full = true;
  world.answers.set('up', {});
  await world.rules.evaluate(minute);
  expect(world.rules.groups()[0]!.rules[0]).toMatchObject({ health: 'err', lastError: 'the disk is full' });
  full = false;
  world.take(world.written);
  await world.rules.evaluate(2 * minute);
  expect(world.written).toEqual(['__name__ r x a NaN']);
});
