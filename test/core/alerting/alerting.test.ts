import { describe, expect, test } from 'vitest';
import type { Notification, Send } from '#core/alerting/index.ts';
import { closeDb } from '#core/db/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { labelsFromRecord, matcher } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { open, ruleAlert } from './support/bench.ts';

describe('from alert to notification', () => {
  test('with no configuration the desktop is told after 5 s, again after 4 h, and of the end', async () => {
    const { alerting, clock, sent } = open();
    alerting.put([ruleAlert({ alertname: 'Down', job: 'api' }, 'firing', clock)]);
    await clock.advance(4_999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent.map(({ receiver, status, reason }) => [receiver, status, reason])).toEqual([['desktop', 'firing', 'first']]);
    await clock.advance(4 * 3_600_000 - 1);
    expect(sent.length).toBe(1);
    await clock.advance(1);
    expect(sent.at(-1)?.reason).toBe('repeat');
    alerting.put([ruleAlert({ alertname: 'Down', job: 'api' }, 'resolved', clock)]);
    await clock.advance(300_000);
    expect(sent.at(-1)).toMatchObject({ status: 'resolved', reason: 'all-resolved' });
    expect(alerting.alerts()).toEqual([]);
    expect(alerting.groups()).toEqual([]);
  });

  test('a pending alert is recorded and tells nobody', async () => {
    const { alerting, clock, sent, decisions } = open();
    alerting.put([ruleAlert({ alertname: 'Down' }, 'pending', clock)]);
    alerting.put([{ ...ruleAlert({ alertname: 'Down' }, 'resolved', clock), firedAtMs: undefined }]);
    await clock.advance(600_000);
    expect(sent).toEqual([]);
    expect(decisions.map(({ kind }) => kind)).toEqual(['configured', 'pending', 'not-pending']);
  });

  test('an alert from outside is over when nobody renews it', async () => {
    const { alerting, clock, sent } = open();
    const labels = labelsFromRecord({ alertname: 'Disk' });
    const post = (): void => alerting.post([{ labels, annotations: [], startsMs: undefined, endsMs: undefined, generatorUrl: '' }]);
    post();
    await clock.advance(240_000);
    post();
    await clock.advance(240_000);
    expect(alerting.alerts().map(({ state }) => state)).toEqual(['active']);
    await clock.advance(600_000);
    expect(sent.map(({ status }) => status)).toEqual(['firing', 'resolved']);
  });
});

describe('acks', () => {
  test('an ack names its owner, lasts over a restart and ends with the alert', async () => {
    const bench = open();
    const { alerting, clock } = bench;
    const alert = ruleAlert({ alertname: 'Down' }, 'firing', clock);
    alerting.put([alert]);
    expect(alerting.ack(alert.id, 'ada')).toEqual({ by: 'ada', atMs: clock.now() });
    alerting.stop();
    closeDb(alerting.db);
    const again = open({ path: bench.path, clock });
    expect(again.alerting.alert(alert.id)?.ack?.by).toBe('ada');
    again.alerting.put([ruleAlert({ alertname: 'Down' }, 'resolved', clock)]);
    expect(() => again.alerting.ack(alert.id, 'bob')).toThrow(/already over/);
    expect(again.alerting.alert(alert.id)?.ack).toBeUndefined();
  });
});

describe('silences', () => {
  test('a silence keeps an alert back while it lasts', async () => {
    const { alerting, clock, sent } = open();
    const silence = alerting.setSilence({
      matchers: [matcher('alertname', '=', 'Down')],
      startsMs: clock.now(),
      endsMs: clock.now() + 600_000,
      createdBy: 'ada',
      comment: 'known',
    });
    alerting.put([ruleAlert({ alertname: 'Down' }, 'firing', clock)]);
    expect(alerting.alerts()[0]).toMatchObject({ state: 'suppressed', silencedBy: [silence.id] });
    await clock.advance(599_000);
    expect(sent).toEqual([]);
    await clock.advance(301_000);
    expect(sent.length).toBe(1);
    expect(alerting.silencePreview([matcher('alertname', '=~', 'D.*')]).length).toBe(1);
  });

  test('a silence that would match everything is refused', () => {
    const { alerting, clock } = open();
    const request = { startsMs: clock.now(), endsMs: clock.now() + 1000, createdBy: 'ada', comment: '' };
    expect(() => alerting.setSilence({ ...request, matchers: [matcher('team', '=~', '.*')] })).toThrow(/everything/);
  });
});

describe('the outbox', () => {
  test('a crash between sending and marking repeats the notification under the same key', async () => {
    const config = parseAlertmanagerConfig('{ route: { receiver: w, group_wait: 1s }, receivers: [{ name: w, log_configs: [{}] }] }', 'a.yml');
    const sent: Notification[] = [];
    const never: Send = (_, notification) => {
      sent.push(notification);
      return new Promise(() => undefined);
    };
    const first = open({ config, send: never });
    first.alerting.put([ruleAlert({ alertname: 'Down' }, 'firing', first.clock)]);
    await first.clock.advance(1000);
    expect(sent.length).toBe(1);
    first.alerting.stop();
    closeDb(first.alerting.db);
    const second = open({ config, path: first.path, clock: first.clock, sent });
    await second.clock.advance(0);
    await second.clock.advance(600_000);
    expect(sent.map(({ key }) => key)).toEqual([sent[0]!.key, sent[0]!.key]);
    expect(second.alerting.undeliveredCount).toBe(0);
  });

  test('a receiver that fails is tried again with growing pauses, under one key, and heard of in the record', async () => {
    const attempts: number[] = [];
    const clock = new ManualClock();
    const send: Send = (_, { key }, { attempt }) => {
      attempts.push(clock.monotonicMs());
      return Promise.resolve(attempt < 4 ? { ok: false, retry: true, error: `503 for ${key}` } : { ok: true });
    };
    const { alerting, decisions } = open({ clock, send });
    alerting.put([ruleAlert({ alertname: 'Down' }, 'firing', clock)]);
    await clock.advance(60_000);
    expect(attempts.map((atMs) => atMs - attempts[0]!)).toEqual([0, 750, 2250, 5250]);
    expect(decisions.map(({ kind }) => kind).filter((kind) => kind === 'attempt-failed' || kind === 'sent')).toEqual([
      'attempt-failed',
      'attempt-failed',
      'attempt-failed',
      'sent',
    ]);
  });

  test('what was overtaken before it was delivered is not sent, and the record says so', async () => {
    const sent: Notification[] = [];
    let away = true;
    const send: Send = (_, notification) => {
      if (away) return Promise.resolve({ ok: false, retry: true, error: 'away' });
      sent.push(notification);
      return Promise.resolve({ ok: true });
    };
    const { alerting, clock, decisions } = open({ send });
    alerting.put([ruleAlert({ alertname: 'Down', instance: '1' }, 'firing', clock)]);
    await clock.advance(60_000);
    alerting.put([ruleAlert({ alertname: 'Down', instance: '2' }, 'firing', clock)]);
    await clock.advance(300_000);
    expect(decisions.filter(({ kind }) => kind === 'superseded').map(({ reason }) => reason)).toEqual([
      'desktop (desktop/0): a newer notification of the group took its place before it was delivered',
    ]);
    expect(alerting.undeliveredCount).toBe(1);
    away = false;
    await clock.advance(300_000);
    expect(sent.map(({ alerts }) => alerts.length)).toEqual([2]);
  });

  test('a receiver that refuses for good is told again at the next turn, under another key', async () => {
    const keys: string[] = [];
    const send: Send = (_, { key }) => {
      keys.push(key);
      return Promise.resolve(keys.length === 1 ? { ok: false, retry: false, error: 'no such channel' } : { ok: true });
    };
    const { alerting, clock, decisions } = open({ send });
    alerting.put([ruleAlert({ alertname: 'Down' }, 'firing', clock)]);
    await clock.advance(3_600_000);
    expect(new Set(keys).size).toBe(2);
    expect(keys.length).toBe(2);
    expect(decisions.find(({ kind }) => kind === 'failed')?.reason).toBe('desktop (desktop/0): no such channel');
  });
});

describe('the record', () => {
  test('pruning forgets what is old, but not what receivers know', async () => {
    const { alerting, clock, sent } = open();
    alerting.put([ruleAlert({ alertname: 'Down' }, 'firing', clock)]);
    await clock.advance(60_000);
    expect(alerting.decisions({ limit: 100 }).map(({ kind }) => kind)).toEqual(['configured', 'firing', 'routed', 'notify', 'sent']);
    expect(alerting.prune(clock.now())).toBe(5);
    expect(alerting.decisions({ limit: 100 })).toEqual([]);
    await clock.advance(3_600_000);
    expect(sent.length).toBe(1);
  });
});
