/** Objectives of the scripted engine: one spent, one burning, one well, one without events. */
import type { Handlers, SignalboxContract, SloDraft, SloView } from '#core/contract/index.ts';

const hour = 3_600_000;
const day = 24 * hour;
const alerts: SloView['alerts'] = [
  { severity: 'page', longMs: hour, shortMs: hour / 12, factor: 14.4 },
  { severity: 'page', longMs: 6 * hour, shortMs: hour / 2, factor: 6 },
  { severity: 'ticket', longMs: 72 * hour, shortMs: 6 * hour, factor: 1 },
];

const draftFor = (service: string, name: string, title: string): SloDraft => ({
  service,
  name,
  title,
  description: '',
  objective: 99.9,
  periodMs: 30 * day,
  indicator: { kind: 'events', of: 'bad', query: 'errors_total', total: 'requests_total' },
  alerts: [hour],
  minEvents: 0,
});

function slo(service: string, name: string, part: Partial<SloView>): SloView {
  const rate = part.burnRates?.[0]?.rate;
  return {
    id: `${service}-${name}`,
    service,
    name,
    title: '',
    description: '',
    file: `slos/${service}.yml`,
    line: 3,
    objective: 99.9,
    periodMs: 30 * day,
    indicator: 'events',
    alerts,
    minEvents: 0,
    errorRatio: 0.0004,
    remaining: 0.6,
    burnRates: [hour, 6 * hour, 72 * hour].map((windowMs) => ({ windowMs, rate: rate ?? 0.4 })),
    eventsLastHour: 41_212,
    forecast: 'at this pace the budget lasts',
    goneInMs: undefined,
    firingCount: 0,
    problem: '',
    budgetExpr: `budget_${service}`,
    burnExpr: `burn_${service}`,
    draft: part.byText === undefined ? draftFor(service, name, part.title ?? '') : undefined,
    byText: '',
    ...part,
  };
}

export const slos: readonly SloView[] = [
  slo('mail', 'delivery', {
    remaining: -0.12,
    errorRatio: 0.00112,
    forecast: 'the budget is gone',
    goneInMs: 0,
    title: 'Mails arrive',
    byText: 'its file is one of Sloth, not openslo/v1',
  }),
  slo('checkout', 'availability', {
    title: 'Orders can be placed',
    description: 'A request counts as bad when it is answered with 5xx.',
    remaining: 0.31,
    burnRates: [
      { windowMs: hour, rate: 18.2 },
      { windowMs: 6 * hour, rate: 7.1 },
      { windowMs: 72 * hour, rate: 0.9 },
    ],
    forecast: 'at this pace the budget is gone in 12 h 16 min',
    goneInMs: 12.3 * hour,
    firingCount: 1,
  }),
  slo('catalogue', 'latency', { objective: 99, indicator: 'latency', remaining: 0.94 }),
  slo('admin', 'availability', {
    remaining: undefined,
    errorRatio: undefined,
    burnRates: [],
    eventsLastHour: undefined,
    forecast: 'no events yet',
    minEvents: 100,
  }),
];

const slothFile = 'version: "prometheus/v1"\nservice: mail # ours\nslos:\n  - name: delivery\n    objective: 99.9\n';

export const sloAnswers: Pick<Handlers<SignalboxContract>, Exclude<Extract<keyof SignalboxContract, `slos.${string}`>, 'slos.list'>> = {
  'slos.draft': ({ service, name }) => ({
    problem: '',
    text: `apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: ${name}\n`,
    fileName: `${service}-${name}.yml`,
    errorRatio: 0.0002,
    remaining: 0.8,
    eventsLastHour: 9_120,
  }),
  'slos.save': ({ draft }) => ({ path: `/home/ada/.signalbox/slos/${draft.service}-${draft.name}.yml` }),
  'slos.remove': () => null,
  'slos.file': () => ({ text: slothFile, editable: true }),
  'slos.check': ({ file, text }) => ({
    problems: text.includes('objective: x') ? [{ line: 5, sentence: `${file}:5: x is no number` }] : [],
    effects: text === slothFile ? [] : [{ id: 'mail-delivery', change: 'changed', remainingNow: -0.12, remaining: 0.44, problem: '' }],
  }),
  'slos.saveFile': () => null,
};
