import { expect, test } from 'vitest';
import { World } from './world.ts';

const second = 1_000;
const minute = 60_000;

const groups = (count: number, rule = '{record: r, expr: time()}'): string =>
  `groups: [${Array.from({ length: count }, (_, i) => `{name: g${i}, interval: 1m, rules: [${rule}]}`).join(', ')}]`;

const inMinute = (time: number): number => Math.round((time % 60) * 1000);
const times = (world: World): number[] => world.written.map((line) => Number(line.split(' ')[0]));

test('each group runs once an interval, on a grid of its own that a restart keeps', async () => {
  const world = new World();
  await world.load(groups(20));
  world.rules.start();
  await world.clock.advance(3 * minute);
  const first = times(world);
  expect(first).toHaveLength(60);
  expect(new Set(first.map(inMinute)).size).toBeGreaterThan(10);
  world.take(world.written);
  await world.crash(17 * second, groups(20));
  world.rules.start();
  await world.clock.advance(3 * minute);
  expect(new Set(times(world).map(inMinute))).toEqual(new Set(first.map(inMinute)));
});

test('a slow evaluation skips the times it missed, and counts them', async () => {
  const world: World = new World({
    append: async (series) => {
      world.written.push(String(series.timeMs / 1000));
      await new Promise<void>((resolve) => world.clock.after(150 * second, resolve));
    },
  });
  await world.load(groups(1, '{record: r, expr: time()}'));
  world.answers.set('time()', { '': 1 });
  world.rules.start();
  await world.clock.advance(7 * minute);
  const at = times(world);
  expect(at.map((time) => time - at[0]!)).toEqual([0, 120, 300]);
  expect(world.rules.groups()[0]!.missedCount).toBe(3);
});

test.each([
  ['an hour forward', 60 * minute],
  ['an hour back', -60 * minute],
  ['ten years forward', 87_600 * 60 * minute],
])('the clock set %s neither fires nor resolves anything by itself', async (_, byMs) => {
  const world = new World({}, 1_000_000 * minute);
  await world.load(groups(1, '{alert: Old, expr: up == 0}, {alert: New, expr: up == 1, for: 10m}'));
  world.answers.set('up == 0', { 'i=a': 0 });
  world.answers.set('up == 1', { 'i=b': 1 });
  world.rules.start();
  await world.clock.advance(3 * minute);
  const before = world.states();
  expect(before).toEqual(['firing {alertname="Old", i="a"}', 'pending {alertname="New", i="b"}']);
  world.clock.jump(byMs);
  // Right after the jump the store has nothing at the new time.
  world.answers.set('up == 0', {});
  world.answers.set('up == 1', {});
  await world.clock.advance(minute);
  expect(world.states()).toEqual(before);
  world.answers.set('up == 0', { 'i=a': 0 });
  world.answers.set('up == 1', { 'i=b': 1 });
  await world.clock.advance(4 * minute);
  expect(world.states()).toEqual(before);
  await world.clock.advance(3 * minute);
  expect(world.states()).toEqual(['firing {alertname="Old", i="a"}', 'firing {alertname="New", i="b"}']);
});

test('after stop nothing runs any more', async () => {
  const world = new World();
  await world.load(groups(3));
  world.rules.start();
  await world.clock.advance(minute);
  world.rules.stop();
  world.take(world.written);
  await world.clock.advance(5 * minute);
  expect(world.written).toEqual([]);
});
