import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labelsUsed, parseTemplate, readRuleFile } from '#core/formats/index.ts';
import { matchesLabels, labelsFromRecord, type MetricType } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/index.ts';
import { checkRules, isFlapping, lintRules, ruleNoise, unmatchedSelectors, type PastTransition } from '#core/rules/index.ts';

const types: Readonly<Record<string, MetricType>> = { temperature: 'gauge', jobs: 'counter', latency: 'histogram', odd_total: 'gauge' };

function pitfalls(expr: string, more = ''): string[] {
  const text = `groups: [{name: g, rules: [{alert: A, expr: '${expr}', for: 1m, labels: {severity: page}, annotations: {runbook_url: x${more}}}]}]`;
  const { groups, problems } = readRuleFile(text, 'f', parseExpr);
  expect(problems).toEqual([]);
  return lintRules(groups, (metric) => types[metric]).map(({ pitfall }) => pitfall);
}

describe('counters alerted on without rate', () => {
  test.each([
    'errors_total > 5',
    'sum by (job) (errors_total) > 5',
    'errors_total / requests_total > 0.1',
    'max_over_time(errors_total[5m]) > 5',
    'abs(jobs) >= 2',
    'latency_count > 5',
    'http_request_duration_seconds_bucket{le="1"} > 5',
  ])('%s', (expr) => expect(new Set(pitfalls(expr))).toEqual(new Set(['raw-counter'])));

  test.each([
    'rate(errors_total[5m]) > 5',
    'increase(errors_total[5m]) > 0 and errors_total > 0 unless absent(errors_total)',
    'changes(errors_total[5m]) > 5',
    'count(errors_total) > 5',
    'timestamp(errors_total) < 5',
    'errors_total - errors_total offset 5m > 5',
    'errors_total == 0',
    'odd_total > 5',
    'queue_length > 5',
  ])('%s is none', (expr) => expect(pitfalls(expr).filter((pitfall) => pitfall === 'raw-counter' && !expr.includes('errors_total > 0'))).toEqual([]));

  test('the sentence names the pitfall and the mend', () => {
    const [finding] = checkRules({ path: 'f', text: 'groups: [{name: g, rules: [{alert: A, expr: errors_total > 5}]}]' }).findings;
    expect(finding).toMatchObject({ pitfall: 'raw-counter', file: 'f', line: 1, rule: 'A', mend: 'compare its rate: rate(errors_total[5m])' });
    expect(finding!.sentence).toContain('errors_total is a counter');
  });
});

describe('other pitfalls', () => {
  test.each([
    ['rate(temperature[5m]) > 1', ['rate-of-gauge']],
    ['rate(sum(errors_total)[5m:]) > 1', ['rate-of-sum']],
    ['sum(rate(errors_total[5m])) > 1', []],
    ['irate(errors_total[5m]) > 1', ['irate']],
  ])('%s: %s', (expr, found) => expect(pitfalls(expr)).toEqual(found));

  test('no runbook, no severity, no for', () => {
    const { findings } = checkRules({
      path: 'f',
      text: 'groups: [{name: g, rules: [{alert: A, expr: up == 0}, {alert: B, expr: "rate(x[5m]) > 1"}]}]',
    });
    expect(findings.map(({ rule, pitfall }) => `${rule} ${pitfall}`)).toEqual([
      'A no-runbook',
      'A no-severity',
      'A no-for',
      'B no-runbook',
      'B no-severity',
    ]);
  });

  test('duplicates are found over all groups of a file', () => {
    const path = join(import.meta.dirname, '../../../../shared/data/alerting/promtool/model/rulefmt/testdata/test_aliases.yaml');
    const { findings, ruleCount, problems } = checkRules({ path, text: readFileSync(path, 'utf8') });
    expect([problems, ruleCount]).toEqual([[], 8]);
    expect(findings.filter(({ pitfall }) => pitfall === 'duplicate-rule').map(({ rule, line }) => `${rule} ${line}`)).toHaveLength(4);
  });
});

describe('labels that the texts show but the expression loses', () => {
  test.each([
    ['sum by (job) (up) == 0', '$labels.instance', true],
    ['sum by (job) (up) == 0', '$labels.job', false],
    ['sum without (instance) (up) == 0', '$labels.instance', false],
    ['sum(up) == 0', '.Labels.job', true],
    ['topk(1, up) == 0', '$labels.job', false],
    ['label_replace(sum by (job) (up), "team", "x", "", "") == 0', '$labels.team', false],
    ['sum by (job) (up) == 0', 'index $labels "instance"', true],
    ['a * on (job) group_left (team) sum by (job) (b)', '$labels.other', false],
    ['sum by (job) (a) * on (job) group_left (team) b', '$labels.team', false],
    ['sum by (job) (a) * on (job) group_left (team) b', '$labels.other', true],
    ['a == on (job) b', '$labels.instance', true],
    ['absent(up{job="x"})', '$labels.job', false],
    ['absent(up{job="x"})', '$labels.instance', true],
    ['vector(1)', '$labels.job', true],
    ['vector(1)', 'with $labels.job }}in {{ . }}{{ end', false],
    ['sum by (job) (a) or sum by (team) (b)', '$labels.team', false],
    ['count_values("v", up)', '$labels.v', false],
  ])('%s with {{ %s }}: %s', (expr, template, lost) => {
    const text = JSON.stringify({
      groups: [
        {
          name: 'g',
          rules: [{ alert: 'A', expr, for: '1m', labels: { severity: 'x' }, annotations: { runbook: 'x', summary: `{{ ${template} }}` } }],
        },
      ],
    });
    const { problems, findings } = checkRules({ path: 'f', text });
    expect(problems).toEqual([]);
    expect(findings.map(({ pitfall }) => pitfall)).toEqual(lost ? ['lost-label'] : []);
  });

  test('are looked for in every corner of a template, but not where it asks whether they are there', () => {
    const text =
      '{{ if $labels.a }}{{ $labels.b | title }}{{ else }}{{ range $x := (index $labels "c") }}{{ $.Labels.d }}{{ end }}{{ end }}{{ with (printf "%s" .Labels.e) }}{{ end }}';
    expect(
      [
        ...labelsUsed(
          parseTemplate(text, { variables: ['$labels'], functions: new Map([['title', { params: [], awaited: false, call: () => '' }]]) }),
        ),
      ].sort(),
    ).toEqual(['b', 'c', 'd']);
  });
});

test('published rules are full of advice, but none is called broken', () => {
  const files = globSync(join(import.meta.dirname, '../../../../shared/data/alerting/awesome-alerts/**/*.yml'));
  const checks = files.map((path) => checkRules({ path: basename(path), text: readFileSync(path, 'utf8') }));
  expect(checks.flatMap(({ problems }) => problems)).toEqual([]);
  const counts = Map.groupBy(
    checks.flatMap(({ findings }) => findings),
    ({ pitfall }) => pitfall,
  );
  expect(counts.get('raw-counter')!.length).toBeGreaterThan(5);
  expect(counts.get('no-runbook')!.length).toBeGreaterThan(400);
});

test('selectors that match nothing are named with the condition that is to blame', () => {
  const series = [{ __name__: 'up', job: 'a' }].map(labelsFromRecord);
  const text = `groups: [{name: g, rules: [
    {record: r, expr: up},
    {alert: A, expr: 'up{job="b"} == 0 or up{job="a"} == 0'},
    {alert: B, expr: 'gone > 1 and r > 1 and absent(gone)'},
    {alert: C, expr: 'absent(other{job="x"}) or count(ALERTS) > 3'}]}]`;
  const { groups } = readRuleFile(text, 'f', parseExpr);
  const found = unmatchedSelectors(groups, (matchers) => series.some((labels) => matchesLabels(matchers, labels)));
  expect(found.map(({ rule, selector, because }) => [rule, selector, because])).toEqual([
    ['A', 'up{job="b"}', 'job="b"'],
    ['B', 'gone', ''],
  ]);
});

describe('noise', () => {
  const minute = 60_000;
  function life(alert: string, name: string, edges: readonly [number, PastTransition['from'], PastTransition['to']][]): PastTransition[] {
    return edges.map(([at, from, to]) => ({
      atMs: at * minute,
      alert,
      name,
      labels: ['i', alert],
      group: 'g',
      file: 'f',
      from,
      to,
      value: 1,
      reason: '',
    }));
  }
  const flapping = life('a', 'Flaps', [
    [0, 'inactive', 'firing'],
    [5, 'firing', 'resolved'],
    [10, 'inactive', 'firing'],
    [16, 'firing', 'resolved'],
    [20, 'inactive', 'firing'],
    [27, 'firing', 'resolved'],
  ]);
  const steady = life('b', 'Steady', [
    [0, 'inactive', 'pending'],
    [1, 'pending', 'inactive'],
    [2, 'inactive', 'pending'],
    [5, 'pending', 'firing'],
  ]);

  test('an alert that fires three times within an hour flaps', () => {
    expect(isFlapping(flapping, 30 * minute)).toBe(true);
    expect(isFlapping(flapping, 61 * minute)).toBe(false);
    expect(isFlapping(flapping.slice(0, 4), 30 * minute)).toBe(false);
  });

  test('per rule: how often, how long, and whether anybody acted', () => {
    const noise = ruleNoise([...flapping, ...steady], 30 * minute, (alert, firedMs) => alert === 'a' && firedMs === 10 * minute);
    expect(noise).toEqual([
      { file: 'f', group: 'g', name: 'Flaps', fired: 3, pendingOnly: 0, flapping: 1, medianFiringMs: 6 * minute, actedOn: 1 / 3 },
      { file: 'f', group: 'g', name: 'Steady', fired: 1, pendingOnly: 1, flapping: 0, medianFiringMs: undefined, actedOn: 0 },
    ]);
  });
});
