/**
 * Files of promtool's unit tests for rules.
 * Source: prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules.
 */
import { labelsFrom, parseTime, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { boolean, duration, listOf, number, optional, pairsOf, record, required, text, type Decode } from './yaml-decode.ts';
import { isYamlNull, readYaml, yamlError } from './yaml.ts';

export interface RuleTestFile {
  /** Globs of rule files, relative to this one. */
  readonly ruleFiles: readonly string[];
  readonly intervalMs: DurationMs;
  /** Groups named here run first, in this order. */
  readonly groupOrder: readonly string[];
  /** Values may differ by one unit in the last place. */
  readonly fuzzy: boolean;
  readonly tests: readonly RuleTest[];
}

export interface RuleTest {
  readonly line: number;
  readonly name: string;
  /** Distance of the points of the input series; undefined: the evaluation interval. */
  readonly intervalMs: DurationMs | undefined;
  readonly startMs: UnixMs;
  readonly series: readonly { readonly line: number; readonly series: string; readonly values: string }[];
  readonly alerts: readonly AlertTest[];
  readonly queries: readonly QueryTest[];
  readonly externalLabels: Labels;
  readonly externalUrl: string;
}

/** The alerts of a name that must fire at a time, no more and no fewer. */
export interface AlertTest {
  readonly line: number;
  readonly atMs: DurationMs;
  readonly alertname: string;
  readonly expected: readonly { readonly labels: Labels; readonly annotations: Labels }[];
}

export interface QueryTest {
  readonly line: number;
  readonly expr: string;
  readonly atMs: DurationMs;
  readonly expected: readonly { readonly line: number; readonly labels: string; readonly value: number; readonly histogram: string }[];
}

/** The line of each item as well. */
function placed<T>(decode: Decode<T>): Decode<T & { readonly line: number }> {
  return (node) => ({ ...decode(node), line: node.line });
}

const labels: Decode<Labels> = (node) => (isYamlNull(node) ? [] : labelsFrom(pairsOf(text)(node)));

/** Values are written `0+1x5` or, when there is one, as a bare number. */
const series = placed(record('input series', { series: required('series', text), values: required('values', text) }));

const expectedAlert = record('expected alert', {
  labels: optional('exp_labels', labels, [] as Labels),
  annotations: optional('exp_annotations', labels, [] as Labels),
});

const alertTest = placed(
  record('alert_rule_test', {
    atMs: optional('eval_time', duration, 0),
    alertname: required('alertname', text),
    expected: optional('exp_alerts', listOf(expectedAlert), [] as readonly ReturnType<typeof expectedAlert>[]),
  }),
);

/** A number as promtool takes it: `1e3`, `NaN` and `+Inf` too. */
const sampleValue: Decode<number> = (node) => {
  const found = /^([+-]?)\.?(inf|nan)$/i.exec(text(node));
  if (found === null) return number(node);
  return found[2]!.toLowerCase() === 'nan' ? Number.NaN : found[1] === '-' ? -Infinity : Infinity;
};

const expectedSample = placed(
  record('expected sample', {
    labels: optional('labels', text, ''),
    value: optional('value', sampleValue, 0),
    histogram: optional('histogram', text, ''),
  }),
);

const queryTest = placed(
  record('promql_expr_test', {
    expr: required('expr', text),
    atMs: optional('eval_time', duration, 0),
    expected: optional('exp_samples', listOf(expectedSample), [] as readonly ReturnType<typeof expectedSample>[]),
  }),
);

const startTime: Decode<UnixMs> = (node) => {
  const timeMs = parseTime(text(node));
  if (timeMs === undefined) throw yamlError(node, `${JSON.stringify(text(node))} is not a time; write RFC 3339 or Unix seconds`);
  return timeMs;
};

const ruleTest = placed(
  record('test', {
    name: optional('name', text, ''),
    intervalMs: optional('interval', duration, undefined as DurationMs | undefined),
    startMs: optional('start_timestamp', startTime, 0),
    series: optional('input_series', listOf(series), [] as readonly ReturnType<typeof series>[]),
    alerts: optional('alert_rule_test', listOf(alertTest), [] as readonly ReturnType<typeof alertTest>[]),
    queries: optional('promql_expr_test', listOf(queryTest), [] as readonly ReturnType<typeof queryTest>[]),
    externalLabels: optional('external_labels', labels, [] as Labels),
    externalUrl: optional('external_url', text, ''),
  }),
);

const testFile = record('rule test file', {
  ruleFiles: optional('rule_files', listOf(text), [] as readonly string[]),
  intervalMs: optional('evaluation_interval', duration, 60_000),
  groupOrder: optional('group_eval_order', listOf(text), [] as readonly string[]),
  fuzzy: optional('fuzzy_compare', boolean, false),
  tests: optional('tests', listOf(ruleTest), [] as readonly RuleTest[]),
});

/** Throws EngineError `invalid` as "FILE:LINE: reason". */
export function readRuleTestFile(source: string, file: string): RuleTestFile {
  return testFile(readYaml(source, file));
}
