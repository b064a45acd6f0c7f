import { durations } from '#core/incidents/index.ts';
import { expect, test } from 'vitest';
import { firing, minuteMs, room, type Room } from './room.ts';

const shown = (r: Room) =>
  durations(r.incidents.get(1), r.incidents.events(1), r.clock.now()).map(({ name, ms }) => [name, ms === undefined ? undefined : ms / minuteMs]);

test('an incident still going on', async () => {
  const r = room();
  await r.clock.advance(minuteMs);
  const alert = firing(r.clock.now());
  await r.clock.advance(2 * minuteMs);
  r.incidents.declare({ title: 'x', sev: 2, why: '', alerts: [alert], by: 'A' });
  await r.clock.advance(3 * minuteMs);
  r.incidents.setSev(1, 1, '', 'A');
  await r.clock.advance(4 * minuteMs);
  expect(shown(r)).toEqual([
    ['Time to detect', 1],
    ['Time to acknowledge', 2],
    ['Time to mitigate', undefined],
    ['Time to resolve', undefined],
    ['Time in SEV-1', 4],
    ['Time in SEV-2', 6],
  ]);
});

test('an acknowledgement before the declaration counts, one after it does not', async () => {
  const r = room();
  const alert = firing(r.clock.now());
  await r.clock.advance(4 * minuteMs);
  r.incidents.declare({ title: 'x', sev: 2, why: '', alerts: [alert], by: 'A', ack: { by: 'B', atMs: r.clock.now() - 3 * minuteMs } });
  expect(shown(r)[1]).toEqual(['Time to acknowledge', 1]);
  const late = room();
  late.incidents.declare({ title: 'x', sev: 2, why: '', alerts: [firing(late.clock.now())], by: 'A' });
  await late.clock.advance(minuteMs);
  late.incidents.onAck(late.incidents.get(1).alerts[0]!, [], { by: 'B', atMs: late.clock.now() });
  expect(shown(late)[1]).toEqual(['Time to acknowledge', 0]);
});

test('resolved without a mitigation, reopened, resolved again: the gap counts for no SEV', async () => {
  const r = room();
  r.incidents.declare({ title: 'x', sev: 3, why: '', by: 'A' });
  await r.clock.advance(10 * minuteMs);
  r.incidents.resolve(1, '', 'A');
  await r.clock.advance(60 * minuteMs);
  r.incidents.reopen(1, '', 'A');
  await r.clock.advance(5 * minuteMs);
  r.incidents.resolve(1, '', 'A');
  await r.clock.advance(100 * minuteMs);
  expect(shown(r)).toEqual([
    ['Time to detect', 0],
    ['Time to acknowledge', 0],
    ['Time to mitigate', 75],
    ['Time to resolve', 75],
    ['Time in SEV-3', 15],
  ]);
});

test('written down after the fact', async () => {
  const r = room();
  await r.clock.advance(120 * minuteMs);
  const nowMs = r.clock.now();
  r.incidents.declare({ title: 'x', sev: 2, why: '', startedMs: nowMs - 100 * minuteMs, by: 'A' });
  r.incidents.mitigate(1, '', 'A', nowMs - 80 * minuteMs);
  r.incidents.resolve(1, '', 'A', nowMs - 60 * minuteMs);
  expect(shown(r)).toEqual([
    ['Time to detect', 100],
    ['Time to acknowledge', 0],
    ['Time to mitigate', 20],
    ['Time to resolve', 40],
    ['Time in SEV-2', 40],
  ]);
});

test('times that contradict each other are said, not counted', async () => {
  const r = room();
  r.incidents.declare({ title: 'x', sev: 2, why: '', by: 'A' });
  await r.clock.advance(minuteMs);
  r.incidents.mitigate(1, '', 'A', r.clock.now() - 30_000);
  r.incidents.setStart(1, r.clock.now(), 'misread', 'A');
  const [detect, , mitigate] = durations(r.incidents.get(1), r.incidents.events(1), r.clock.now());
  expect(detect).toEqual({
    name: 'Time to detect',
    ms: undefined,
    why: 'from the start (2026-01-05T03:01:00Z) to the declaration (2026-01-05T03:00:00Z): that ends before it begins; correct the times',
  });
  expect(mitigate!.ms).toBe(undefined);
});
