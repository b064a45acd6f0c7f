/** What the scripted engine says of rule files, routes, the lab and noise. */
import { EngineError } from '#core/model/index.ts';
import type { FindingView, Handlers, LabRun, RouteView, SignalboxContract } from '#core/contract/index.ts';

const minute = 60_000;
const file = 'rules/shop.yml';
const ruleText = `groups:
  - name: shop
    rules:
      - alert: ErrorRatioHigh # pages
        expr: requests_failed_total > 5
        for: 2m
        labels: {severity: page}
`;

const finding: FindingView = {
  pitfall: 'raw-counter',
  file,
  line: 4,
  group: 'shop',
  rule: 'ErrorRatioHigh',
  sentence: 'requests_failed_total is a counter: it only rises, so that a threshold on it says how long the process has been up',
  mend: 'compare its rate: rate(requests_failed_total[5m])',
};

function route(part: Partial<RouteView> & Pick<RouteView, 'id' | 'receiver'>): RouteView {
  return {
    place: 'alertmanager.yml:3',
    matchers: '{}',
    integrations: ['webhook'],
    groupBy: ['alertname'],
    groupWaitMs: 30_000,
    groupIntervalMs: 5 * minute,
    repeatIntervalMs: 240 * minute,
    muteIntervals: [],
    activeIntervals: [],
    continue: false,
    alertCount: 0,
    routes: [],
    ...part,
  };
}

const pages = route({
  id: 'r/0',
  receiver: 'on-call',
  matchers: '{severity="page"}',
  place: 'alertmanager.yml:9',
  alertCount: 2,
  integrations: ['pagerduty', 'slack'],
});
const batch = route({
  id: 'r/1',
  receiver: 'nobody',
  matchers: '{team="batch"}',
  place: 'alertmanager.yml:12',
  integrations: [],
  muteIntervals: ['nights'],
});
const root = route({ id: 'r', receiver: 'team', alertCount: 3, routes: [pages, batch] });

const run = (startMs: number, firings: number, pageCount: number): LabRun => ({
  firings: Array.from({ length: firings }, (_none, i) => ({
    name: 'ErrorRatioHigh',
    labels: ['job', 'checkout'],
    pendingMs: startMs + i * 8 * minute,
    firedMs: startMs + (i * 8 + 2) * minute,
    resolvedMs: startMs + (i * 8 + 5) * minute,
  })),
  firingCount: firings,
  pages: Array.from({ length: pageCount }, (_none, i) => ({
    atMs: startMs + (i * 8 + 3) * minute,
    receiver: 'on-call',
    reason: 'first',
    resolved: false,
    labels: ['alertname', 'ErrorRatioHigh'],
    alertCount: 1,
  })),
  pageCount,
  failures: [],
});

type Names = 'rules.file' | 'rules.check' | 'rules.save' | 'rules.routes' | 'rules.lab' | 'rules.noise' | 'routes.tree' | 'routes.test';

export const ruleAnswers: Pick<Handlers<SignalboxContract>, Names> = {
  'rules.file': () => ({ text: ruleText, editable: true }),
  'rules.check': ({ text }) => {
    if (text.includes('exprs'))
      return { problems: [{ line: 5, sentence: '"exprs" is no field of a rule; did you mean "expr"?' }], findings: [], now: [] };
    const samples = [{ labels: ['job', 'checkout'], value: 41.5 }];
    const findings = text.includes('rate(') ? [] : [finding];
    return { problems: [], findings, now: [{ name: 'ErrorRatioHigh', line: 4, kind: 'alerting', count: 1, samples, problem: '' }] };
  },
  'rules.save': ({ text }) => {
    if (text.includes('exprs')) throw new EngineError('invalid', 'rules/shop.yml:5: "exprs" is no field of a rule');
    return null;
  },
  'rules.routes': () => ({ file: 'alertmanager.yml', text: 'route: {receiver: team}\n' }),
  'rules.lab': ({ startMs }) => ({
    before: run(startMs, 6, 5),
    after: run(startMs, 2, 2),
    differences: [
      { name: '', sentence: 'pages 2 times instead of 5, first 11 min earlier' },
      { name: 'ErrorRatioHigh', sentence: 'fires 11 min earlier, 2 times instead of 6' },
    ],
  }),
  'rules.noise': ({ sinceMs }) => ({
    sinceMs,
    rules: [
      { file, group: 'shop', name: 'TargetDown', fired: 17, pages: 17, pendingOnly: 4, flapping: 1, medianFiringMs: 4 * minute, actedOn: 0 },
      { file, group: 'shop', name: 'ErrorRatioHigh', fired: 2, pages: 3, pendingOnly: 0, flapping: 0, medianFiringMs: 31 * minute, actedOn: 1 },
    ],
    findings: [finding, { ...finding, pitfall: 'no-runbook', rule: 'QueueGrows' }],
    unmatched: [{ file, line: 12, rule: 'QueueGrows', selector: 'queue_length{job="worker"}', because: 'job="worker"' }],
    unroutable: [
      { labels: ['alertname', 'DiskFillsUp', 'team', 'storage'], place: 'alertmanager.yml:3', why: 'no route but the root matches these labels' },
    ],
  }),
  'routes.tree': () => ({
    file: 'alertmanager.yml',
    root,
    forwarded: [{ url: 'http://am-1:9093/api/v2/alerts', sentCount: 214, failedCount: 0, lastError: '' }],
    forwardProblems: [],
    inhibitions: [{ place: 'alertmanager.yml:20', source: '{alertname="ClusterDown"}', target: '{severity="page"}', equal: ['cluster'] }],
  }),
  'routes.test': ({ labels }) => {
    const taken = labels.some(({ name, value }) => name === 'severity' && value === 'page') ? pages : root;
    const { routes: _routes, ...alone } = taken;
    return {
      taken: [{ path: taken === root ? ['r'] : ['r', taken.id], route: alone, groupKey: '{}/{severity="page"}:{alertname="X"}', mutedBy: [] }],
      inhibitedBy: undefined,
      silencedBy: [],
    };
  },
};
