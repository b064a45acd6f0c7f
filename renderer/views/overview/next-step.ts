import { labelValue, type Incident } from '#core/model/index.ts';
import type { AlertView, Overview } from '#core/contract/index.ts';
import { formatAgo, formatSpan, formatValue, plural } from '../../ui/format.ts';
import { severityLook } from '../../ui/severity.ts';

/** The one thing to do now, for somebody who was asleep a minute ago. */
export type NextStep =
  | { readonly kind: 'incident'; readonly incident: Incident; readonly title: string; readonly why: string }
  | { readonly kind: 'alert'; readonly alert: AlertView; readonly title: string; readonly why: string }
  | { readonly kind: 'taken'; readonly alert: AlertView; readonly title: string; readonly why: string }
  | { readonly kind: 'sources'; readonly title: string; readonly why: string }
  | { readonly kind: 'users'; readonly title: string; readonly why: string }
  | { readonly kind: 'pending'; readonly title: string; readonly why: string }
  | { readonly kind: 'config'; readonly title: string; readonly why: string }
  | { readonly kind: 'nothing'; readonly title: string; readonly why: string };

/** A smaller share of users, as a fraction, is told and is no reason to act by itself. */
export const usersTold = 0.01;

/** `problems`: what is wrong in the files of the configuration, a sentence each. */
export function nextStep(
  overview: Overview,
  alerts: readonly AlertView[],
  incidents: readonly Incident[],
  nowMs: number,
  problems: readonly string[] = [],
): NextStep {
  const firing = worstFirst(alerts.filter((alert) => alert.state === 'firing'));
  const loose = firing.find((alert) => alert.ack === undefined && alert.incident === undefined);
  const open = incidents.filter((incident) => incident.status === 'open').sort((a, b) => a.sev - b.sev || a.declaredMs - b.declaredMs)[0];
  if (loose !== undefined && (open === undefined || severityLook(loose.severity).rank === 0)) return alertStep(loose, firing.length, nowMs);
  if (open !== undefined)
    return {
      kind: 'incident',
      incident: open,
      title: `Go on with incident #${open.id}`,
      why: `${open.title}. Declared ${formatAgo(open.declaredMs, nowMs)}, not mitigated yet.`,
    };
  if (loose !== undefined) return alertStep(loose, firing.length, nowMs);
  const taken = firing.find((alert) => alert.incident === undefined);
  if (taken !== undefined)
    return {
      kind: 'taken',
      alert: taken,
      title: `${nameOf(taken)} is still firing`,
      why: `${taken.ack?.by ?? 'Somebody'} took it ${taken.ack === undefined ? '' : formatAgo(taken.ack.atMs, nowMs)}. Declare an incident if users are hurt.`,
    };
  if ((overview.usersAffected ?? 0) >= usersTold)
    return {
      kind: 'users',
      title: 'Users are affected, and no alert says so',
      why: `${formatValue(overview.usersAffected ?? 0, 'percent')} of them. Look at what fails; declare an incident if it lasts.`,
    };
  if (overview.targetsDown > 0)
    return {
      kind: 'sources',
      title: `${plural(overview.targetsDown, 'source')} cannot be read`,
      why: `${overview.down.join(', ')}. What they would say is unknown, not fine.`,
    };
  if (overview.pending > 0)
    return {
      kind: 'pending',
      title: 'Keep an eye on what is pending',
      why: `${plural(overview.pending, 'alert')} will fire if the condition holds.`,
    };
  const [wrong] = problems;
  if (wrong !== undefined)
    return {
      kind: 'config',
      title: 'The configuration is not as it was meant',
      why: problems.length === 1 ? wrong : `${wrong}, and ${problems.length - 1} more.`,
    };
  const few = overview.usersAffected ?? 0;
  const told = few > 0 ? ` ${formatValue(few, 'percent')} of users are affected: look in again.` : '';
  return { kind: 'nothing', title: 'Nothing needs you', why: `No alert fires, no incident is open, every source answers.${told}` };
}

function alertStep(alert: AlertView, firingCount: number, nowMs: number): NextStep {
  const more = firingCount > 1 ? ` ${plural(firingCount - 1, 'more alert')} ${firingCount === 2 ? 'fires' : 'fire'} too.` : '';
  const held = formatSpan(Math.max(0, nowMs - (alert.firedAtMs ?? alert.activeAtMs)));
  return {
    kind: 'alert',
    alert,
    title: `Take ${nameOf(alert)}`,
    why: `${alert.summary === '' ? 'Nobody has it' : alert.summary}, firing for ${held}.${more}`,
  };
}

const nameOf = (alert: AlertView): string => labelValue(alert.labels, 'alertname');

/** By severity, then the longest firing first. */
export function worstFirst(alerts: readonly AlertView[]): readonly AlertView[] {
  return [...alerts].sort((a, b) => severityLook(a.severity).rank - severityLook(b.severity).rank || a.activeAtMs - b.activeAtMs);
}
