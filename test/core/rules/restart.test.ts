import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World, type Answer } from './world.ts';

const second = 1_000;
const minute = 60_000;
const hour = 60 * minute;

function file(fields: string): string {
  return `groups: [{name: g, interval: 1m, rules: [{alert: Down, expr: up == 0, ${fields}}]}]`;
}

/** Runs the schedule for some minutes with the expression holding, then stops the process for a while. */
async function outage(fields: string, runMs: number, downMs: number): Promise<World> {
  const world = new World();
  world.answers.set('up == 0', { 'i=a': 0 });
  await world.load(file(fields));
  world.rules.start();
  await world.clock.advance(runMs);
  await world.crash(downMs, file(fields));
  world.rules.start();
  return world;
}

/** Minutes from the restart until it fires, to the precision of the interval. */
async function firesAfter(world: World, withinMinutes: number): Promise<number | undefined> {
  for (let at = 0; at <= withinMinutes; at++) {
    if (world.states().includes('firing {alertname="Down", i="a"}')) return at;
    await world.clock.advance(minute);
  }
  return undefined;
}

describe('a pending alert after an outage', () => {
  test.each([
    { name: 'goes on when no evaluation was missed', fields: 'for: 5m', runMs: 4 * minute, downMs: 30 * second, least: 1, most: 3 },
    {
      name: 'begins anew when its for is shorter than the grace of 10 m',
      fields: 'for: 5m',
      runMs: 4 * minute,
      downMs: 10 * minute,
      least: 5,
      most: 6,
    },
    { name: 'waits the grace when less than that was left', fields: 'for: 30m', runMs: 25 * minute, downMs: 15 * minute, least: 9, most: 11 },
    { name: 'waits what was left', fields: 'for: 60m', runMs: 20 * minute, downMs: 30 * minute, least: 39, most: 42 },
    { name: 'begins anew after more than an hour', fields: 'for: 20m', runMs: 15 * minute, downMs: 61 * minute, least: 20, most: 22 },
  ])('$name', async ({ fields, runMs, downMs, least, most }) => {
    const world = await outage(fields, runMs, downMs);
    const at = await firesAfter(world, 70);
    expect(at).toBeGreaterThanOrEqual(least);
    expect(at).toBeLessThanOrEqual(most);
  });
});

test('a firing alert goes on firing over an outage and is told again at once', async () => {
  const world = await outage('for: 1m', 5 * minute, 20 * minute);
  expect(world.states()).toEqual(['firing {alertname="Down", i="a"}']);
  expect(world.take(world.told)).toEqual(['firing {alertname="Down", i="a"}', 'firing {alertname="Down", i="a"}']);
  expect(world.edges.map(({ to }) => to)).toEqual(['pending', 'firing']);
});

test('what fired is over when rules were not evaluated for more than an hour', async () => {
  const world = await outage('for: 1m', 5 * minute, 2 * hour);
  expect(world.edges.at(-1)).toMatchObject({
    from: 'firing',
    to: 'resolved',
    reason: expect.stringMatching(/^rules were not evaluated for 2h\d*s?, longer than 1h$/),
  });
  expect(world.take(world.told).at(-1)).toBe('resolved {alertname="Down", i="a"}');
});

test('after an outage nothing is over before data has come in again', async () => {
  const world = await outage('keep_firing_for: 0s', 5 * minute, 20 * minute);
  world.answers.set('up == 0', {});
  await world.clock.advance(minute);
  expect(world.states()).toEqual(['firing {alertname="Down", i="a"}']);
  world.answers.set('up == 0', { 'i=a': 0 });
  await world.clock.advance(3 * minute);
  world.answers.set('up == 0', {});
  await world.clock.advance(minute);
  expect(world.states()).toEqual(['resolved {alertname="Down", i="a"}']);
});

test('a resolved alert is told again after a restart, so that no crash swallows it', async () => {
  const world = new World();
  world.answers.set('up == 0', { 'i=a': 0 });
  await world.load(file('for: 0s'));
  await world.rules.evaluate(0);
  world.answers.set('up == 0', {});
  await world.rules.evaluate(minute);
  world.take(world.told);
  await world.crash(minute, file('for: 0s'));
  expect(world.told).toEqual(['resolved {alertname="Down", i="a"}']);
});

test('an alert whose rule went away while we were down is resolved and told', async () => {
  const world = new World();
  world.answers.set('up == 0', { 'i=a': 0 });
  await world.load(file('for: 0s'));
  await world.rules.evaluate(0);
  world.take(world.told);
  await world.crash(minute, 'groups: []');
  expect(world.told).toEqual(['resolved {alertname="Down", i="a"}']);
  expect(world.rules.history(0, hour).at(-1)).toMatchObject({ to: 'resolved', reason: 'the rule is gone from the configuration' });
  world.take(world.told);
  await world.crash(20 * minute, 'groups: []');
  expect(world.told).toEqual([]);
});

test('a file that is broken at the start runs as its last good version', async () => {
  const world = new World();
  world.answers.set('up == 0', { 'i=a': 0 });
  await world.load(file('for: 0s'));
  await world.rules.evaluate(0);
  const problems = await world.crash(minute, 'groups: [{name: g, rules: [{alert: Down, expr: "up =="}]}]');
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^rules\.yml:1: could not parse expression: /);
  expect(world.states()).toEqual(['firing {alertname="Down", i="a"}']);
});

/** An alert's life in a nutshell, for comparing two worlds. */
const shape = (world: World): unknown =>
  world.rules
    .groups()
    .flatMap((group) =>
      group.rules.flatMap((rule) =>
        rule.alerts
          .map(({ id, state, activeAtMs, firedAtMs, resolvedAtMs }) => ({ id, state, activeAtMs, firedAtMs, resolvedAtMs }))
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      ),
    );

test('killed between any two evaluations, it goes on like its twin that was not', async () => {
  const answer = fc.constantFrom<Answer>({}, { 'i=a': 0 }, { 'i=b': 0 }, { 'i=a': 0, 'i=b': 0 }, 'query timed out');
  const schedule = fc.array(fc.record({ answer, kill: fc.boolean() }), { minLength: 4, maxLength: 14 });
  const fields = fc.constantFrom('for: 0s', 'for: 2m', 'for: 12m', 'for: 1m, keep_firing_for: 2m');
  await fc.assert(
    fc.asyncProperty(schedule, fields, async (steps, rule) => {
      const [killed, twin] = [new World(), new World()];
      for (const world of [killed, twin]) {
        await world.load(file(rule));
        world.rules.start();
      }
      for (const { answer: given, kill } of steps) {
        for (const world of [killed, twin]) {
          world.answers.set('up == 0', given);
          await world.clock.advance(minute - 500);
        }
        if (kill) {
          await killed.crash(500, file(rule));
          killed.rules.start();
          await twin.clock.advance(500);
        } else for (const world of [killed, twin]) await world.clock.advance(500);
        expect(shape(killed)).toEqual(shape(twin));
      }
    }),
    { seed: 11, numRuns: 25 },
  );
}, 120_000);
