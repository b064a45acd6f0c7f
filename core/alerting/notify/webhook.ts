/** Alertmanager's webhook: JSON of version 4. Source: its configuration reference, "webhook_config". */
import { labelsToRecord } from '#core/model/index.ts';
import type { WebhookSettings } from '#core/formats/index.ts';
import type { Notification } from '../notification.ts';
import { commonLabels, jsonTime, reasonText } from './data.ts';

/** `maxAlerts` 0 sends all; what is left out is counted in `truncatedAlerts`. */
export function webhookBody(notification: Notification, settings: Pick<WebhookSettings, 'maxAlerts'>, externalUrl: string): Record<string, unknown> {
  const { alerts } = notification;
  const sent = settings.maxAlerts > 0 ? alerts.slice(0, settings.maxAlerts) : alerts;
  return {
    receiver: notification.receiver,
    status: notification.status,
    alerts: sent.map((alert) => ({
      status: alert.status,
      labels: labelsToRecord(alert.labels),
      annotations: labelsToRecord(alert.annotations),
      startsAt: jsonTime(alert.startsMs),
      endsAt: jsonTime(alert.endsMs),
      generatorURL: alert.generatorUrl,
      fingerprint: alert.id,
    })),
    groupLabels: labelsToRecord(notification.groupLabels),
    commonLabels: labelsToRecord(commonLabels(alerts.map(({ labels }) => labels))),
    commonAnnotations: labelsToRecord(commonLabels(alerts.map(({ annotations }) => annotations))),
    externalURL: externalUrl,
    version: '4',
    notification_reason: reasonText[notification.reason],
    groupKey: notification.groupKey,
    truncatedAlerts: alerts.length - sent.length,
  };
}
