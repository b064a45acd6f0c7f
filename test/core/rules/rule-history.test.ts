import { expect, test } from 'vitest';
import { labelsFromRecord } from '#core/model/index.ts';
import { explainRules } from '#core/rules/index.ts';
import { World } from './world.ts';

const minute = 60_000;
const day = 1440 * minute;
const rule = (expr: string, more = ''): string => `groups: [{name: g, rules: [{alert: Down, expr: "${expr}"${more}}]}]`;

const told = async (world: World, atMin: number, labels: Record<string, string> = { alertname: 'Down' }): Promise<string> => {
  const at = atMin * minute;
  const [first] = await explainRules(world.rules.at(at), world.rules.groups(), labelsFromRecord(labels), at, () => Promise.resolve([]));
  return first!.sentence;
};
/** The expressions in force at a minute. */
const exprs = (world: World, atMin: number): string[] => world.rules.at(atMin * minute).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));

/** Loaded at minute 10, changed at 20, broken at 30, without its file at 40, there again at 50. */
async function past(): Promise<World> {
  const world = new World({}, 10 * minute);
  await world.load(rule('up == 0'));
  const next = async (text: string): Promise<void> => {
    await world.clock.advance(10 * minute);
    await world.load(text);
  };
  await next(rule('up == 1', ', for: 5m, labels: {severity: page}'));
  await next('groups: [{');
  await world.clock.advance(10 * minute);
  await world.rules.load([]);
  await next(rule('up == 2'));
  return world;
}

test('the rules of a moment are those that were in force then', async () => {
  const world = await past();
  expect([15, 20, 35, 45, 55].map((at) => exprs(world, at))).toEqual([['up == 0'], ['up == 1'], ['up == 1'], [], ['up == 2']]);
});

test('the same text loaded again, also by a new run, is no change', async () => {
  const world = await past();
  await world.crash(10 * minute, rule('up == 2'));
  expect(world.rules.at(55 * minute).files.get('rules.yml')).toEqual({ fromMs: 50 * minute, untilMs: undefined });
  expect(exprs(world, 15)).toEqual(['up == 0']);
});

test('why says which rules it is asked of', async () => {
  const world = await past();
  expect(await told(world, 55)).toBe('Down of the group g looks each 1m');
  expect(await told(world, 15)).toBe(
    'Down of the group g looks each 1m; as it was then, the file was changed at 1970-01-01T00:20:00Z: its expression is now up == 2',
  );
  expect(await told(world, 25)).toBe(
    'Down of the group g looks each 1m; as it was then, the file was changed at 1970-01-01T00:40:00Z: its expression is now up == 2, its "for" is now 0s, its labels are now {}',
  );
  expect(await told(world, 45)).toBe('no rule was named Down at 1970-01-01T00:45:00Z; the one that is there now was loaded later');
  expect(await told(world, 5)).toBe('Down of the group g looks each 1m; asked of the rules of 1970-01-01T00:10:00Z, the first that were kept');
  await world.clock.advance(10 * minute);
  await world.load('');
  expect(await told(world, 55)).toBe('Down of the group g looks each 1m; it is gone since its file was changed at 1970-01-01T01:00:00Z');
});

test('what has been out of force for a quarter is forgotten, what is in force never', async () => {
  const world = await past();
  await world.rules.evaluate(100 * day);
  expect(exprs(world, 15)).toEqual(['up == 2']);
  expect(world.rules.at(15 * minute).earliestMs).toBe(50 * minute);
});
