import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempFolder } from '../../support/folder.ts';
import { runOurs } from './support/ours.ts';
import { inWords, type Delivery, type Step, type Timetable, type Told } from './support/timetable.ts';

const config = `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s800ms
  group_interval: 1m
  repeat_interval: 4m
  routes:
    - { matchers: [severity="page"], receiver: pager, group_wait: 10s800ms, group_interval: 2m, continue: true }
    - { matchers: [instance="3"], receiver: quiet }
inhibit_rules:
  - { source_matchers: [alertname="Cause"], target_matchers: [alertname="Down"], equal: [] }
receivers:
  - { name: team, webhook_configs: [{ url: 'http://hook/team' }] }
  - { name: pager, webhook_configs: [{ url: 'http://hook/pager' }] }
  - { name: quiet, webhook_configs: [{ url: 'http://hook/quiet', send_resolved: false }] }
`;

const alerts: Readonly<Record<string, Record<string, string>>> = {
  down1: { alertname: 'Down', instance: '1', severity: 'page' },
  down2: { alertname: 'Down', instance: '2' },
  down3: { alertname: 'Down', instance: '3', severity: 'page' },
  cause: { alertname: 'Cause' },
  full: { alertname: 'Full', severity: 'page' },
};
const names = Object.keys(alerts);
const minutes = 28;

/**
 * Steps at even seconds, turns at even seconds and 0.8: no step falls into the second after a turn, in which a restart could not tell
 * whether it was taken.
 */
const minute = fc.nat(minutes - 1);
const schedule = fc.array(fc.tuple(minute, fc.nat(names.length - 1), fc.boolean()), { minLength: 3, maxLength: 25 }).map((picks) => {
  const firing = new Set<string>();
  const steps: Step[] = [];
  const timed = picks.map(([n, pick, ends], i) => ({ atMs: n * 60_000 + i * 2000, name: names[pick]!, ends }));
  for (const { atMs, name, ends } of timed.toSorted((a, b) => a.atMs - b.atMs)) {
    if (ends && firing.delete(name)) steps.push({ atMs, verb: 'resolve', name });
    else if (!firing.has(name)) {
      firing.add(name);
      steps.push({ atMs, verb: 'fire', name, labels: alerts[name]!, forMs: 86_400_000 });
    }
  }
  return steps;
});
const restarts = fc.array(fc.tuple(minute, fc.integer({ min: 0, max: 59_999 })), { minLength: 1, maxLength: 8 });

/** Which of two groups has its turn first at one moment is not promised. */
function inOrder(timetable: Timetable, deliveries: readonly Delivery[]): Told[] {
  const order = (told: Told): string => `${told.receiver} ${told.firing.join()} ${told.resolved.join()}`;
  return deliveries.map((delivery) => inWords(timetable, delivery)).toSorted((a, b) => a.atMs - b.atMs || (order(a) < order(b) ? -1 : 1));
}

test('restarts at any moment change nothing in what is told, or when', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, restarts, async (steps, at) => {
      const base: Timetable = { startMs: Date.UTC(2026, 0, 5), config, steps, expected: [], untilMs: minutes * 60_000 };
      const broken = [...steps, ...at.map(([n, ms]): Step => ({ atMs: n * 60_000 + ms, verb: 'restart' }))].toSorted((a, b) => a.atMs - b.atMs);
      const whole = await runOurs(base, tempFolder());
      const restarted = await runOurs({ ...base, steps: broken }, tempFolder());
      expect(inOrder(base, restarted)).toEqual(inOrder(base, whole));
    }),
    { seed: 20260105, numRuns: 25 },
  );
});
