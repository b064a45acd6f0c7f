import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRuleFile } from '#core/formats/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';

const data = join(import.meta.dirname, '../../../../shared/data');
const alerting = join(data, 'alerting');

interface Verdict {
  readonly file: string;
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}
const verdicts = (JSON.parse(readFileSync(join(alerting, 'promtool-2.42-verdicts.json'), 'utf8')) as Verdict[]).filter((verdict) =>
  verdict.check.includes('check rules'),
);
/** Promtool 2.42 had only the classic alphabet; since 3.0 any UTF-8 text is a name, and the third file holds what the first does. */
const utf8Names = ['utf-8_annotation.good.yaml', 'utf-8_lname.good.yaml', 'legacy_validation_annotation.bad.yaml'];

const read = (path: string): ReturnType<typeof readRuleFile> => readRuleFile(readFileSync(path, 'utf8'), basename(path), parseExpr);

describe('published rule files are judged as promtool judges them', () => {
  test.each(verdicts.filter(({ file }) => !utf8Names.includes(basename(file))))('$file', ({ file, ok, detail }) => {
    const { groups, problems } = read(join(alerting, file));
    expect(problems.map(({ message }) => message)).toEqual(ok ? [] : expect.arrayContaining([expect.stringMatching(/^[^:]+:\d+: /)]));
    const counted = /^(\d+) rules found$/.exec(detail.trim());
    if (counted !== null) expect(groups.flatMap((group) => group.rules)).toHaveLength(Number(counted[1]));
  });

  test.each(utf8Names)('%s is good in Prometheus 3', (name) => {
    expect(read(join(alerting, 'promtool/model/rulefmt/testdata', name)).problems).toEqual([]);
  });

  test.each(globSync(join(alerting, 'kube-prometheus/*-prometheusRule.yaml')).concat(globSync(join(data, 'slo/sloth/_gen/*.yml'))))('%s', (path) => {
    const { groups, problems } = read(path);
    expect(problems).toEqual([]);
    expect(groups.flatMap((group) => group.rules).length).toBeGreaterThan(0);
  });
});

describe('the place and the reason of what is wrong', () => {
  test.each([
    ['bad_expr.bad.yaml:5: could not parse expression: 1:6: parse error: expected type range vector'],
    ['bad_field.bad.yaml:8: rule has no field "annotation"; did you mean "annotations"?'],
    ['duplicate_grp.bad.yaml:3: the group "yolo" is repeated in the same file'],
    ['invalid_label_name.bad.yaml:7: invalid label name: "__name__"'],
    ['invalid_record_name.bad.yaml:4: invalid recording rule name: "strawberry{flavor=\\"sweet\\"}"'],
    ["no_rec_alert.bad.yaml:4: one of 'record' or 'alert' must be set"],
    ["noexpr.bad.yaml:4: field 'expr' must be set in rule"],
    ["record_and_alert.bad.yaml:4: only one of 'record' and 'alert' must be set"],
    ["record_and_for.bad.yaml:4: invalid field 'for' in recording rule"],
    ["record_and_keep_firing_for.bad.yaml:4: invalid field 'keep_firing_for' in recording rule"],
  ])('%s', (sentence) => {
    const name = sentence.split(':')[0]!;
    const { problems } = read(join(alerting, 'promtool/model/rulefmt/testdata', name));
    expect(problems[0]!.message).toContain(sentence);
  });

  test.each([
    ['groups: 5', '1: groups must be a list'],
    ['rules: []', '1: rule file has no field "rules"'],
    ['groups: [{rules: []}]', '1: group needs the field "name"'],
    ['groups: [{name: ""}]', '1: a group needs a name'],
    ['groups: [{name: a, interval: soon}]', '1: "soon" is not a duration'],
    ['groups: [{name: a, limit: -1}]', '1: "-1" is not a whole number'],
    ['groups: [{name: a, rules: {}}]', '1: rules must be a list'],
    ['groups: [{name: a, labels: {"": b}}]', '1: invalid label name: ""'],
    ['groups: [{name: a, rules: [{alert: b, expr: 1, labels: {c: "{{"}}]}]', '1: label "c": an action is not closed with }}'],
    ['groups: [{name: a, rules: [{record: b, expr: 1, annotations: {c: d}}]}]', "1: invalid field 'annotations' in recording rule"],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: {}', '2: a ConfigMap holds no rules; a PrometheusRule is expected'],
    ['a: [', '1: '],
  ])('%s', (text, sentence) => {
    const { problems } = readRuleFile(text, 'f', parseExpr);
    expect(problems[0]!.message).toContain(`f:${sentence}`);
  });
});

test('group labels lie under those of the rule, aliases and merge keys are followed, and every document counts', () => {
  const { groups, problems } = readRuleFile(
    `groups:
- name: a
  labels: {team: t, severity: low}
  interval: 30s
  query_offset: 1m
  limit: 3
  rules:
  - &down {alert: Down, expr: up == 0, for: 5m, keep_firing_for: 1m, labels: {severity: page}}
  - {<<: *down, alert: Down2, labels: {severity: 1}}
---
groups:
- {name: b, rules: [{record: c, expr: 1}]}
`,
    'f',
    (expr) => expr.length,
  );
  expect(problems).toEqual([]);
  expect(groups.map(({ name, line, intervalMs, queryOffsetMs, limit }) => ({ name, line, intervalMs, queryOffsetMs, limit }))).toEqual([
    { name: 'a', line: 2, intervalMs: 30_000, queryOffsetMs: 60_000, limit: 3 },
    { name: 'b', line: 12, intervalMs: undefined, queryOffsetMs: undefined, limit: 0 },
  ]);
  expect(groups.flatMap((group) => group.rules).map(({ name, labels, forMs, parsed }) => ({ name, labels, forMs, parsed }))).toEqual([
    { name: 'Down', labels: ['severity', 'page', 'team', 't'], forMs: 300_000, parsed: 7 },
    { name: 'Down2', labels: ['severity', '1', 'team', 't'], forMs: 300_000, parsed: 7 },
    { name: 'c', labels: [], forMs: 0, parsed: 1 },
  ]);
});
