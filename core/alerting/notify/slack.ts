/** A message for Slack, or for what speaks like it (Mattermost, Rocket.Chat): one attachment. Source: Slack's "attachments" reference. */
import type { SlackAction, SlackSettings } from '#core/formats/index.ts';
import type { SendResult } from '../notification.ts';
import { resultOf, truncate, type HttpReply } from './http.ts';

/** Slack shows no more of a title. */
const titleCharsMax = 1024;

type Render = (template: string) => string;

/** Fields that come out empty are left out as Alertmanager leaves them out. */
export function slackBody(settings: SlackSettings, render: Render): Record<string, unknown> {
  const attachment = {
    title: truncate(render(settings.title), titleCharsMax),
    title_link: render(settings.titleLink),
    pretext: render(settings.pretext),
    text: render(settings.text),
    fallback: render(settings.fallback),
    callback_id: render(settings.callbackId),
    fields: settings.fields.map((field) => ({
      title: render(field.title),
      value: render(field.value),
      short: field.short ?? settings.shortFields,
    })),
    image_url: render(settings.imageUrl),
    thumb_url: render(settings.thumbUrl),
    footer: render(settings.footer),
    color: render(settings.color),
    mrkdwn_in: settings.mrkdwnIn.length > 0 ? settings.mrkdwnIn : ['fallback', 'pretext', 'text'],
    actions: settings.actions.map((action) => slackAction(action, render)),
  };
  return withoutEmpty({
    channel: render(settings.channel),
    username: render(settings.username),
    icon_emoji: render(settings.iconEmoji),
    icon_url: render(settings.iconUrl),
    link_names: settings.linkNames,
    text: render(settings.messageText),
    attachments: [withoutEmpty(attachment, ['title', 'title_link', 'text', 'fallback', 'callback_id', 'footer'])],
  });
}

function slackAction(action: SlackAction, render: Render): Record<string, unknown> {
  const { confirm } = action;
  return withoutEmpty({
    type: render(action.type),
    text: render(action.text),
    url: render(action.url),
    style: render(action.style),
    name: action.url === '' ? render(action.name) : '',
    value: action.url === '' ? render(action.value) : '',
    confirm:
      confirm === undefined || action.url !== ''
        ? ''
        : withoutEmpty({
            title: render(confirm.title),
            text: render(confirm.text),
            ok_text: render(confirm.okText),
            dismiss_text: render(confirm.dismissText),
          }),
  });
}

/** The fields that are not empty, and those of `kept`. */
function withoutEmpty(fields: Readonly<Record<string, unknown>>, kept: readonly string[] = []): Record<string, unknown> {
  const empty = (value: unknown): boolean => value === '' || value === false || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !empty(value) || kept.includes(name)));
}

/** Slack also says no with status 200 and `"ok": false` in JSON. */
export function slackResult(reply: HttpReply): SendResult {
  const result = resultOf(reply);
  if (!result.ok || !reply.body.trimStart().startsWith('{')) return result;
  const said = parsed(reply.body);
  if (said?.ok !== false) return result;
  const error = typeof said.error === 'string' ? said.error : 'no reason given';
  return {
    ok: false,
    retry: ['ratelimited', 'rate_limited', 'service_unavailable', 'internal_error'].includes(error),
    error: `Slack refused: ${error}`,
  };
}

function parsed(body: string): { readonly ok?: unknown; readonly error?: unknown } | undefined {
  try {
    return JSON.parse(body) as { readonly ok?: unknown; readonly error?: unknown };
  } catch {
    return undefined;
  }
}
