import type { SloDraft, SloView } from '#core/contract/index.ts';
import type { Tone } from '../../ui/tone.ts';

/** How an objective stands: the word, and the colour that goes with it. */
export interface Standing {
  readonly tone: Tone;
  readonly word: string;
}

const hour = 3_600_000;
/** Multi-window alerts page from here on; see burnWindows in core/formats. */
const burnsFast = 14.4;
const low = 0.2;

export function standingOf({ problem, remaining, burnRates, minEvents, eventsLastHour }: SloView): Standing {
  if (problem !== '') return { tone: 'quiet', word: 'Not known' };
  if (remaining === undefined) return { tone: 'quiet', word: 'No events' };
  if (remaining <= 0) return { tone: 'bad', word: 'Spent' };
  const lately = burnRates.find(({ windowMs }) => windowMs === hour)?.rate ?? 0;
  if (minEvents > 0 && (eventsLastHour ?? Infinity) < minEvents) return { tone: 'quiet', word: 'Few events' };
  if (lately >= burnsFast) return { tone: 'bad', word: 'Burning fast' };
  if (lately > 1 || remaining < low) return { tone: 'warn', word: lately > 1 ? 'Burning' : 'Nearly spent' };
  return { tone: 'ok', word: 'Healthy' };
}

/** The alerts that an objective may have, by their long windows. Factors are those of 30 days. Source: SRE workbook, chapter 5. */
export const alertChoices = [
  { longMs: hour, severity: 'page', text: '2 % of the budget in 1 h (and 5 min)' },
  { longMs: 6 * hour, severity: 'page', text: '5 % in 6 h (and 30 min)' },
  { longMs: 24 * hour, severity: 'ticket', text: '10 % in 1 d (and 2 h)' },
  { longMs: 72 * hour, severity: 'ticket', text: '10 % in 3 d (and 6 h)' },
] as const;

/** What the form holds while it is filled in. */
export interface SloForm {
  service: string;
  name: string;
  title: string;
  description: string;
  objective: string;
  days: string;
  kind: 'events' | 'latency' | 'threshold';
  of: 'good' | 'bad';
  query: string;
  total: string;
  metric: string;
  matchers: string;
  seconds: string;
  histogram: 'classic' | 'native';
  op: '<' | '<=' | '>' | '>=';
  value: string;
  alerts: number[];
  minEvents: string;
}

export const blankForm = (): SloForm => ({
  service: '',
  name: '',
  title: '',
  description: '',
  objective: '99.9',
  days: '30',
  kind: 'events',
  of: 'bad',
  query: '',
  total: '',
  metric: '',
  matchers: '',
  seconds: '0.3',
  histogram: 'classic',
  op: '<',
  value: '',
  alerts: alertChoices.map(({ longMs }) => longMs),
  minEvents: '0',
});

/** The form of an objective that is there. */
export function formOf({ indicator, objective, periodMs, minEvents, alerts, ...texts }: SloDraft): SloForm {
  const shared = {
    ...blankForm(),
    ...texts,
    objective: String(objective),
    days: String(periodMs / day),
    minEvents: String(minEvents),
    alerts: [...alerts],
  };
  switch (indicator.kind) {
    case 'events':
      return { ...shared, ...indicator };
    case 'latency':
      return { ...shared, ...indicator, seconds: String(indicator.seconds) };
    case 'threshold':
      return { ...shared, ...indicator, value: String(indicator.value) };
  }
}

const day = 86_400_000;
const nameForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The form as a draft, or the first thing that is missing. */
export function draftOf(form: SloForm): { readonly draft: SloDraft } | { readonly missing: string } {
  const [objective, days, minEvents] = [form.objective, form.days, form.minEvents].map(Number) as [number, number, number];
  if (!nameForm.test(form.service)) return { missing: 'a service: a-z, 0-9 and -' };
  if (!nameForm.test(form.name)) return { missing: 'a name: a-z, 0-9 and -' };
  if (!(objective > 0 && objective < 100)) return { missing: 'a target between 0 and 100 %' };
  if (!(days >= 1 && days <= 366)) return { missing: 'a window of 1 to 366 days' };
  if (!Number.isInteger(minEvents) || minEvents < 0) return { missing: 'a whole number of events as the guard' };
  const indicator = indicatorOf(form);
  if (typeof indicator === 'string') return { missing: indicator };
  const { service, name, title, description, alerts } = form;
  return { draft: { service, name, title, description, objective, periodMs: Math.round(days * day), indicator, alerts, minEvents } };
}

function indicatorOf({ kind, of, query, total, metric, matchers, seconds, histogram, op, value }: SloForm): SloDraft['indicator'] | string {
  switch (kind) {
    case 'events':
      if (query.trim() === '') return `the ${of} events`;
      return total.trim() === '' ? 'all events' : { kind, of, query: query.trim(), total: total.trim() };
    case 'latency':
      if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric)) return 'the histogram’s name, without _bucket';
      return Number(seconds) > 0 ? { kind, metric, matchers: matchers.trim(), seconds: Number(seconds), histogram } : 'a time in seconds';
    case 'threshold':
      if (query.trim() === '') return 'what is measured';
      return value.trim() === '' || Number.isNaN(Number(value)) ? 'the level' : { kind, query: query.trim(), op, value: Number(value) };
  }
}
