/** What comes in to the scripted engine: an account with every fate, groups that never went away, sampling, rules that relabel. */
import { EngineError, labelsFromRecord } from '#core/model/index.ts';
import type { DiscoveredTargets, Handlers, RelabelStepView, SignalboxContract, SourcesView } from '#core/contract/index.ts';

const day = 86_400_000;
const counts = (of: Readonly<Record<string, number>>): SourcesView['sources'][number]['rejected'] =>
  Object.entries(of).map(([reason, count]) => ({ reason, count }));

export class ScriptedSources {
  view: SourcesView;

  constructor(isEmpty: boolean, nowMs: number) {
    this.view = isEmpty ? { ...emptyView } : busyView(nowMs);
  }

  answers(
    changed: () => void,
  ): Pick<Handlers<SignalboxContract>, 'sources.sampling' | 'sources.deletePushed' | 'targets.discovered' | 'targets.relabelSteps'> {
    return {
      'sources.sampling': ({ traceId }) => this.view.sampling?.decisions.find((one) => one.traceId === traceId) ?? null,
      'sources.deletePushed': ({ labels }) => {
        this.view = { ...this.view, pushed: this.view.pushed.filter((group) => JSON.stringify(group.labels) !== JSON.stringify(labels)) };
        changed();
        return null;
      },
      'targets.discovered': ({ job }) => {
        if (job === 'gone') throw new EngineError('not-found', 'no scrape config has the job_name "gone"');
        return discovered;
      },
      'targets.relabelSteps': ({ stage, labels }) => (stage === 'target' ? stepsFor(labels) : []),
    };
  }
}

const emptyView: SourcesView = {
  sources: [],
  jobs: [],
  pushed: [],
  problems: [],
  sampling: undefined,
  overload: { level: 0, name: 'none', reasons: [], shedding: [], shed: [] },
};

function busyView(nowMs: number): SourcesView {
  const trace = (n: number): string => n.toString(16).padStart(32, 'a');
  return {
    sources: [
      { source: 'scrape:node', received: 1_204_331, stored: 1_204_331, rejected: [], shed: [] },
      { source: 'scrape:catalogue', received: 88_412, stored: 71_004, rejected: counts({ new_series_limit: 17_219, bad_line: 189 }), shed: [] },
      { source: 'remote_write', received: 40_000, stored: 39_990, rejected: counts({ future: 10 }), shed: [] },
      { source: 'otlp', received: 5_120, stored: 5_100, rejected: [], shed: counts({ overload: 20 }) },
      { source: 'otlp_traces', received: 9_000, stored: 2_100, rejected: counts({ not_sampled: 6_900 }), shed: [] },
      { source: 'span_metrics', received: 400, stored: 400, rejected: [], shed: [] },
    ],
    jobs: ['node', 'checkout', 'catalogue', 'postgres', 'nobody'],
    pushed: [
      { labels: labelsFromRecord({ job: 'backup', instance: 'db-1' }), pushedMs: nowMs - 40 * 60_000, failedMs: 0, seriesCount: 6 },
      {
        labels: labelsFromRecord({ job: 'migration', release: '2024-11-03' }),
        pushedMs: nowMs - 19 * day,
        failedMs: nowMs - 18 * day,
        seriesCount: 2,
      },
    ],
    problems: ['job "checkout": file_sd targets/*.yml: targets/checkout.yml cannot be read: ENOENT'],
    sampling: {
      policies: ['errors', 'slow', 'one in ten'],
      waitingTraces: 41,
      waitingSpans: 312,
      keptTraces: 210,
      droppedTraces: 690,
      earlyTraces: 0,
      byPolicy: [
        { policy: 'errors', kept: 12, dropped: 0 },
        { policy: 'slow', kept: 118, dropped: 0 },
        { policy: '', kept: 0, dropped: 690 },
        { policy: 'one in ten', kept: 80, dropped: 0 },
      ],
      decisions: [
        { traceId: trace(1), atMs: nowMs - 2_000, kept: true, policy: 'errors', part: '', cause: '', spanCount: 14 },
        { traceId: trace(2), atMs: nowMs - 2_000, kept: false, policy: '', part: '', cause: '', spanCount: 3 },
        { traceId: trace(3), atMs: nowMs - 3_000, kept: true, policy: 'slow', part: '', cause: '', spanCount: 22 },
      ],
    },
    overload: { ...emptyView.overload, shed: [{ level: 4, reason: 'push', source: '/v1/traces', count: 212 }] },
  };
}

const found = (address: string, env: string): readonly string[] =>
  labelsFromRecord({
    __address__: address,
    __meta_filepath: '/etc/targets.yml',
    __metrics_path__: '/metrics',
    __scheme__: 'http',
    env,
    job: 'checkout',
  });
const discovered: DiscoveredTargets = {
  targets: [
    { labels: found('10.0.1.4:8080', 'prod'), state: 'kept', url: 'http://10.0.1.4:8080/metrics', problem: '' },
    { labels: found('10.0.9.9:8080', 'staging'), state: 'dropped', url: '', problem: '' },
    { labels: found('', 'prod'), state: 'unusable', url: '', problem: 'relabelling left no __address__' },
  ],
  leftOut: 12,
};

function stepsFor(labels: readonly string[]): readonly RelabelStepView[] {
  const env = labels[labels.indexOf('env') + 1] ?? '';
  const kept = { line: 14, rule: 'action: keep, source_labels: [env], regex: prod|canary', before: labels };
  if (env === 'staging') return [{ ...kept, after: undefined }];
  const named = [...labels, 'region', 'eu-west-1'];
  return [
    { ...kept, after: labels },
    { line: 17, rule: 'action: replace, target_label: region, replacement: "eu-west-1"', before: labels, after: named },
    {
      line: 20,
      rule: 'action: labeldrop, regex: env',
      before: named,
      after: named.filter((_, i) => i !== named.indexOf('env') && i !== named.indexOf('env') + 1),
    },
  ];
}
