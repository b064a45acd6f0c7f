import { transaction } from '#core/db/index.ts';
import type { Incidents } from '#core/incidents/index.ts';
import { describe, expect, test } from 'vitest';
import { firing, minuteMs, over, room, type Room } from './room.ts';

const declare = (r: Room, more: Partial<Parameters<Incidents['declare']>[0]> = {}) =>
  r.incidents.declare({ title: 'API fails', sev: 2, why: '12 % of users affected', by: 'Ada', ...more });

test('declared from an alert in one act, and the log fills by itself', async () => {
  const r = room();
  const alert = firing(r.clock.now());
  await r.clock.advance(2 * minuteMs);
  const made = declare(r, { alerts: [alert], ack: { by: 'Ada', atMs: r.clock.now() - minuteMs } });
  expect(made).toEqual({
    id: 1,
    title: 'API fails',
    sev: 2,
    status: 'open',
    startedMs: alert.activeAtMs,
    declaredMs: r.clock.now(),
    ackedMs: r.clock.now() - minuteMs,
    mitigatedMs: undefined,
    resolvedMs: undefined,
    roles: [],
    alerts: [alert.id],
    runs: [],
    nextUpdateMs: r.clock.now() + 10 * minuteMs,
    actions: [],
  });
  const again = r.reopen();
  expect(again.get(1)).toEqual(made);
  expect(again.events(1).map(({ seq, by, atMs, what }) => [seq, by, atMs - r.clock.now(), what.kind])).toEqual([
    [1, 'Ada', 0, 'declared'],
    [2, 'signalbox', -2 * minuteMs, 'alert'],
    [3, 'Ada', -minuteMs, 'ack'],
  ]);
});

test('two people who press at once get one incident', () => {
  const r = room();
  const alert = firing(r.clock.now());
  declare(r, { alerts: [alert] });
  expect(() => declare(r, { alerts: [alert] })).toThrow('incident 1 is open for this alert already; work there');
  r.incidents.resolve(1, '', 'A');
  expect(declare(r, { alerts: [alert] }).id).toBe(2);
});

test('its whole life folds to what it is, also after a restart', async () => {
  const r = room();
  const { id } = declare(r);
  await r.clock.advance(minuteMs);
  r.incidents.setRole(id, 'Incident commander', 'Ada', 'Ada');
  r.incidents.setRole(id, 'Subject matter expert', 'Lin', 'Ada');
  r.incidents.setRole(id, 'Subject matter expert', 'Bo', 'Ada');
  r.incidents.setRole(id, 'Incident commander', 'Grace', 'Ada');
  r.incidents.setSev(id, 1, 'all users', 'Grace');
  r.incidents.note(id, 'deploy 14 went out', 'Bo', r.clock.now() - 5 * minuteMs);
  r.incidents.setTitle(id, 'API is down', 'Grace');
  r.incidents.setStart(id, r.clock.now() - 7 * minuteMs, 'first 5xx in the log', 'Bo');
  r.incidents.update(id, { conditions: 'all users get errors', actions: 'rolling back', needs: '', by: 'Grace' });
  const action = r.incidents.setAction(id, { text: 'canary deploys', owner: '', dueMs: undefined, state: 'open' }, 'Bo').actions[0]!;
  r.incidents.setAction(id, { ...action, owner: 'Bo', state: 'done' }, 'Bo');
  r.incidents.setAction(id, { text: 'alert on canary', owner: 'Lin', dueMs: 1, state: 'open' }, 'Bo');
  await r.clock.advance(minuteMs);
  r.incidents.mitigate(id, 'rolled back', 'Grace', r.clock.now() - 30_000);
  const last = r.incidents.resolve(id, 'no errors for ten minutes', 'Grace');
  expect(last).toMatchObject({
    title: 'API is down',
    sev: 1,
    status: 'resolved',
    startedMs: r.clock.now() - 8 * minuteMs,
    mitigatedMs: r.clock.now() - 30_000,
    resolvedMs: r.clock.now(),
    nextUpdateMs: undefined,
    roles: [
      { role: 'Subject matter expert', who: 'Lin' },
      { role: 'Subject matter expert', who: 'Bo' },
      { role: 'Incident commander', who: 'Grace' },
    ],
    actions: [
      { id: 1, text: 'canary deploys', owner: 'Bo', state: 'done' },
      { id: 2, text: 'alert on canary', owner: 'Lin', state: 'open' },
    ],
  });
  expect(r.reopen().list()).toEqual([last]);
  expect(r.incidents.reopen(id, 'errors are back', 'Ada')).toMatchObject({ status: 'open', mitigatedMs: undefined, resolvedMs: undefined });
  expect(r.told).toHaveLength(16);
});

describe('the next update', () => {
  test('is owed by the SEV, sooner when it gets worse, never when it is over', async () => {
    const r = room();
    const due = (incident: { nextUpdateMs: number | undefined }) => incident.nextUpdateMs && (incident.nextUpdateMs - r.clock.now()) / minuteMs;
    expect(due(declare(r, { sev: 4 }))).toBe(undefined);
    expect(due(r.incidents.setSev(1, 3, '', 'A'))).toBe(60);
    expect(due(r.incidents.setSev(1, 1, '', 'A'))).toBe(10);
    expect(due(r.incidents.update(1, { conditions: 'c', actions: '', needs: '', by: 'A' }))).toBe(20);
    await r.clock.advance(5 * minuteMs);
    expect(due(r.incidents.setSev(1, 2, '', 'A'))).toBe(15);
    expect(due(r.incidents.update(1, { conditions: 'c', actions: '', needs: '', nextMs: r.clock.now() + 3 * minuteMs, by: 'A' }))).toBe(3);
    expect(due(r.incidents.resolve(1, '', 'A'))).toBe(undefined);
    expect(due(r.incidents.update(1, { conditions: 'all well', actions: '', needs: '', by: 'A' }))).toBe(undefined);
    expect(due(r.incidents.reopen(1, '', 'A'))).toBe(10);
  });
});

describe('alerts find their incident', () => {
  test('the same alert, each state once', () => {
    const r = room();
    const alert = firing(r.clock.now());
    declare(r, { alerts: [alert] });
    expect(r.incidents.onAlert(alert)).toBe(1);
    expect(r.incidents.onAlert(over(alert, r.clock.now()))).toBe(1);
    expect(r.incidents.onAlert(over(alert, r.clock.now()))).toBe(1);
    expect(r.reopen().onAlert(over(alert, r.clock.now()))).toBe(1);
    expect(r.incidents.events(1).flatMap(({ what }) => (what.kind === 'alert' ? [what.to] : []))).toEqual(['firing', 'resolved']);
  });

  test('another instance of the same rule and service joins when it fires; others do not', () => {
    const r = room();
    const nowMs = r.clock.now();
    declare(r, { alerts: [firing(nowMs)] });
    expect(r.incidents.onAlert(firing(nowMs, { instance: 'b:1' }, { state: 'pending' }))).toBe(undefined);
    expect(r.incidents.onAlert(firing(nowMs, { instance: 'b:1' }))).toBe(1);
    expect(r.incidents.onAlert(firing(nowMs, { job: 'web' }))).toBe(undefined);
    expect(r.incidents.onAlert(firing(nowMs, { alertname: 'HighLatency' }))).toBe(undefined);
    expect(r.incidents.get(1).alerts).toHaveLength(2);
  });

  test('by the labels that the caller groups by', () => {
    const r = room({ groupBy: ['job'] });
    declare(r, { alerts: [firing(r.clock.now())] });
    expect(r.incidents.onAlert(firing(r.clock.now(), { alertname: 'HighLatency' }))).toBe(1);
  });

  test('its own incident before the newest of its group; none that is resolved', () => {
    const r = room();
    const alert = firing(r.clock.now());
    declare(r, { alerts: [alert] });
    declare(r, { alerts: [firing(r.clock.now(), { instance: 'b:1' })] });
    expect(r.incidents.onAlert(over(alert, r.clock.now()))).toBe(1);
    expect(r.incidents.onAlert(firing(r.clock.now(), { instance: 'c:1' }))).toBe(2);
    r.incidents.mitigate(2, '', 'A');
    expect(r.incidents.incidentOf(alert.id)).toBe(1);
    r.incidents.resolve(1, '', 'A');
    expect(r.incidents.incidentOf(alert.id)).toBe(undefined);
    r.incidents.resolve(2, '', 'A');
    expect(r.incidents.onAlert(alert)).toBe(undefined);
  });

  test('taken out by hand it stays out; put in by hand it counts', () => {
    const r = room();
    const alert = firing(r.clock.now());
    declare(r, { alerts: [alert] });
    const other = firing(r.clock.now(), { alertname: 'DiskFull' });
    expect(r.incidents.attach(1, other).alerts).toEqual([alert.id, other.id]);
    expect(() => r.incidents.attach(1, other)).toThrow('has this alert already');
    expect(r.incidents.detach(1, alert.id, 'not ours', 'A').alerts).toEqual([other.id]);
    expect(() => r.incidents.detach(1, alert.id, '', 'A')).toThrow('has no alert');
    const second = firing(r.clock.now(), { instance: 'b:1' });
    r.incidents.attach(1, second);
    expect(r.incidents.onAlert(alert)).toBe(undefined);
    expect(r.incidents.onAlert(firing(r.clock.now(), { instance: 'c:1' }))).toBe(1);
  });

  test('an acknowledgement is logged where the alert is; the first one counts', () => {
    const r = room();
    const alert = firing(r.clock.now());
    expect(r.incidents.onAck(alert.id, alert.labels, { by: 'Bo', atMs: 5 })).toBe(undefined);
    declare(r, { alerts: [alert] });
    expect(r.incidents.onAck(alert.id, alert.labels, { by: 'Bo', atMs: r.clock.now() })).toBe(1);
    expect(r.incidents.onAck(alert.id, alert.labels, { by: 'Bo', atMs: r.clock.now() - 5 })).toBe(1);
    r.incidents.onAck(alert.id, alert.labels, { by: 'Cy', atMs: r.clock.now() });
    expect(r.incidents.get(1).ackedMs).toBe(r.clock.now() - 5);
  });
});

test('an undone transaction leaves nothing behind, not even in memory', () => {
  const r = room();
  declare(r);
  const started = { kind: 'started', params: [] } as const;
  const record = (run: string) => ({ incident: 1, run, runbook: 'Latency', atMs: r.clock.now(), by: 'Ada', event: started });
  expect(() =>
    transaction(r.db, () => {
      r.incidents.recordStep(record('run-1'));
      r.incidents.recordStep(record('run-2'));
      throw new Error('the disk is full');
    }),
  ).toThrow('the disk is full');
  expect(r.incidents.get(1).runs).toEqual([]);
  transaction(r.db, () => r.incidents.recordStep(record('run-3')));
  expect(r.incidents.get(1).runs).toEqual(['run-3']);
  expect(() => transaction(r.db, () => r.incidents.recordStep({ ...record('run-4'), incident: 9 }))).toThrow('there is no incident 9');
});

test('action items of all incidents, the most overdue first', () => {
  const r = room();
  const nowMs = r.clock.now();
  const act = (id: number, text: string, dueMs: number | undefined, state: 'open' | 'done' = 'open') =>
    r.incidents.setAction(id, { text, owner: 'B', dueMs, state }, 'A');
  declare(r);
  declare(r, { title: 'Other' });
  act(1, 'some day', undefined);
  act(1, 'tomorrow', nowMs + 1440 * minuteMs);
  act(2, 'yesterday', nowMs - 1440 * minuteMs);
  act(2, 'done', nowMs - 1, 'done');
  expect(r.incidents.openActions().map(({ incident, title, action, overdue }) => [incident, title, action.text, overdue])).toEqual([
    [2, 'Other', 'yesterday', true],
    [1, 'API fails', 'tomorrow', false],
    [1, 'API fails', 'some day', false],
  ]);
});

describe('refused with a sentence', () => {
  test.each([
    ['an unknown incident', 'there is no incident 9', (r: Room) => r.incidents.get(9)],
    ['events of an unknown incident', 'there is no incident 9', (r: Room) => r.incidents.events(9)],
    ['no title', 'the text is empty', (r: Room) => declare(r, { title: '  ' })],
    ['a long title', 'longer than 500', (r: Room) => declare(r, { title: 'x'.repeat(501) })],
    ['a long note', 'longer than 20000', (r: Room) => r.incidents.note(1, 'x'.repeat(20_001), 'A')],
    ['an empty note', 'the note is empty', (r: Room) => r.incidents.note(1, ' \n', 'A')],
    ['a start to come', 'cannot start in the future', (r: Room) => declare(r, { startedMs: r.clock.now() + 1 })],
    ['a note from the future', 'lies in the future', (r: Room) => r.incidents.note(1, 'x', 'A', r.clock.now() + 1)],
    ['the same SEV', 'is SEV-2 already', (r: Room) => r.incidents.setSev(1, 2, '', 'A')],
    ['an end before the start', 'before the start', (r: Room) => r.incidents.mitigate(1, '', 'A', r.clock.now() - minuteMs)],
    ['reopening what is open', 'incident 1 is open', (r: Room) => r.incidents.reopen(1, '', 'A')],
    [
      'an unknown action item',
      'no action item 3',
      (r: Room) => r.incidents.setAction(1, { id: 3, text: 'x', owner: '', dueMs: undefined, state: 'open' }, 'A'),
    ],
    [
      'an update without words',
      'says at least how things stand',
      (r: Room) => r.incidents.update(1, { conditions: '', actions: 'x', needs: '', by: 'A' }),
    ],
  ])('%s', (_, sentence, act) => {
    const r = room();
    declare(r);
    const before = r.incidents.events(1);
    expect(() => act(r)).toThrow(sentence);
    expect(r.incidents.events(1)).toEqual(before);
  });

  test('mitigating and resolving twice', () => {
    const r = room();
    declare(r);
    r.incidents.mitigate(1, '', 'A');
    expect(() => r.incidents.mitigate(1, '', 'A')).toThrow('is mitigated already');
    r.incidents.resolve(1, '', 'A');
    expect(() => r.incidents.resolve(1, '', 'A')).toThrow('is resolved already');
    expect(() => r.incidents.mitigate(1, '', 'A')).toThrow('is resolved already');
  });
});
