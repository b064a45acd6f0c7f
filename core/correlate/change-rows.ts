import { compareText, type Change } from '#core/model/index.ts';
import type { AttributeShift } from './attribute-shifts.ts';
import type { Samples } from './event-chart.ts';
import type { LogShift } from './log-shifts.ts';
import type { SeriesShift } from './series-shift.ts';
import type { CallShift, SpanShift } from './span-shifts.ts';
import type { VersionChange } from './versions.ts';

/** A change, and what its chart is made of. */
export interface ChangeDraft extends Omit<Change, 'chart'> {
  readonly of: { readonly samples: Samples } | { readonly pattern: string } | { readonly attribute: readonly [key: string, value: string] };
}

/** A deploy explains much and is rare: it stands among the strongest. */
const deployScore = Math.log1p(100);
const deployFormula = 'fixed: deploys and restarts are few and explain much';
const rootFormula = 'log(1 + root of the likelihood ratio G of the counts before and during)';

const figure = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${figure(share * 100)} %`;

/** The strangest first; of equal ones by kind, subject and service, so that the order is always the same. */
export function changeOrder(a: ChangeDraft, b: ChangeDraft): number {
  return b.score - a.score || compareText(a.kind, b.kind) || compareText(a.subject, b.subject) || compareText(a.service, b.service);
}

export function metricChange({ series, z, before, during, pointsBefore, pointsDuring }: SeriesShift): ChangeDraft {
  return {
    kind: 'metric',
    service: series.service,
    subject: series.name,
    score: Math.log1p(z),
    formula: 'log(1 + z), z = (mean of the most unusual quarter of the window - median before) / robust standard deviation before',
    text: `${during > before ? 'rose' : 'fell'} from ${figure(before)} to ${figure(during)}, z ${figure(z)}`,
    before,
    during,
    pointsBefore,
    pointsDuring,
    of: { samples: series },
  };
}

interface Counted {
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
}

const countsOf = ({ before, during, countBefore, countDuring }: Counted): Pick<Change, 'before' | 'during' | 'pointsBefore' | 'pointsDuring'> => ({
  before,
  during,
  pointsBefore: countBefore,
  pointsDuring: countDuring,
});

export function logChange(shift: LogShift): ChangeDraft {
  const { service, pattern, isError, surprise, before, during, countBefore, countDuring } = shift;
  const what = isError ? 'a line of a failure' : 'a line';
  const text = countBefore === 0 ? `${what} that is new, ${countDuring} times` : `${what}, from ${figure(before)} to ${figure(during)} a minute`;
  const score = Math.log1p(surprise);
  return { kind: 'log', service, subject: pattern, score, formula: rootFormula, text, ...countsOf(shift), of: { pattern } };
}

export function spanChange(shift: SpanShift): ChangeDraft {
  const { service, operation, kind, surprise, before, during, samples } = shift;
  const isErrors = kind === 'errors';
  return {
    kind,
    service,
    subject: operation,
    score: Math.log1p(surprise),
    formula: isErrors ? rootFormula : 'log(1 + rise of the logarithm of own time / its robust standard deviation before)',
    text: isErrors
      ? `errors begin in ${percent(during)} of its spans, before in ${percent(before)}`
      : `own time rose from ${figure(before)} to ${figure(during)} ms`,
    ...countsOf(shift),
    of: { samples },
  };
}

export function callChange(shift: CallShift): ChangeDraft {
  const { caller, callee, surprise, before, during, samples } = shift;
  return {
    kind: 'edge',
    service: callee,
    subject: `${caller} calls ${callee}`,
    score: Math.log1p(surprise),
    formula: 'log(1 + rise of the logarithm of duration / its robust standard deviation before)',
    text: `calls take ${figure(during)} ms, before ${figure(before)} ms`,
    ...countsOf(shift),
    of: { samples },
  };
}

/** Attributes that name a version of what runs (OpenTelemetry's resource conventions, and images). */
const versionKey = /(?:^|[._])(?:version|image[._]tags?|revision|commit|git[._]sha)$/;

export function attributeChange(shift: AttributeShift): ChangeDraft {
  const { service, key, value, surprise, before, during } = shift;
  const isDeploy = shift.countBefore === 0 && versionKey.test(key) && !/^(?:telemetry|process|http|network|rpc|tls|os)\b/.test(key);
  return {
    kind: isDeploy ? 'deploy' : 'attribute',
    service,
    subject: `${key}=${value}`,
    score: isDeploy ? deployScore : Math.log1p(surprise),
    formula: isDeploy ? deployFormula : rootFormula,
    text: `${isDeploy ? 'a version that was not there before, ' : ''}on ${percent(during)} of the spans, before on ${percent(before)}`,
    ...countsOf(shift),
    of: { attribute: [key, value] },
  };
}

export function deployChange({ service, subject, text, series }: VersionChange): ChangeDraft {
  const counts = { before: 0, during: 1, pointsBefore: 0, pointsDuring: 1 };
  return { kind: 'deploy', service, subject, score: deployScore, formula: deployFormula, text, ...counts, of: { samples: series } };
}
