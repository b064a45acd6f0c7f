/** What SEV to suggest for an incident, and how often its people are owed an update. */
import { labelValue, severities, type Alert, type DurationMs, type Labels, type Sev } from '#core/model/index.ts';

interface SevSuggestion {
  readonly sev: Sev;
  /** Why, for the person who confirms or changes it. */
  readonly why: string;
}

/** By the words that published rules use in the label `severity`. Whatever is not known is in doubt, so one worse than it may be. */
const bySeverityLabel: Readonly<Record<string, Sev>> = {
  critical: 2,
  page: 2,
  emergency: 2,
  major: 2,
  error: 2,
  high: 2,
  warning: 3,
  warn: 3,
  ticket: 3,
  minor: 3,
  low: 4,
  info: 4,
  none: 4,
};

/**
 * The SEV for a share of users affected (0..1), which is what `expr` gave; on a border the worse one. Without a usable share the
 * alert's `severity` label decides, and without that SEV-2: in doubt, the worse one.
 */
export function suggestSev(share: number | undefined, expr: string, labels: Labels): SevSuggestion {
  if (share === undefined || Number.isNaN(share)) {
    const why = expr === '' ? 'no query for the share of users affected is set' : `no data for the share of users affected (${expr})`;
    return byLabel(labels, why);
  }
  if (share < 0 || share > 1) {
    return byLabel(labels, `the query for the share of users affected gives ${share}, which is no share from 0 to 1 (${expr})`);
  }
  const found = severities.find(({ usersAbove }) => share > usersAbove || (share === usersAbove && usersAbove > 0))!;
  const border = share === found.usersAbove ? ', on the border, so the worse one' : '';
  return { sev: found.sev, why: `${percent(share)} of users affected${border}: ${found.means}` };
}

function byLabel(labels: Labels, why: string): SevSuggestion {
  const severity = labelValue(labels, 'severity');
  const known = Object.hasOwn(bySeverityLabel, severity.toLowerCase()) ? bySeverityLabel[severity.toLowerCase()] : undefined;
  if (known !== undefined) return { sev: known, why: `${why}; the alert's severity is "${severity}"` };
  const bare = labels.length === 0 ? 'no alert says how severe it is' : 'the alert has no severity label';
  const doubt = severity === '' ? bare : `the severity "${severity}" is not known`;
  return { sev: 2, why: `${why}, and ${doubt}; in doubt, the worse one` };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;

/** A title for an incident declared from this alert: its summary, else its name and what it is about. */
export function suggestTitle(alert: Alert): string {
  const summary = labelValue(alert.annotations, 'summary').trim();
  if (summary !== '') return summary.replace(/\s+/g, ' ').slice(0, 200);
  const name = labelValue(alert.labels, 'alertname') || 'alert';
  const about = ['service', 'job', 'namespace', 'instance'].map((label) => labelValue(alert.labels, label)).find((value) => value !== '');
  return about === undefined ? name : `${name} on ${about}`.slice(0, 200);
}

const minuteMs = 60_000;

/**
 * How long until the first update and between updates, by SEV. The first of SEV-1 and SEV-2 is due with the status page, ten
 * minutes in; the rhythm then is what readers of a status page commonly expect, and slower the less it hurts.
 */
const updateRhythm: Readonly<Record<Sev, { readonly firstMs: DurationMs; readonly thenMs: DurationMs } | undefined>> = {
  1: { firstMs: 10 * minuteMs, thenMs: 20 * minuteMs },
  2: { firstMs: 10 * minuteMs, thenMs: 30 * minuteMs },
  3: { firstMs: 60 * minuteMs, thenMs: 120 * minuteMs },
  4: undefined,
};

/** Undefined when nobody is owed an update. */
export function updateDue(sev: Sev, which: 'first' | 'then'): DurationMs | undefined {
  const rhythm = updateRhythm[sev];
  return which === 'first' ? rhythm?.firstMs : rhythm?.thenMs;
}
