import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runRuleTests, type RuleFile, type RuleTestReport } from '#core/rules/index.ts';

const alerting = join(import.meta.dirname, '../../../../shared/data/alerting');

interface Verdict {
  readonly file: string;
  readonly check: string;
  readonly ok: boolean;
}
const verdicts = (JSON.parse(readFileSync(join(alerting, 'promtool-2.42-verdicts.json'), 'utf8')) as Verdict[]).filter((verdict) =>
  verdict.check.includes('test rules'),
);
/** What promtool 2.42 refused for fields that it did not know yet, or judged by rules that 3 has changed; promtool 3 passes them. */
const passSince3 = ['start-time-test.yml', 'unittest.yml', 'no-test-group-interval.yml'];

const read = (path: string): RuleFile => ({ path, text: readFileSync(path, 'utf8') });

function run(path: string): Promise<RuleTestReport> {
  return runRuleTests(read(path), (glob) => globSync(join(dirname(path), glob)).map(read));
}

describe('promtool’s own unit tests come to promtool’s verdict', () => {
  test.each(verdicts)('$file', async ({ file, ok }) => {
    const report = await run(join(alerting, file));
    expect(report.failed === 0, report.failures.join('\n')).toBe(ok || passSince3.some((name) => file.endsWith(name)));
    for (const failure of report.failures) expect(failure).toMatch(/:\d+: /);
  });

  test.each([
    ['unittest.yml', 26, 0],
    ['start-time-test.yml', 9, 0],
    ['rules_run_fuzzy.yml', 2, 2],
    ['failing.yml', 0, 4],
  ])('%s: %i pass, %i fail', async (name, passed, failed) => {
    expect(await run(join(alerting, 'promtool/cmd/promtool/testdata', name))).toMatchObject({ passed, failed });
  });
});

const rules = `groups:
- name: second
  rules: [{record: b, expr: a + 1}]
- name: first
  rules: [{record: a, expr: up}, {alert: Down, expr: up == 0, for: 2m, labels: {region: '{{ $externalLabels.region }}'}, annotations: {link: '{{ externalURL }}'}}]
`;

async function verdict(tests: string): Promise<RuleTestReport> {
  return runRuleTests({ path: 'tests.yml', text: `rule_files: [rules.yml]\n${tests}` }, () => [{ path: 'rules.yml', text: rules }]);
}

describe('what the format can say', () => {
  test('groups run in the order given, and a group sees what the one before wrote', async () => {
    const cases =
      'tests: [{input_series: [{series: up, values: 1x5}], promql_expr_test: [{expr: b, eval_time: 0, exp_samples: [{labels: b, value: 2}]}]}]';
    expect(await verdict(`group_eval_order: [first, second]\n${cases}`)).toMatchObject({ passed: 1, failed: 0 });
    expect(await verdict(cases)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('external labels and URL reach the templates; an alert is judged by the evaluation at or before its time', async () => {
    const report = await verdict(`tests:
- external_labels: {region: eu}
  external_url: http://box
  input_series: [{series: up, values: 0x5}]
  alert_rule_test:
  - {eval_time: 1m59s, alertname: Down, exp_alerts: []}
  - {eval_time: 2m30s, alertname: Down, exp_alerts: [{exp_labels: {region: eu}, exp_annotations: {link: 'http://box'}}]}
`);
    expect(report).toEqual({ passed: 2, failed: 0, failures: [] });
  });

  test('a rule does not see samples that come after it', async () => {
    const report = await verdict(`tests:
- interval: 30s
  input_series: [{series: up, values: '0 5 1'}]
  promql_expr_test:
  - {expr: a, eval_time: 59s, exp_samples: [{labels: a, value: 0}]}
  - {expr: up, eval_time: 59s, exp_samples: [{labels: up, value: 5}]}
`);
    expect(report.failures).toEqual([]);
  });

  test.each([
    ['tests: [{alert_rule_test: [{eval_time: 1m}]}]', 'tests.yml:2: alert_rule_test needs the field "alertname"'],
    ['tests: [{input_serie: []}]', 'tests.yml:2: test has no field "input_serie"; did you mean "input_series"?'],
    ['tests: [{promql_expr_test: [{expr: up +}]}]', 'tests.yml:2: up + at 0 s: 1:5: parse error'],
    ['tests: [{input_series: [{series: up, values: 1 two}]}]', 'tests.yml:2: "up" (line 2): cannot read the points'],
    ['tests: [{start_timestamp: soon}]', 'tests.yml:2: "soon" is not a time'],
  ])('%s', async (tests, sentence) => {
    const report = await verdict(tests);
    expect(report.failures[0]).toContain(sentence);
  });

  test('a glob that matches nothing is a failure', async () => {
    const report = await runRuleTests({ path: 't.yml', text: 'rule_files: [none.yml]\ntests: [{}]' }, () => []);
    expect(report.failures).toEqual(['no file matches the rule_files entry "none.yml"']);
  });
});
