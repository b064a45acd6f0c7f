import { expect, onTestFinished, test } from 'vitest';
import { Forwarder } from '#core/alerting/index.ts';
import { plainHttp } from '#core/formats/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { ruleAlert } from './support/bench.ts';

interface Posted {
  readonly labels: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
}

test('alerts go to a real Alertmanager as a Prometheus sends them', async () => {
  const clock = new ManualClock();
  const startMs = clock.now();
  const posts: { atMs: number; url: string; alerts: Posted[] }[] = [];
  let status = 200;
  const forwarder = new Forwarder({
    clock,
    http: ({ url, body }) => {
      posts.push({ atMs: clock.now() - startMs, url, alerts: JSON.parse(body) as Posted[] });
      return Promise.resolve({ status, headers: {}, body: '' });
    },
    readSecret: () => Promise.resolve(''),
    targets: () => [{ url: 'http://am:9093/api/v2/alerts', http: plainHttp, timeoutMs: 10_000, prepare: (labels) => labels }],
    graphUrl: () => 'http://graph',
  });
  onTestFinished(() => forwarder.stop());
  const down = ruleAlert({ alertname: 'Down' }, 'firing', clock);
  forwarder.put([down, ruleAlert({ alertname: 'Soon' }, 'pending', clock), ruleAlert({ alertname: 'Past' }, 'resolved', clock)]);
  await clock.advance(30_000);
  forwarder.put([down]);
  status = 503;
  await clock.advance(40_000);
  status = 200;
  await clock.advance(60_000);
  forwarder.put([{ ...down, state: 'resolved', resolvedAtMs: clock.now() }]);
  await clock.advance(3_600_000);
  expect(posts.slice(0, 4).map(({ atMs, url, alerts }) => [atMs, url, alerts.map(({ labels }) => labels['alertname'])])).toEqual([
    [1000, 'http://am:9093/api/v2/alerts', ['Down']],
    [61_000, 'http://am:9093/api/v2/alerts', ['Down']],
    [121_000, 'http://am:9093/api/v2/alerts', ['Down']],
    [131_000, 'http://am:9093/api/v2/alerts', ['Down']],
  ]);
  expect(posts[0]!.alerts[0]).toMatchObject({ startsAt: '2026-01-05T03:00:00Z', endsAt: '2026-01-05T03:04:01Z', generatorURL: 'http://graph' });
  expect(posts.at(-1)!.alerts[0]!.endsAt).toBe('2026-01-05T03:02:10Z');
  expect(posts.at(-1)!.atMs).toBeLessThanOrEqual(130_000 + 900_000);
  expect(forwarder.states).toEqual([{ url: 'http://am:9093/api/v2/alerts', sentCount: posts.length - 1, failedCount: 1, lastError: '' }]);
});
