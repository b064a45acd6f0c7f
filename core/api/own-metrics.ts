import type { LedgerRow, Overload, SamplingStatus } from '#core/intake/index.ts';
import type { TsdbStats } from '#core/tsdb/index.ts';

/** What Signalbox says of itself. Counters count since the process began. */
export interface OwnFigures {
  readonly store: TsdbStats;
  /** Where everything that came in went, by source. */
  readonly ledger: readonly LedgerRow[];
  readonly overload: Pick<Overload, 'level' | 'shed' | 'status'>;
  /** Bytes kept for alerts and incidents until the disk is full. */
  readonly reserveBytes: number;
  /** Undefined where every span is kept. */
  readonly sampling: SamplingStatus | undefined;
  readonly startedMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  /** How long the last timer of one second was late: what a click would have waited. */
  readonly lagSeconds: number;
  readonly queries: { readonly answered: number; readonly failed: number; readonly running: number };
  readonly alerts: { readonly pending: number; readonly firing: number };
  readonly targets: { readonly up: number; readonly down: number };
}

type Sample = readonly [labels: string, value: number];

/** The figures as Prometheus text 0.0.4, served at /metrics and scraped by Signalbox itself. */
export function ownMetrics(figures: OwnFigures): string {
  const { store } = figures;
  return [
    family('process_start_time_seconds', 'gauge', 'When the engine process began.', [['', figures.startedMs / 1000]]),
    family('process_resident_memory_bytes', 'gauge', 'Memory of the engine process.', [['', figures.rssBytes]]),
    family('process_cpu_seconds_total', 'counter', 'User and system time of the engine process.', [['', figures.cpuSeconds]]),
    family('signalbox_event_loop_lag_seconds', 'gauge', 'Lateness of the last one-second timer.', [['', figures.lagSeconds]]),
    family('signalbox_samples_stored_total', 'counter', 'Samples stored.', [['', store.appended]]),
    family(
      'signalbox_samples_rejected_total',
      'counter',
      'Samples not stored, by reason.',
      [...store.rejected].map(([reason, count]) => [`{reason="${reason}"}`, count]),
    ),
    family(
      'signalbox_intake_total',
      'counter',
      'What came in, by source, fate and reason; received is the sum of the fates.',
      figures.ledger.flatMap(ledgerSamples),
    ),
    family('signalbox_overload_level', 'gauge', 'How overloaded the engine is: 0 not at all, 5 only the most needed is done.', [
      ['', figures.overload.level],
    ]),
    family('signalbox_disk_reserve_bytes', 'gauge', 'Kept for alerts and incidents; 0 once the disk was full and they are given back.', [
      ['', figures.reserveBytes],
    ]),
    family(
      'signalbox_overload_cause',
      'gauge',
      'What holds the level of overload up.',
      figures.overload.status.causes.map((signal) => [`{signal="${signal}"}`, 1]),
    ),
    family(
      'signalbox_shed_total',
      'counter',
      'What was not taken under overload: pushes, scrapes, samples of new series, spans, lines, exemplars.',
      figures.overload.shed.map(({ level, reason, source, count }) => [
        `{level="${level}",reason="${reason}",source=${JSON.stringify(source)}}`,
        count,
      ]),
    ),
    ...samplingFamilies(figures.sampling),
    family('signalbox_head_series', 'gauge', 'Series in memory.', [['', store.series]]),
    family('signalbox_head_samples', 'gauge', 'Samples not yet sealed.', [['', store.headSamples]]),
    family('signalbox_sealed_samples', 'gauge', 'Samples in sealed frames.', [['', store.sealedSamples]]),
    family('signalbox_storage_bytes', 'gauge', 'Bytes on disk, by part.', [
      ['{part="database"}', store.diskBytes],
      ['{part="wal"}', store.walBytes],
    ]),
    family('signalbox_queries_total', 'counter', 'Queries of screens and tools, by result.', [
      ['{result="answered"}', figures.queries.answered],
      ['{result="failed"}', figures.queries.failed],
    ]),
    family('signalbox_queries_running', 'gauge', 'Queries under way.', [['', figures.queries.running]]),
    family('signalbox_alerts', 'gauge', 'Alerts, by state.', [
      ['{state="pending"}', figures.alerts.pending],
      ['{state="firing"}', figures.alerts.firing],
    ]),
    family('signalbox_targets', 'gauge', 'Scrape targets, by health.', [
      ['{health="up"}', figures.targets.up],
      ['{health="down"}', figures.targets.down],
    ]),
  ].join('');
}

function samplingFamilies(sampling: SamplingStatus | undefined): string[] {
  if (sampling === undefined) return [];
  const decided = [...sampling.byPolicy].flatMap(([policy, { kept, dropped }]): Sample[] => [
    [`{policy=${JSON.stringify(policy)},decision="kept"}`, kept],
    [`{policy=${JSON.stringify(policy)},decision="dropped"}`, dropped],
  ]);
  return [
    family('signalbox_sampling_traces_total', 'counter', 'Traces that tail sampling decided, by the policy that did.', decided),
    family('signalbox_sampling_early_total', 'counter', 'Traces decided before their time, for want of room.', [['', sampling.earlyTraces]]),
    family('signalbox_sampling_waiting_spans', 'gauge', 'Spans that wait for their trace to be decided.', [['', sampling.waitingSpans]]),
  ];
}

function ledgerSamples({ source, received, stored, rejected, shed }: LedgerRow): Sample[] {
  const sample = (fate: string, reason: string, count: number): Sample => [
    `{source=${JSON.stringify(source)},fate="${fate}",reason="${reason}"}`,
    count,
  ];
  return [
    sample('received', '', received),
    sample('stored', '', stored),
    ...[...rejected].map(([reason, count]) => sample('rejected', reason, count)),
    ...[...shed].map(([reason, count]) => sample('shed', reason, count)),
  ];
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(([labels, value]) => `${name}${labels} ${value}\n`).join('')}`;
}
