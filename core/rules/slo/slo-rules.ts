import { burnWindows, type BurnWindow, type SloSpec } from '#core/formats/index.ts';
import { labelsToRecord, type DurationMs, type Labels } from '#core/model/index.ts';
import { errorRatioExpr, eventCountExpr, windowText } from './error-ratio.ts';

export interface SloRulesOptions {
  /** Labels for every recorded series. */
  readonly extraLabels?: Readonly<Record<string, string>>;
  /** Said in `sloth_slo_info`. */
  readonly mode?: string;
  readonly version?: string;
}

interface RuleText {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The rules that watch objectives, as the text of a rule file: recordings of the error ratio over each window, what is derived of them,
 * and multi-window burn-rate alerts. Names and labels are Sloth's, so that its dashboards work.
 */
export function sloRuleFile(slos: readonly SloSpec[], options: SloRulesOptions = {}): string {
  const groups = slos.flatMap((slo) => {
    const id = sloId(slo);
    const alerts = alertRules(slo);
    return [
      { name: `sloth-slo-sli-recordings-${id}`, rules: recordings(slo, options) },
      { name: `sloth-slo-meta-recordings-${id}`, rules: metaRecordings(slo, options) },
      ...(alerts.length === 0 ? [] : [{ name: `sloth-slo-alerts-${id}`, rules: alerts }]),
    ];
  });
  return JSON.stringify({ groups }, undefined, 1);
}

function sloId({ service, name }: SloSpec): string {
  return `${service}-${name}`;
}

/** The share of events that may be bad. */
export function errorBudget({ objective }: SloSpec): number {
  return (100 - objective) / 100;
}

/** How much faster than it lasts the period a window's alert lets the budget burn. */
function burnFactor({ periodMs }: SloSpec, { longMs, share }: BurnWindow): number {
  return (periodMs / longMs) * share;
}

function identity(slo: SloSpec): Record<string, string> {
  return { sloth_id: sloId(slo), sloth_service: slo.service, sloth_slo: slo.name };
}

function recordLabels(slo: SloSpec, options: SloRulesOptions): Record<string, string> {
  return { ...labelsToRecord(slo.labels), ...options.extraLabels, ...identity(slo) };
}

/** The recorded error ratio over a window. */
function ratioSeries(slo: SloSpec, windowMs: DurationMs): string {
  return selector(slo, `slo:sli_error:ratio_rate${windowText(windowMs)}`);
}

function selector(slo: SloSpec, metric: string): string {
  const matchers = Object.entries(identity(slo)).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${metric}{${matchers.join(', ')}}`;
}

function recordings(slo: SloSpec, options: SloRulesOptions): RuleText[] {
  const windows = [...new Set(burnWindows.flatMap(({ longMs, shortMs }) => [longMs, shortMs]))].sort((a, b) => a - b);
  const labels = recordLabels(slo, options);
  const record = (windowMs: DurationMs, expr: string): RuleText => ({
    record: `slo:sli_error:ratio_rate${windowText(windowMs)}`,
    expr,
    labels: { ...labels, sloth_window: windowText(windowMs) },
  });
  const shortest = ratioSeries(slo, windows[0]!);
  const period = windowText(slo.periodMs);
  return [
    ...windows.map((windowMs) => record(windowMs, errorRatioExpr(slo, windowMs))),
    record(slo.periodMs, `sum_over_time(${shortest}[${period}])\n/ ignoring (sloth_window)\ncount_over_time(${shortest}[${period}])\n`),
  ];
}

function metaRecordings(slo: SloSpec, options: SloRulesOptions): RuleText[] {
  const labels = recordLabels(slo, options);
  const objective = slo.objective / 100;
  const burnRate = (windowMs: DurationMs): string =>
    `${ratioSeries(slo, windowMs)}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\n${selector(slo, 'slo:error_budget:ratio')}\n`;
  const info = {
    sloth_mode: options.mode ?? 'signalbox',
    sloth_objective: String(slo.objective),
    sloth_spec: slo.form,
    sloth_version: options.version ?? 'signalbox',
  };
  return [
    { record: 'slo:objective:ratio', expr: `vector(${objective})`, labels },
    { record: 'slo:error_budget:ratio', expr: `vector(1-${objective})`, labels },
    { record: 'slo:time_period:days', expr: `vector(${slo.periodMs / 86_400_000})`, labels },
    { record: 'slo:current_burn_rate:ratio', expr: burnRate(300_000), labels },
    { record: 'slo:period_burn_rate:ratio', expr: burnRate(slo.periodMs), labels },
    { record: 'slo:period_error_budget_remaining:ratio', expr: `1 - ${selector(slo, 'slo:period_burn_rate:ratio')}`, labels },
    { record: 'sloth_slo_info', expr: 'vector(1)', labels: { ...labels, ...info } },
  ];
}

function alertRules(slo: SloSpec): RuleText[] {
  return (['page', 'ticket'] as const).flatMap((severity) => {
    const windows = slo.alerting.windows.filter((window) => window.severity === severity);
    return windows.length === 0 ? [] : [alertRule(slo, severity, windows)];
  });
}

function alertRule(slo: SloSpec, severity: 'page' | 'ticket', windows: readonly BurnWindow[]): RuleText {
  const own = slo.alerting[severity];
  const name = '{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate';
  return {
    alert: slo.alerting.name,
    expr: windows.map((window) => burns(slo, window)).join('\nor\n'),
    labels: { ...asRecord(own.labels), sloth_severity: severity },
    annotations: { summary: `${name} is over expected.`, title: `(${severity}) ${name} is too fast.`, ...asRecord(own.annotations) },
  };
}

const asRecord = (labels: Labels): Record<string, string> => ({ ...labelsToRecord(labels) });

/** Both windows burn faster than the factor allows; and, with a guard, enough has happened for that to mean something. */
function burns(slo: SloSpec, window: BurnWindow): string {
  const limit = `(${Number(burnFactor(slo, window).toPrecision(12))} * ${errorBudget(slo)})`;
  const over = (windowMs: DurationMs): string => `max(${ratioSeries(slo, windowMs)} > ${limit}) without (sloth_window)`;
  const count = slo.alerting.minEvents > 0 ? eventCountExpr(slo, window.longMs) : undefined;
  const guard = count === undefined ? '' : `\n    unless on ()\n    (${count}) < ${slo.alerting.minEvents}`;
  return `(\n    ${over(window.shortMs)}\n    and\n    ${over(window.longMs)}${guard}\n)`;
}
