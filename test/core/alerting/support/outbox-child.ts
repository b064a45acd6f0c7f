/**
 * A process to be killed: `outbox-child.ts JOURNAL HOOK_URL FIRST_ALERT`. It takes up what an earlier one left, then fires one alert after
 * another, each in a group of its own that is told at once, and prints the number of each when it is on disk. With `drain` for FIRST_ALERT
 * it fires none, and ends when all is delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAlerting, createSender, Templates, type HttpCall, type HttpReply } from '#core/alerting/index.ts';
import { openDb } from '#core/db/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import type { Clock } from '#core/model/index.ts';

const [path, url, first] = process.argv.slice(2) as [string, string, string];
const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs);
    return () => clearTimeout(timer);
  },
};

async function http(call: HttpCall): Promise<HttpReply> {
  const reply = await fetch(call.url, { method: call.method, headers: call.headers, body: call.body, signal: AbortSignal.timeout(call.timeoutMs) });
  return { status: reply.status, headers: {}, body: await reply.text() };
}

const config = parseAlertmanagerConfig(
  `{ route: { receiver: hook, group_by: [alertname], group_wait: 0s, repeat_interval: 30d }, receivers: [{ name: hook, webhook_configs: [{ url: "${url}" }] }] }`,
  'alertmanager.yml',
);
const templates = new Templates();
const send = createSender({
  clock,
  templates: () => templates,
  externalUrl: () => '',
  http,
  readSecret: () => Promise.resolve(''),
  mail: () => Promise.reject(new Error('no mail here')),
  desktop: () => Promise.resolve(),
  log: () => undefined,
});
const alerting = createAlerting({ db: openDb(path, 'journal'), clock, random: Math.random, config, send });

// Groups that were restored have their first turn at once; half a second is ample.
if (first === 'drain') {
  await sleep(500);
  while (alerting.undeliveredCount > 0) await sleep(10);
  process.exit(0);
}

for (let i = Number(first); ; i++) {
  alerting.post([{ labels: ['alertname', `alert${i}`], annotations: [], startsMs: undefined, endsMs: clock.now() + 86_400_000, generatorUrl: '' }]);
  process.stdout.write(`${i}\n`);
  await sleep(4);
}
