import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempFolder } from '../../support/folder.ts';
import { runOurs } from './support/ours.ts';
import { inWords, type Delivery, type Step, type Timetable, type Told } from './support/timetable.ts';

const config = `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  group_interval: 1m
  repeat_interval: 4m
  routes:
    - { matchers: [severity="page"], receiver: pager, group_wait: 10s, group_interval: 2m, continue: true }
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
const untilMs = 1_750_000;

/** Steps between whole turns, so that what comes first at one moment is never in question. */
const moment = fc.integer({ min: 0, max: untilMs / 7000 - 1 }).map((n) => n * 7000 + 3);

const schedule = fc.array(fc.tuple(moment, fc.nat(names.length - 1), fc.boolean()), { minLength: 3, maxLength: 25 }).map((picks) => {
  const firing = new Set<string>();
  const steps: Step[] = [];
  for (const [atMs, pick, ends] of picks.toSorted(([a], [b]) => a - b)) {
    const name = names[pick]!;
    if (ends && firing.delete(name)) steps.push({ atMs, verb: 'resolve', name });
    else if (!firing.has(name)) {
      firing.add(name);
      steps.push({ atMs, verb: 'fire', name, labels: alerts[name]!, forMs: 86_400_000 });
    }
  }
  return steps;
});

/** Which of two groups has its turn first at one moment is not promised. */
function inOrder(timetable: Timetable, deliveries: readonly Delivery[]): Told[] {
  const order = (told: Told): string => `${told.receiver} ${told.firing.join()} ${told.resolved.join()}`;
  return deliveries.map((delivery) => inWords(timetable, delivery)).toSorted((a, b) => a.atMs - b.atMs || (order(a) < order(b) ? -1 : 1));
}

test('restarts at any moment change nothing in what is told, or when', { timeout: 120_000 }, async () => {
  const restarts = fc.array(
    moment.map((atMs) => atMs + 1000),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(schedule, restarts, async (steps, at) => {
      const base: Timetable = { startMs: Date.UTC(2026, 0, 5), config, steps, expected: [], untilMs };
      const broken = [...steps, ...at.map((atMs): Step => ({ atMs, verb: 'restart' }))].toSorted((a, b) => a.atMs - b.atMs);
      const whole = await runOurs(base, tempFolder());
      const restarted = await runOurs({ ...base, steps: broken }, tempFolder());
      expect(inOrder(base, restarted)).toEqual(inOrder(base, whole));
    }),
    { seed: 20260105, numRuns: 40 },
  );
});
