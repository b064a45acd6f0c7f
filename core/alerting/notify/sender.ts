/** Tells a receiver: one small function for each kind. A new kind is a file that makes its message and a case here. */
import { EngineError, messageOf, type Clock } from '#core/model/index.ts';
import type { DesktopSettings, EmailSettings, LogSettings, PagerdutySettings, SlackSettings, WebhookSettings } from '#core/formats/index.ts';
import type { Notification, Send, SendResult } from '../notification.ts';
import { templateData } from './data.ts';
import { mailOf, type SendMail } from './email.ts';
import { post, resultOf, type Http, type ReadSecret } from './http.ts';
import { pagerdutyBody } from './pagerduty.ts';
import { slackBody, slackResult } from './slack.ts';
import type { Templates } from './templates.ts';
import { webhookBody } from './webhook.ts';

/** What a desktop shows. */
export interface DesktopNotice {
  readonly key: string;
  readonly title: string;
  readonly body: string;
  readonly sound: boolean;
  readonly status: 'firing' | 'resolved';
  readonly notification: Notification;
}

export interface SenderOptions {
  readonly clock: Clock;
  /** The templates of the configuration in force. */
  readonly templates: () => Templates;
  /** Where links in messages lead. */
  readonly externalUrl: () => string;
  readonly http: Http;
  readonly readSecret: ReadSecret;
  readonly desktop: (notice: DesktopNotice) => Promise<void>;
  readonly log: (line: string, notification: Notification) => void;
  readonly mail: SendMail;
}

/** Later than this, a message says that it is late (reliability row 16). */
const lateAfterMs = 120_000;

/** The `send` of createAlerting. */
export function createSender(options: SenderOptions): Send {
  return async ({ integration }, notification, { lateMs }) => {
    if (integration.unsupported.length > 0) return refused(`not yet supported: ${integration.unsupported.join(', ')}`);
    const message = new Message(options, notification, lateMs > lateAfterMs);
    switch (integration.kind) {
      case 'desktop':
        return sendDesktop(message, integration.settings);
      case 'log':
        return sendLog(message, integration.settings);
      case 'webhook':
        return sendWebhook(message, integration.settings);
      case 'slack':
        return sendSlack(message, integration.settings);
      case 'pagerduty':
        return sendPagerduty(message, integration.settings);
      case 'email':
        return sendEmail(message, integration.settings);
      default:
        return refused(`not yet supported: the receiver kind ${integration.kind}`);
    }
  };
}

/** One notification on its way, with the means to say it. */
class Message {
  readonly options: SenderOptions;
  readonly notification: Notification;
  readonly late: boolean;

  constructor(options: SenderOptions, notification: Notification, late: boolean) {
    this.options = options;
    this.notification = notification;
    this.late = late;
  }

  /** A broken template must not cost a page: the text then says what fires, and what is wrong with the template. */
  readonly render = (template: string): string => this.#render(template, (text) => text);
  readonly renderHtml = (template: string): string => this.#render(template, escapeHtml);

  #render(template: string, escape: (text: string) => string): string {
    const { templates, externalUrl, clock } = this.options;
    try {
      return templates().render(template, templateData(this.notification, externalUrl(), escape), clock.now());
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const { status, alerts, groupKey } = this.notification;
      return escape(`[${status.toUpperCase()}] ${alerts.length} alerts of ${groupKey} (the template failed: ${error.message})`);
    }
  }

  async secret(value: string, file: string): Promise<string> {
    return file === '' ? value : this.options.readSecret(file);
  }
}

function refused(error: string): SendResult {
  return { ok: false, retry: false, error };
}

async function sendDesktop({ options, notification, late, render }: Message, settings: DesktopSettings): Promise<SendResult> {
  const { key, status } = notification;
  const title = `${late ? '(late) ' : ''}${render(settings.title)}`;
  const sound = settings.sound && status === 'firing';
  await options.desktop({ key, title, body: render(settings.text).trim(), sound, status, notification });
  return { ok: true };
}

function sendLog({ options, notification, late, render }: Message, settings: LogSettings): SendResult {
  options.log(`${late ? '(late) ' : ''}${render(settings.text)}`, notification);
  return { ok: true };
}

/** Scheme, host, and the beginning of a path or query: what must come before the first template of a URL. */
const fixedHost = /^https?:\/\/[^/?#]+[/?#]/i;

async function sendWebhook(message: Message, settings: WebhookSettings): Promise<SendResult> {
  const { options, notification } = message;
  const template = await message.secret(settings.url, settings.urlFile);
  const [fixed] = template.split('{{', 1) as [string];
  if (fixed !== template && !fixedHost.test(fixed)) return refused('the host of a webhook cannot come from a template: alerts would choose it');
  const url = message.render(template);
  const body = webhookBody(notification, settings, options.externalUrl());
  const headers = { 'idempotency-key': notification.key };
  return attempt(async () =>
    resultOf(await post(options.http, options.readSecret, settings.http, { url, body, headers, timeoutMs: settings.timeoutMs })),
  );
}

async function sendSlack(message: Message, settings: SlackSettings): Promise<SendResult> {
  const { options, render } = message;
  const url = await message.secret(settings.apiUrl, settings.apiUrlFile);
  const token = await message.secret(settings.appToken, settings.appTokenFile);
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
  const body = slackBody(settings, render);
  return attempt(async () => slackResult(await post(options.http, options.readSecret, settings.http, { url, body, headers })));
}

async function sendPagerduty(message: Message, settings: PagerdutySettings): Promise<SendResult> {
  const { options, notification, render } = message;
  const key = await message.secret(settings.routingKey, settings.routingKeyFile);
  if (key === '') return refused("not yet supported: PagerDuty's Events API v1 (service_key); use routing_key");
  const body = pagerdutyBody(notification, settings, key, render);
  return attempt(async () => resultOf(await post(options.http, options.readSecret, settings.http, { url: settings.url, body })));
}

async function sendEmail(message: Message, settings: EmailSettings): Promise<SendResult> {
  const { options, notification, render, renderHtml } = message;
  const letter = await mailOf(settings, notification, options.readSecret, render, renderHtml);
  return attempt(async () => {
    await options.mail(letter);
    return { ok: true };
  });
}

/** No answer is a reason to try again. */
async function attempt(act: () => Promise<SendResult>): Promise<SendResult> {
  try {
    return await act();
  } catch (error) {
    return { ok: false, retry: true, error: messageOf(error) };
  }
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (char) => entities[char]!);
}
