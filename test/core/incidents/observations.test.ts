import { observations } from '#core/incidents/index.ts';
import { expect, test } from 'vitest';
import { firing, minuteMs, room, type Room } from './room.ts';

const seen = (r: Room) => observations(r.incidents.get(1), r.incidents.events(1), r.clock.now());

test('one that went well', async () => {
  const r = room();
  r.incidents.declare({ title: 'x', sev: 2, why: '', alerts: [firing(r.clock.now())], by: 'A' });
  r.incidents.setRole(1, 'Incident commander', 'A', 'A');
  for (const event of [{ kind: 'started', params: [] }, { kind: 'finished' }] as const) {
    r.incidents.recordStep({ incident: 1, run: 'run-1', runbook: 'Latency', atMs: r.clock.now(), by: 'A', event });
  }
  await r.clock.advance(9 * minuteMs);
  r.incidents.update(1, { conditions: 'c', actions: '', needs: '', by: 'A' });
  r.incidents.resolve(1, '', 'A');
  expect(seen(r)).toEqual({
    wentWell: ['It was seen within 1m.', 'The status update came on time.', 'An incident commander was named at once.'],
    wentBadly: [],
  });
});

test('one that did not', async () => {
  const r = room();
  await r.clock.advance(60 * minuteMs);
  r.incidents.declare({ title: 'x', sev: 3, why: '', startedMs: r.clock.now() - 20 * minuteMs, by: 'A' });
  await r.clock.advance(6 * minuteMs);
  r.incidents.setSev(1, 1, '', 'A');
  const evidence = { query: 'q', atMs: 0, value: undefined, series: '', sampleCount: 0, sentence: 'no data for q' };
  const steps = [
    { kind: 'started', params: [] },
    { kind: 'checked', step: 'a', title: 'Cache', state: 'unknown', evidence },
    { kind: 'skipped', step: 'b', title: 'Database', why: 'no access' },
  ] as const;
  for (const event of steps) r.incidents.recordStep({ incident: 1, run: 'run-1', runbook: 'Latency', atMs: r.clock.now(), by: 'A', event });
  await r.clock.advance(30 * minuteMs);
  r.incidents.mitigate(1, '', 'A');
  r.incidents.resolve(1, '', 'A');
  await r.clock.advance(minuteMs);
  r.incidents.reopen(1, '', 'A');
  await r.clock.advance(15 * minuteMs);
  expect(seen(r)).toEqual({
    wentWell: [],
    wentBadly: [
      'It went on for 20m before anything or anybody saw it.',
      'The SEV was raised from 3 to 1 after 6m; was the first one too mild?',
      'It was reopened after it had been called resolved.',
      'A status update has been owed for 5m.',
      'No status update was given, though one was owed.',
      'Nobody was named incident commander.',
      '"Cache" of Latency could not tell: no data for q',
      '"Database" of Latency was skipped: no access',
      'No alert fired; people found it.',
    ],
  });
});

test('a flood of alerts, a late commander, late updates', async () => {
  const r = room();
  const alerts = Array.from({ length: 6 }, (_, i) => firing(r.clock.now(), { instance: `${i}:1` }));
  r.incidents.declare({ title: 'x', sev: 1, why: '', alerts, by: 'A' });
  await r.clock.advance(12 * minuteMs);
  r.incidents.setRole(1, 'Incident commander', 'B', 'A');
  r.incidents.update(1, { conditions: 'c', actions: '', needs: '', by: 'A' });
  await r.clock.advance(25 * minuteMs);
  r.incidents.update(1, { conditions: 'c', actions: '', needs: '', by: 'A' });
  expect(seen(r).wentBadly).toEqual([
    '2 status updates were late, the worst by 5m.',
    'An incident commander was named only after 12m.',
    'No runbook was opened; is there one that fits, and would it have been found?',
    '6 alerts fired for this one incident; could they be grouped or inhibited?',
  ]);
});
