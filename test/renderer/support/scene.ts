/** A plausible morning at a small web shop, as plain data: what the scripted engine answers with. */
import { alertId, labelsFromRecord, type Incident, type IncidentEvent, type Runbook, type RunbookRun, type Target } from '#core/model/index.ts';
import type { AlertView, Overview, RulesView, Settings } from '#core/contract/index.ts';

const minute = 60_000;

interface AlertSketch {
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly state?: AlertView['state'];
  readonly value: number;
  readonly sinceMin: number;
  readonly expr: string;
  readonly runbook?: string;
}

const errorRatio = 'sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05';
const latency = 'histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 0.5';

const sketches: readonly AlertSketch[] = [
  {
    labels: { alertname: 'ErrorRatioHigh', job: 'checkout', severity: 'page', team: 'payments' },
    summary: 'checkout answers 23 % of its requests with errors',
    value: 0.2312,
    sinceMin: 14,
    expr: errorRatio,
    runbook: 'http-errors',
  },
  {
    labels: { alertname: 'LatencyHigh', job: 'checkout', severity: 'page', team: 'payments' },
    summary: 'the 95th percentile of checkout is 1.8 s',
    value: 1.83,
    sinceMin: 11,
    expr: latency,
    runbook: 'high-latency',
  },
  {
    labels: { alertname: 'LatencyHigh', job: 'catalogue', severity: 'warning', team: 'shop' },
    summary: 'the 95th percentile of catalogue is 640 ms',
    value: 0.64,
    sinceMin: 9,
    expr: latency,
    runbook: 'high-latency',
  },
  {
    labels: {
      alertname: 'DiskFillsUp',
      device: '/dev/nvme0n1p2',
      instance: 'db-1:9100',
      job: 'node',
      mountpoint: '/var/lib/postgresql',
      severity: 'ticket',
    },
    summary: 'the disk of /var/lib/postgresql on db-1 is full in 31 h at this pace',
    value: 111_842,
    sinceMin: 190,
    expr: 'predict_linear(node_filesystem_avail_bytes[6h], 2*86400) < 0',
  },
  {
    labels: { alertname: 'QueueGrows', job: 'worker', queue: 'mail', severity: 'warning' },
    summary: 'the mail queue grows by 41 a minute',
    state: 'pending',
    value: 41.2,
    sinceMin: 2,
    expr: 'deriv(queue_length[10m]) * 60 > 30',
  },
  {
    labels: { alertname: 'TargetDown', instance: '10.0.3.17:9187', job: 'postgres', severity: 'warning' },
    summary: 'postgres on 10.0.3.17:9187 cannot be read',
    value: 0,
    sinceMin: 6,
    expr: 'up == 0',
  },
];

export function alertsOf(nowMs: number): AlertView[] {
  return sketches.map((sketch) => {
    const labels = labelsFromRecord(sketch.labels);
    const activeAtMs = nowMs - sketch.sinceMin * minute;
    const state = sketch.state ?? 'firing';
    return {
      id: alertId(labels),
      labels,
      annotations: labelsFromRecord({ summary: sketch.summary, description: 'Look at the newest release first; it went out 20 minutes before.' }),
      state,
      value: sketch.value,
      activeAtMs,
      firedAtMs: state === 'firing' ? activeAtMs + 2 * minute : undefined,
      resolvedAtMs: undefined,
      expr: sketch.expr,
      group: 'shop',
      ruleFile: 'rules/shop.yml',
      severity: sketch.labels['severity'] ?? '',
      summary: sketch.summary,
      ack: undefined,
      incident: undefined,
      runbooks: sketch.runbook === undefined ? [] : [{ id: sketch.runbook, title: runbooks.find((one) => one.id === sketch.runbook)?.title ?? '' }],
      receivers: state === 'firing' ? [sketch.labels['severity'] === 'page' ? 'on-call' : 'team'] : [],
      silencedBy: [],
      inhibitedBy: undefined,
      mutedBy: [],
      flapping: false,
    };
  });
}

/** An alert storm: `count` alerts of a few names over many instances, some with hostile labels. */
export function stormOf(nowMs: number, count: number): AlertView[] {
  const base = alertsOf(nowMs);
  const names = ['PodCrashLooping', 'TargetDown', 'LatencyHigh', 'NodeMemoryPressure', 'CertificateExpiresSoon'];
  const hostile = ['<img src=x onerror=alert(1)>', 'abc\u202etxt.exe', '\u001b[31mred', 'a'.repeat(300)];
  return Array.from({ length: count }, (_none, i) => {
    const labels = labelsFromRecord({
      alertname: names[i % names.length]!,
      instance: i < hostile.length ? hostile[i]! : `10.0.${Math.floor(i / 250)}.${i % 250}:9100`,
      job: 'node',
      severity: i % 7 === 0 ? 'page' : 'warning',
    });
    return {
      ...base[0]!,
      id: alertId(labels),
      labels,
      severity: i % 7 === 0 ? 'page' : 'warning',
      summary: i % 3 === 0 ? '' : `instance ${i} needs a look`,
      activeAtMs: nowMs - i * 1_000,
    };
  });
}

export const runbooks: readonly Runbook[] = [
  {
    id: 'high-latency',
    title: 'Requests are slow',
    alerts: ['LatencyHigh'],
    params: [{ name: 'job', default: 'checkout' }],
    intro:
      'Users wait. Find out **where** the time goes before you change anything.\n\n- Do not restart the database first.\n- Tell the channel what you see every 15 minutes.',
    steps: [
      {
        id: 'is-it-still-slow',
        title: 'Is it still slow?',
        text: 'Look at the 95th percentile of the last five minutes.',
        check: {
          what: '95th percentile of $job',
          query: 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{job="$job"}[5m])))',
          expect: { op: '<', value: 0.5 },
          of: 'all',
          empty: 'unknown',
          unit: 's',
        },
        onPass: 'write-it-down',
        onFail: undefined,
      },
      {
        id: 'cache',
        title: 'Does the cache still hit?',
        text: 'A cold cache after a release sends every read to the database.',
        check: {
          what: 'cache hit rate',
          query: 'sum(rate(cache_hits_total{job="$job"}[5m])) / sum(rate(cache_requests_total{job="$job"}[5m]))',
          expect: { op: '>', value: 0.9 },
          of: 'all',
          empty: 'unknown',
          unit: '',
        },
        onPass: 'pool',
        onFail: 'warm-cache',
      },
      {
        id: 'warm-cache',
        title: 'Warm the cache',
        text: 'Run the warm-up job:\n\n```sh\nkubectl create job warm --from=cronjob/cache-warmer\n```\n\nIt takes about three minutes.',
        check: undefined,
        onPass: undefined,
        onFail: undefined,
      },
      {
        id: 'pool',
        title: 'Is the connection pool exhausted?',
        text: 'Look for requests that wait for a connection.',
        check: undefined,
        onPass: undefined,
        onFail: undefined,
      },
      {
        id: 'write-it-down',
        title: 'Write down what helped',
        text: 'One sentence for the next one who is woken.',
        check: undefined,
        onPass: undefined,
        onFail: undefined,
      },
    ],
    problems: [],
  },
  {
    id: 'http-errors',
    title: 'A service answers with errors',
    alerts: ['ErrorRatioHigh'],
    params: [{ name: 'job', default: 'checkout' }],
    intro: 'Errors are visible to users at once.',
    steps: [
      {
        id: 'release',
        title: 'Was there a release?',
        text: 'Roll back first, understand later.',
        check: undefined,
        onPass: undefined,
        onFail: undefined,
      },
    ],
    problems: ['line 12: the step "rollback" is named in a branch but is not there'],
  },
];

export function targetsOf(nowMs: number): Target[] {
  const target = (job: string, instance: string, part: Partial<Target> = {}): Target => ({
    job,
    url: `http://${instance}/metrics`,
    labels: labelsFromRecord({ instance, job }),
    health: 'up',
    lastError: '',
    lastScrapeMs: nowMs - 4_000,
    lastDurationMs: 18,
    lastBytes: 84_312,
    lastSamples: 1_204,
    lastBadLines: 0,
    lastBadLine: '',
    intervalMs: 15_000,
    timeoutMs: 10_000,
    ...part,
  });
  return [
    target('signalbox', '127.0.0.1:9797', { lastSamples: 212, lastBytes: 16_221, lastDurationMs: 3 }),
    target('node', 'db-1:9100'),
    target('node', 'web-1:9100', { lastDurationMs: 22 }),
    target('checkout', '10.0.1.4:8080', { lastSamples: 418, lastDurationMs: 41 }),
    target('catalogue', '10.0.1.9:8080', { lastSamples: 377, lastBadLines: 3, lastBadLine: 'line 41: the value "12,5" is no number' }),
    target('postgres', '10.0.3.17:9187', { health: 'down', lastError: 'connect ECONNREFUSED 10.0.3.17:9187', lastSamples: 0, lastBytes: 0 }),
  ];
}

export function rulesOf(nowMs: number): RulesView {
  const rule = (name: string, expr: string, forMs: number, firing: number, pending: number): RulesView['groups'][number]['rules'][number] => ({
    name,
    kind: 'alerting',
    line: 4,
    expr,
    forMs,
    keepFiringForMs: 0,
    lastWarning: '',
    seriesCount: firing + pending,
    askedBecause: '',
    labels: labelsFromRecord({ severity: 'page' }),
    annotations: labelsFromRecord({ summary: '{{ $labels.job }} needs a look' }),
    health: 'ok',
    lastError: '',
    lastEvaluationMs: nowMs - 7_000,
    elapsedMs: 1.4,
    pendingCount: pending,
    firingCount: firing,
    firedToday: firing * 6,
    flappingCount: firing > 1 ? 1 : 0,
  });
  return {
    groups: [
      {
        name: 'shop',
        file: 'rules/shop.yml',
        line: 2,
        hasFile: true,
        missedCount: 0,
        intervalMs: 15_000,
        rules: [
          rule('ErrorRatioHigh', errorRatio, 120_000, 1, 0),
          rule('LatencyHigh', latency, 120_000, 2, 0),
          { ...rule('QueueGrows', 'deriv(queue_length[10m]) * 60 > 30', 300_000, 0, 1) },
          { ...rule('job:http_requests:rate5m', 'sum by (job) (rate(http_requests_total[5m]))', 0, 0, 0), kind: 'recording' },
          {
            ...rule('Broken', 'sum(rate(x[5m])) / on(job) y', 60_000, 0, 0),
            health: 'err',
            lastError: 'many-to-one matching must be explicit (group_left/group_right)',
          },
        ],
      },
    ],
    problems: ['rules/new.yml: line 7: "exprs" is no field of a rule; did you mean "expr"? The last good version is in force.'],
  };
}

export const settings: Settings = {
  file: '/home/ada/.signalbox/signalbox.yml',
  problems: [],
  usersAffected: 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))',
  scrapeJobs: [
    { job: 'signalbox', targetCount: 1, intervalMs: 15_000 },
    { job: 'node', targetCount: 2, intervalMs: 15_000 },
    { job: 'checkout', targetCount: 1, intervalMs: 15_000 },
    { job: 'catalogue', targetCount: 1, intervalMs: 15_000 },
    { job: 'postgres', targetCount: 1, intervalMs: 15_000 },
  ],
  ruleFiles: ['rules/shop.yml', 'rules/new.yml'],
};

export function overviewOf(nowMs: number, alerts: readonly AlertView[], incidents: readonly Incident[], targets: readonly Target[]): Overview {
  const firing = alerts.filter((alert) => alert.state === 'firing');
  const down = targets.filter((target) => target.health === 'down');
  return {
    nowMs,
    usersAffected: firing.some((alert) => alert.severity === 'page') ? 0.23 : 0,
    usersWhy: firing.length > 0 ? '23 % of requests fail' : 'no request fails',
    firing: firing.length,
    pending: alerts.filter((alert) => alert.state === 'pending').length,
    unacked: firing.filter((alert) => alert.ack === undefined).length,
    incidentsOpen: incidents.filter((incident) => incident.status !== 'resolved').length,
    targetsUp: targets.length - down.length,
    targetsDown: down.length,
    down: down.map((target) => target.url).slice(0, 5),
  };
}

/** An incident of yesterday, so that lists are not empty. */
export function pastIncident(nowMs: number): { incident: Incident; events: IncidentEvent[] } {
  const startedMs = nowMs - 26 * 60 * minute;
  const at = (min: number): number => startedMs + min * minute;
  const facts: readonly [number, string, IncidentEvent['what']][] = [
    [6, 'Ada Okafor', { kind: 'declared', title: 'Payments are refused', sev: 2, why: '18 % of requests fail', startedMs }],
    [6, 'Ada Okafor', { kind: 'role', role: 'Incident commander', who: 'Ada Okafor' }],
    [9, 'Ada Okafor', { kind: 'note', text: 'The certificate of the payment provider expired at 00:00 UTC.' }],
    [31, 'Ada Okafor', { kind: 'mitigated', how: 'switched to the second provider' }],
    [48, 'Ada Okafor', { kind: 'resolved', how: 'new certificate in place' }],
  ];
  return {
    incident: {
      id: 1,
      title: 'Payments are refused',
      sev: 2,
      status: 'resolved',
      startedMs,
      declaredMs: at(6),
      ackedMs: at(4),
      mitigatedMs: at(31),
      resolvedMs: at(48),
      roles: [{ role: 'Incident commander', who: 'Ada Okafor' }],
      alerts: [],
      runs: [],
      nextUpdateMs: undefined,
      actions: [],
    },
    events: facts.map(([min, by, what], i) => ({ incident: 1, seq: i + 1, atMs: at(min), loggedMs: at(min), by, what })),
  };
}

export function runOf(id: string, runbook: Runbook, incident: number | undefined, nowMs: number): RunbookRun {
  return {
    id,
    incident,
    runbook,
    params: runbook.params.map(({ name, default: value }) => ({ name, value })),
    startedMs: nowMs,
    finishedMs: undefined,
    current: runbook.steps[0]?.id,
    steps: runbook.steps.map((step) => ({ id: step.id, state: 'todo', atMs: undefined, by: '', note: '', evidence: undefined })),
  };
}
