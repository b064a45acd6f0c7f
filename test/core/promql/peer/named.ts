import type { Notes } from '#core/promql/index.ts';

/** A query and how its two answers differ. */
export interface Deviation {
  readonly query: string;
  /** Metric names go at the end of the query, on both sides. */
  readonly delayed: boolean;
  readonly what: string;
  readonly theirs: { readonly error: string | undefined; readonly notes: Notes };
  readonly ours: { readonly error: string | undefined; readonly notes: Notes };
}

type Named = readonly [name: string, holds: (deviation: Deviation) => boolean];

/**
 * Why answers may differ, the more particular reasons first. `newer:` Prometheus itself changed after the 3.5 that is asked here,
 * and its own scripts (which Signalbox passes) hold the newer behaviour.
 */
const names: readonly Named[] = [
  // What the languages of the two versions take.
  [
    'newer: arithmetic after offset needs parentheses',
    ({ query, theirs, ours }) =>
      ours.error === undefined && / in offset, expected|duration is out of range/.test(theirs.error ?? '') && /offset [^)]*[-+*/%^]/.test(query),
  ],
  [
    'newer: syntax and functions that 3.5 does not have',
    ({ query, theirs, ours }) => ours.error === undefined && theirs.error !== undefined && newSyntax.test(query),
  ],
  ['newer: a NaN for a number of elements is an error', ({ ours }) => /(?:Parameter|Ratio) value is NaN/.test(ours.error ?? '')],
  [
    'newer: many-to-one is an error even where a filter drops all',
    ({ theirs, ours }) => theirs.error === undefined && /multiple matches for labels/.test(ours.error ?? ''),
  ],
  [
    'of two errors in a query, which one is found first',
    ({ what }) =>
      what.startsWith('error text') &&
      what.split(', ours ').every((text) => /found duplicate series|multiple matches|factor\. Expected|same labelset|is NaN/.test(text)),
  ],
  // Notes alone.
  ['the place of a subquery is 1:1 in Prometheus', ({ query, what }) => /only theirs \[.*\(1:1\)"\]/.test(what) && query.includes(':')],
  ['newer: no empty metric names in notes', ({ what }) => /for metric name \\"\\" /.test(what)],
  [
    'newer: all notes of an operator, not only the last',
    ({ what }) => /only theirs \[\], only ours \["PromQL info: incompatible sample types/.test(what),
  ],
  ['newer: warns of conflicting counter resets', ({ what }) => what.includes('conflicting counter resets')],
  ['newer: sort() in range queries warns', ({ what }) => what.includes('sort is ineffective')],
  ['newer: histogram_fraction tells of NaN observations', ({ what }) => /histogram_fraction has NaN observations/.test(what)],
  [
    'newer: differences of histograms are gauges',
    ({ query, what }) => /is not a (?:counter|gauge)/.test(what) || /(?:resets|changes)\(\(?-?(?:size|latency)/.test(query),
  ],
  // Values of native histograms.
  [
    'newer: differing custom bounds are reconciled',
    ({ query, theirs, ours }) => reconciled(ours.notes) || unreconciled(theirs.notes) || /\bcustom\b/.test(query),
  ],
  [
    'newer: quantiles and fractions of histograms with NaN observations',
    ({ query }) => /histogram_(?:quantile|fraction)/.test(query) && /wild|NaN/.test(query),
  ],
  ['quantiles of histograms with negative counts', ({ query }) => /histogram_quantile.*-[ (]*(?:mixed|depth|changing|latency|size|\d)/.test(query)],
  ['newer: histogram_fraction interpolates in the first bucket', ({ query }) => /histogram_fraction.*(?:duration_seconds|size)/.test(query)],
  [
    'newer: rates of histograms stop at zero',
    ({ query, what }) => /(?:rate|increase)\(.*(?:latency|size|wild|mixed|depth|changing)/.test(query) && what.includes('doubles apart'),
  ],
  ['newer: division of a histogram by zero', ({ query, what }) => query.includes('/ 0') && /zero bucket|theirs 0 |theirs NaN/.test(what)],
  [
    'newer: compensated sums of histograms',
    ({ query, what }) => /sum|avg/.test(query) && /theirs 0 \S+ \S+ \S+/.test(what) && !what.includes('Infinity doubles'),
  ],
  [
    "empty buckets that Prometheus' chunks fill in make a zero bucket two-sided",
    ({ query, what }) => /histogram_(?:quantile|fraction).*(?:changing|wild|mixed|depth)/.test(query) && within(what, 2),
  ],
  ["empty buckets that Prometheus' chunks fill in are NaN times NaN", ({ query, what }) => /NaN|%|\/ 0/.test(query) && /theirs 0 NaN/.test(what)],
  [
    'newer: what the zero bucket swallows is not counted twice, where schemas differ too',
    ({ query, what }) =>
      whatAddsUp(what) === 'ours' ||
      (/(?:delta|increase|rate|(?:sum|avg)[^(]*)\(.*changing|changing.* [-+] | [-+] .*changing/.test(query) && /apart|series missing/.test(what)),
  ],
  // Order.
  [
    'sort_by_label: an empty label has no place of its own in Prometheus',
    ({ query, what }) => what.startsWith('order') && query.startsWith('sort_by_label'),
  ],
  [
    'newer: last_over_time of a subquery drops delayed names',
    ({ query, what }) => /last_over_time\(.*\[.*:/.test(query) && /series missing in (?:ours|theirs): __name__/.test(what),
  ],
  [
    'newer: with delayed names, operators between vectors remember that names are to go',
    ({ delayed, query, what }) => delayed && /[-+*/%^<>=]|atan2/.test(query) && /series missing in (?:ours|theirs): __name__/.test(what),
  ],
  [
    'newer: info() over series that come and go, and over labels that the series have already',
    ({ query, what }) =>
      query.includes('info(') &&
      (/_over_time.*info\(/.test(query) ||
        /series missing|points in theirs|theirs none, ours vector cannot contain|error: theirs found dup/.test(what)),
  ],
  // Values of floats.
  [
    'newer: a NaN makes mad_over_time NaN',
    ({ query, what }) => query.includes('mad_over_time') && /ours NaN|points in theirs|series missing/.test(what),
  ],
  ['which of equal elements stay', ({ query, what }) => /(?:topk|bottomk|limitk)/.test(query) && /series missing|points in theirs/.test(what)],
  [
    'Prometheus takes an aggregation over @ as fixed even if its parameter is not',
    ({ query }) => query.includes('@') && /(?:quantile|topk|bottomk|limitk)[^_]/.test(query),
  ],
  [
    'count_values of values that differ in the last bits',
    ({ query, what }) => query.includes('count_values') && /series missing|points in theirs|doubles apart/.test(what),
  ],
  [
    'Go turns NaN and infinities into some integer',
    ({ query, what }) => /\b(?:minute|hour|day_of|days_in|month|year)/.test(query) && /NaN/.test(what),
  ],
  ['the order in which series are added up', ({ query, what }) => /stdvar|stddev|sum|avg/.test(query) && near(what)],
  [
    'mathematical functions differ in the last bits',
    ({ query, what }) => mathematics.test(query) && what.includes('doubles apart') && (near(what) || steep.test(query)),
  ],
];

/** The name of a difference; undefined when it has none. */
export function nameOf(deviation: Deviation): string | undefined {
  return names.find(([, holds]) => holds(deviation))?.[0];
}

const newSyntax =
  /\b(?:anchored|smoothed|fill|fill_left|fill_right|min_of|max_of|first_over_time|histogram_quantiles|start_timestamp|step|range|start|end)\b/;
const mathematics = /histogram_quantile|histogram_std|\b(?:sin|cos|tan|atan|sinh|cosh|tanh|exp|ln|log2|log10|atan2)\b|\^/;
/** Where a last bit of what goes in is a first digit of what comes out. */
const steep = /(?:sin|cos|tan)\(|%.*\^|\^.*%|%.*(?:std|exp|sinh|cosh)|(?:stddev|stdvar).*(?:atan2|sin|cos)/;

const reconciled = ({ infos }: Notes): boolean => infos.some((text) => text.includes('mismatched custom buckets were reconciled'));
const unreconciled = ({ warnings }: Notes): boolean => warnings.some((text) => /incompatible (?:custom buckets|bucket layout)/.test(text));

function bothValues(what: string): [theirs: number, ours: number] {
  const [, theirs, ours] = /theirs (\S+) .*, ours (\S+)/.exec(what) ?? [];
  return [Number(theirs), Number(ours)];
}

/** Whose histogram has a count that is the sum of its buckets, when only one has. */
function whatAddsUp(what: string): 'theirs' | 'ours' | undefined {
  const sides = /theirs 0 (.*), ours 0 (.*)$/
    .exec(what)
    ?.slice(1)
    .map((text) => text.split(' ').map(Number));
  const [theirs, ours] = (sides ?? []).map(([count = NaN, , ...buckets]) => {
    const total = buckets.reduce((sum, value, i) => (i % 3 === 2 ? sum + value : sum), 0);
    return Math.abs(total - count) <= 1e-6 * Math.abs(count);
  });
  return theirs === ours ? undefined : ours === true ? 'ours' : 'theirs';
}

/** Whether the two values are equal to ten digits. */
function near(what: string): boolean {
  const [a, b] = bothValues(what);
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

function within(what: string, distance: number): boolean {
  const [a, b] = bothValues(what);
  return Math.abs(a) <= distance && Math.abs(b) <= distance;
}
