/** An event for PagerDuty's Events API v2. One group is one incident there: all its notifications share a `dedup_key`. */
import type { PagerdutySettings } from '#core/formats/index.ts';
import { notificationKey } from '../dedup.ts';
import type { Notification } from '../notification.ts';
import { truncate } from './http.ts';

/** PagerDuty refuses longer summaries. */
const summaryCharsMax = 1024;
const severities = ['critical', 'error', 'warning', 'info'];

export function pagerdutyBody(
  notification: Notification,
  settings: PagerdutySettings,
  routingKey: string,
  render: (template: string) => string,
): Record<string, unknown> {
  const firing = notification.status === 'firing';
  const severity = render(settings.severity).trim().toLowerCase();
  const rendered = (fields: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(fields)
        .map(([name, value]) => [name, render(value)] as const)
        .filter(([, value]) => value !== ''),
    );
  return {
    routing_key: routingKey,
    event_action: firing ? 'trigger' : 'resolve',
    dedup_key: notificationKey([notification.groupKey, notification.receiver]),
    client: render(settings.client),
    client_url: render(settings.clientUrl),
    payload: {
      summary: truncate(render(settings.description), summaryCharsMax),
      severity: severities.includes(severity) ? severity : 'error',
      ...rendered({ source: settings.source, class: settings.class, component: settings.component, group: settings.group }),
      custom_details: Object.fromEntries(settings.details.map(([name, template]) => [name, structured(render(template))])),
    },
    ...(settings.images.length === 0 ? {} : { images: settings.images.map(({ src, alt, href }) => rendered({ src, alt, href })) }),
    ...(settings.links.length === 0 ? {} : { links: settings.links.map(({ href, text }) => rendered({ href, text })) }),
  };
}

/** A detail that is JSON, such as `toJson` makes, is sent as what it says; any other as text. */
function structured(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
