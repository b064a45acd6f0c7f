import { describe, expect, test } from 'vitest';
import {
  createSender,
  Templates,
  type DesktopNotice,
  type HttpCall,
  type HttpReply,
  type Mail,
  type Notification,
  type SenderOptions,
  type SendResult,
} from '#core/alerting/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { ManualClock } from '../../support/clock.ts';

const notification: Notification = {
  key: 'key-1',
  groupKey: '{}:{alertname="Down"}',
  groupLabels: ['alertname', 'Down'],
  receiver: 'r',
  status: 'firing',
  reason: 'first',
  atMs: Date.UTC(2026, 0, 5),
  alerts: [
    {
      id: 'a',
      status: 'firing',
      labels: ['alertname', 'Down', 'host', '<b>'],
      annotations: ['summary', 'it is "down"\r\nBcc: all@example'],
      startsMs: Date.UTC(2026, 0, 5),
      endsMs: undefined,
      generatorUrl: 'http://graph',
    },
  ],
};

interface Sent {
  readonly result: SendResult;
  readonly calls: readonly HttpCall[];
  readonly notices: readonly DesktopNotice[];
  readonly lines: readonly string[];
  readonly mails: readonly Mail[];
}

/** Sends the notification by the one integration of a receiver, written as in alertmanager.yml. */
async function send(receiver: string, options: Partial<SenderOptions> & { reply?: Partial<HttpReply>; lateMs?: number } = {}): Promise<Sent> {
  const config = parseAlertmanagerConfig(`{ route: { receiver: r }, receivers: [{ name: r, ${receiver} }] }`, 'a.yml');
  const [calls, notices, lines, mails]: [HttpCall[], DesktopNotice[], string[], Mail[]] = [[], [], [], []];
  const templates = new Templates();
  const sender = createSender({
    clock: new ManualClock(),
    templates: () => templates,
    externalUrl: () => 'http://signalbox',
    http: (call) => {
      calls.push(call);
      return Promise.resolve({ status: 200, headers: {}, body: '', ...options.reply });
    },
    readSecret: (path) => Promise.resolve(`content of ${path}`),
    desktop: (notice) => Promise.resolve(void notices.push(notice)),
    log: (line) => lines.push(line),
    mail: (mail) => Promise.resolve(void mails.push(mail)),
    ...options,
  });
  const integration = config.receivers[0]!.integrations[0]!;
  const result = await sender({ receiver: 'r', integration }, notification, { attempt: 1, lateMs: options.lateMs ?? 0 });
  return { result, calls, notices, lines, mails };
}

const hook = "webhook_configs: [{ url: 'http://hook/x' }]";

describe('answers', () => {
  test.each<[Partial<HttpReply>, SendResult]>([
    [{ status: 204 }, { ok: true }],
    [
      { status: 500, body: ' oh ' },
      { ok: false, retry: true, error: 'the receiver answered 500: oh' },
    ],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { ok: false, retry: true, error: 'the receiver answered 429', retryAfterMs: 7000 },
    ],
    [{ status: 404 }, { ok: false, retry: false, error: 'the receiver answered 404' }],
    [{ status: 302 }, { ok: false, retry: false, error: 'the receiver answered 302' }],
  ])('%o', async (reply, result) => {
    expect((await send(hook, { reply })).result).toEqual(result);
  });

  test('no answer is a reason to try again', async () => {
    const { result } = await send(hook, { http: () => Promise.reject(new Error('connection refused')) });
    expect(result).toEqual({ ok: false, retry: true, error: 'connection refused' });
  });

  test('Slack says no with status 200', async () => {
    const slack = "slack_configs: [{ api_url: 'http://slack' }]";
    expect((await send(slack, { reply: { body: '{"ok":false,"error":"channel_not_found"}' } })).result).toEqual({
      ok: false,
      retry: false,
      error: 'Slack refused: channel_not_found',
    });
    expect((await send(slack, { reply: { body: 'ok' } })).result).toEqual({ ok: true });
  });
});

describe('requests', () => {
  test('a webhook carries its key, credentials and headers, also from files', async () => {
    const http =
      'http_config: { basic_auth: { username: u, password_file: /p }, http_headers: { X-Team: { values: [a], files: [/t] } }, follow_redirects: false }';
    const { calls } = await send(`webhook_configs: [{ url_file: /u, timeout: 3s, ${http} }]`, {
      readSecret: (path) => Promise.resolve(path === '/u' ? 'http://hook/secret' : `in ${path}`),
    });
    expect(calls).toMatchObject([{ method: 'POST', url: 'http://hook/secret', followRedirects: false, timeoutMs: 3000 }]);
    expect(calls[0]!.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('u:in /p').toString('base64')}`,
      'idempotency-key': 'key-1',
      'x-team': 'a, in /t',
    });
  });

  test('alerts cannot choose the host of a webhook', async () => {
    for (const url of ['http://{{ .CommonLabels.host }}/x', 'http://hook{{ .CommonLabels.host }}', '{{ .CommonLabels.host }}']) {
      const { result, calls } = await send(`webhook_configs: [{ url: '${url}' }]`);
      expect(result).toMatchObject({ ok: false, retry: false });
      expect(calls).toEqual([]);
    }
  });

  test('one group is one PagerDuty incident, which its end closes', async () => {
    const { calls } = await send("pagerduty_configs: [{ routing_key_file: /k, severity: '{{ .CommonLabels.none }}' }]");
    const body = JSON.parse(calls[0]!.body) as Record<string, unknown>;
    expect(calls[0]!.url).toBe('https://events.pagerduty.com/v2/enqueue');
    expect(body).toMatchObject({
      routing_key: 'content of /k',
      event_action: 'trigger',
      payload: { severity: 'error', summary: '[FIRING:1] Down (<b>)' },
    });
    expect(body['dedup_key']).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('messages', () => {
  test('the desktop gets a title, the summaries, and a sound', async () => {
    const { notices } = await send('desktop_configs: [{}]');
    expect(notices).toMatchObject([{ key: 'key-1', title: '[FIRING:1] Down (<b>)', body: 'it is "down"\r\nBcc: all@example', sound: true }]);
  });

  test('what comes late says so', async () => {
    expect((await send('log_configs: [{}]', { lateMs: 600_000 })).lines[0]).toMatch(/^\(late\) \[FIRING:1\] Down/);
  });

  test('a template that fails does not cost the page', async () => {
    const { lines } = await send("log_configs: [{ text: '{{ .Nothing.there }}' }]");
    expect(lines[0]).toMatch(/^\[FIRING\] 1 alerts of {}:{alertname="Down"} \(the template failed: .*\)$/);
  });

  test('an e-mail: HTML escaped, and no header from an annotation', async () => {
    const { mails } = await send(
      "email_configs: [{ to: a@b, from: c@d, smarthost: 'm:25', auth_password_file: /p, headers: { X-Note: '{{ .CommonAnnotations.summary }}' } }]",
    );
    expect(mails).toMatchObject([{ to: 'a@b', from: 'c@d', smarthost: 'm:25', password: 'content of /p', requireTls: true }]);
    expect(mails[0]!.headers).toEqual([
      ['Subject', '[FIRING:1] Down (<b>)'],
      ['X-Note', 'it is "down" Bcc: all@example'],
    ]);
    expect(mails[0]!.html).toContain('&lt;b&gt;');
    expect(mails[0]!.html).not.toContain('<b>');
  });

  test('mails of one notification share their id, those of a group and a day their thread', async () => {
    const mail = 'to: a@b, from: c@d, smarthost: "m:25"';
    const [one, again] = [await send(`email_configs: [{ ${mail} }]`), await send(`email_configs: [{ ${mail} }]`)];
    expect(one.mails[0]!.messageId).toMatch(/^<[0-9a-f]{16}@signalbox>$/);
    expect(again.mails[0]).toMatchObject({ messageId: one.mails[0]!.messageId, thread: '' });
    const daily = await send(`email_configs: [{ ${mail}, threading: { enabled: true } }]`);
    const always = await send(`email_configs: [{ ${mail}, threading: { enabled: true, thread_by_date: none } }]`);
    expect(daily.mails[0]!.thread).toMatch(/^<[0-9a-f]{16}@signalbox>$/);
    expect(new Set([one.mails[0]!.messageId, daily.mails[0]!.thread, always.mails[0]!.thread]).size).toBe(3);
  });

  test('what cannot be sent says so by name, and is not tried again', async () => {
    const refusals: readonly (readonly [string, Partial<SenderOptions>])[] = [
      ['telegram_configs: [{ bot_token: t, chat_id: 1 }]', {}],
      ["webhook_configs: [{ url: 'http://x', http_config: { oauth2: { client_id: a } } }]", {}],
      ["webhook_configs: [{ url: 'http://x', payload: { a: b } }]", {}],
      ['pagerduty_configs: [{ service_key: k }]', {}],
    ];
    for (const [receiver, options] of refusals) {
      expect((await send(receiver, options)).result).toMatchObject({
        ok: false,
        retry: false,
        error: expect.stringMatching(/^not yet supported: /) as string,
      });
    }
  });

  test('custom templates build on the default ones, and a broken file is refused with its place', () => {
    const templates = new Templates([{ path: 'own.tmpl', text: '{{ define "slack.default.title" }}own {{ template "__subject" . }}{{ end }}' }]);
    expect(() => templates.check('{{ template "slack.default.title" . }}')).not.toThrow();
    expect(() => new Templates([{ path: 'bad.tmpl', text: 'one\n{{ define "x" }}\n{{ if }}{{ end }}' }])).toThrow(/^bad\.tmpl:3: /);
    expect(() => templates.check('{{ nosuch . }}')).toThrow(/nosuch/);
  });
});
