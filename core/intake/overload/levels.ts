/** What overload is measured by. Shares are of their limits, 0 to 1 and beyond. */
export interface Strain {
  /** Resident memory, of the configured cap. */
  readonly memoryShare: number;
  /** How late timers were over the last 25 s, but for the seven latest, ms. */
  readonly lagMs: number;
  /** Bytes of pushes that are under way, of what the host holds at most. */
  readonly queueShare: number;
  /** The median of what commits of pushes to stable storage took over the last 10 s, ms; 0 when there were few. */
  readonly commitMs: number;
  /** How short the disk is: what must stay free (2 %, and 500 MB) over what is. */
  readonly diskShare: number;
  /** What the slowest group of rules took for its last evaluation, of its interval: from 1 on evaluations come late. */
  readonly ruleShare: number;
  /** Series in the store, of as many as it takes. */
  readonly seriesShare: number;
}

export type OverloadLevel = 0 | 1 | 2 | 3 | 4 | 5;

interface Trigger {
  readonly level: OverloadLevel;
  readonly signal: keyof Strain;
  readonly from: number;
}

/** Levels and their triggers (reliability, section 3); any one is enough. */
const triggers: readonly Trigger[] = [
  { level: 1, signal: 'memoryShare', from: 0.7 },
  { level: 1, signal: 'lagMs', from: 100 },
  { level: 2, signal: 'memoryShare', from: 0.8 },
  { level: 2, signal: 'queueShare', from: 0.5 },
  { level: 2, signal: 'ruleShare', from: 1 },
  { level: 3, signal: 'memoryShare', from: 0.85 },
  { level: 3, signal: 'seriesShare', from: 1 },
  { level: 4, signal: 'memoryShare', from: 0.9 },
  { level: 4, signal: 'queueShare', from: 0.8 },
  { level: 4, signal: 'commitMs', from: 1000 },
  { level: 5, signal: 'memoryShare', from: 0.95 },
  { level: 5, signal: 'diskShare', from: 1 },
];

export const levelNames = ['none', 'strain', 'reads', 'newcomers', 'ingest', 'survival'] as const;

const pushesShed = 'pushes are told to come again';
const sheds: readonly string[] = [
  'exemplars are not kept, and live tails show lines twice a second',
  'one query runs at a time, of 5 million samples at most, and screens ask again once a minute at most',
  'new series are refused; of traces only errors, slow ones and one in ten are kept, of debug and info lines one in ten',
  `${pushesShed}, and targets that no rule uses are read every second time`,
  'targets that no rule uses are not read; only rules, notifications, silences, incidents and the series that rules read go on',
];

/** What is shed at a level, as a person is told: a sentence for it and each below it. */
export function sheddingAt(level: OverloadLevel): readonly string[] {
  return sheds.slice(0, level).map((what, i) => (i === 3 && level === 5 ? pushesShed : what));
}

/** The highest level that a strain reaches when each trigger is taken at `share` of its threshold, and what reaches it. */
export function reached(strain: Strain, share: number): { readonly level: OverloadLevel; readonly by: readonly (keyof Strain)[] } {
  let level: OverloadLevel = 0;
  for (const trigger of triggers) if (trigger.level > level && strain[trigger.signal] >= trigger.from * share) level = trigger.level;
  const by = triggers.filter((trigger) => trigger.level === level && strain[trigger.signal] >= trigger.from * share).map(({ signal }) => signal);
  return { level, by };
}

/** Signals by the names that own metrics give them. */
export const signalNames: Readonly<Record<keyof Strain, string>> = {
  memoryShare: 'memory',
  lagMs: 'event_loop',
  queueShare: 'queue',
  commitMs: 'fsync',
  diskShare: 'disk',
  ruleShare: 'rules',
  seriesShare: 'series',
};

/** A sentence a signal. */
export function sentenceOf(strain: Strain, signal: keyof Strain): string {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  switch (signal) {
    case 'memoryShare':
      return `memory is at ${percent(strain.memoryShare)} of its limit`;
    case 'lagMs':
      return `answers come ${Math.round(strain.lagMs)} ms late`;
    case 'queueShare':
      return `pushes that wait fill ${percent(strain.queueShare)} of their room`;
    case 'commitMs':
      return `pushes take ${(strain.commitMs / 1000).toFixed(1)} s to become durable`;
    case 'diskShare':
      return 'the disk is nearly full';
    case 'ruleShare':
      return `a group of rules takes ${percent(strain.ruleShare)} of its interval`;
    case 'seriesShare':
      return `the store holds ${percent(strain.seriesShare)} of the series that it takes`;
  }
}
