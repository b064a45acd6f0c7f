import { expect, test } from 'vitest';
import { firing, minuteMs, room } from './room.ts';

test('past incidents with the same alerts, places and words, and what helped then', async () => {
  const r = room();
  const declare = async (title: string, labels: Readonly<Record<string, string>>, how: string) => {
    const { id } = r.incidents.declare({ title, sev: 3, why: '', alerts: [firing(r.clock.now(), labels)], by: 'A' });
    if (how !== '') r.incidents.mitigate(id, how, 'A');
    r.incidents.resolve(id, 'fine', 'A');
    await r.clock.advance(60 * minuteMs);
  };
  await declare('Checkout fails for everybody', {}, 'rolled back');
  await declare('Checkout is slow', { alertname: 'HighLatency', job: 'shop' }, '');
  await declare('Disk is full', { alertname: 'DiskFull', job: 'node', instance: 'n:9' }, 'deleted images');
  const { id } = r.incidents.declare({
    title: 'Checkout fails again',
    sev: 2,
    why: '',
    alerts: [firing(r.clock.now(), { instance: 'b:1' })],
    by: 'A',
  });
  expect(r.incidents.similar(id).map(({ incident, score, shared, helped }) => [incident.id, Math.round(score * 100), shared, helped])).toEqual([
    [1, 70, ['HighErrorRate', 'job=api', 'checkout', 'fails'], 'rolled back'],
  ]);
  expect(r.incidents.similar(1)).toEqual([]);
});

test('an incident without alerts is compared by its words', () => {
  const r = room();
  r.incidents.declare({ title: 'Login page broken', sev: 3, why: '', by: 'A' });
  r.incidents.resolve(1, 'restarted the identity provider', 'A');
  const { id } = r.incidents.declare({ title: 'Login broken', sev: 3, why: '', by: 'A' });
  expect(r.incidents.similar(id)).toMatchObject([{ incident: { id: 1 }, helped: 'restarted the identity provider' }]);
});
