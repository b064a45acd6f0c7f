import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { burnWindows, readRuleFile, readSloFile, type SloSpec } from '#core/formats/index.ts';
import { evaluateInstant, memorySource, parseExpr, parseSeries, samplesOf, ScriptStore } from '#core/promql/index.ts';
import { printExpr, type Expr } from '#core/promql/syntax/index.ts';
import { budgetForecast, sloQueries, sloRuleFile } from '#core/rules/index.ts';

const slo = join(import.meta.dirname, '../../../../shared/data/slo');
const read = (path: string): string => readFileSync(path, 'utf8');

/** The same expression without parentheses: the tree says what binds what. */
function bare(expr: Expr): Expr {
  switch (expr.kind) {
    case 'paren':
      return bare(expr.expr);
    case 'call':
      return { ...expr, args: expr.args.map(bare) };
    case 'aggregation':
      return { ...expr, expr: bare(expr.expr) };
    case 'binary':
      return { ...expr, left: bare(expr.left), right: bare(expr.right) };
    case 'subquery':
    case 'unary':
      return { ...expr, expr: bare(expr.expr) };
    default:
      return expr;
  }
}

/** A tree with its places taken out, so that equal expressions are equal. */
const shape = (expr: Expr): unknown => JSON.parse(JSON.stringify(bare(expr), (key, value: unknown) => (key === 'place' ? undefined : value)));

function rules(text: string, file: string): unknown {
  const { groups, problems } = readRuleFile(text, file, parseExpr);
  expect(problems).toEqual([]);
  return groups.map((group) => ({
    name: group.name,
    rules: group.rules.map((rule) => ({
      kind: rule.kind,
      name: rule.name,
      labels: rule.labels,
      annotations: rule.annotations.map(({ name, source }) => [name, source]),
      forMs: rule.forMs,
      expr: shape(rule.parsed),
    })),
  }));
}

const modes: Readonly<Record<string, string>> = { 'openslo-getting-started.yml': 'cli-gen-openslo' };

describe('Sloth’s examples become the rules that Sloth makes of them', () => {
  test.each(globSync(join(slo, 'sloth/*.yml')).map((path) => basename(path)))('%s', (name) => {
    const { slos, problems } = readSloFile(read(join(slo, 'sloth', name)), name);
    expect(problems).toEqual([]);
    const options = { extraLabels: { cmd: 'examplesgen.sh' }, mode: modes[name] ?? 'cli-gen-prom', version: 'dev' };
    expect(rules(sloRuleFile(slos, options), 'ours')).toEqual(rules(read(join(slo, 'sloth/_gen', name)), 'theirs'));
  });
});

describe('OpenSLO’s examples', () => {
  test.each(globSync(join(slo, 'openslo/**/*.yaml')))('%s is read and makes rules that parse', (path) => {
    const { slos, problems } = readSloFile(read(path), basename(path));
    expect(problems).toEqual([]);
    expect(slos.length).toBeGreaterThan(0);
    expect(readRuleFile(sloRuleFile(slos), 'ours', parseExpr).problems).toEqual([]);
  });
});

describe('what is wrong with an SLO file is said with its place', () => {
  const head = 'version: prometheus/v1\nservice: s\nslos:\n';
  test.each([
    ['a: 1', 'f:1: SLO file has no field "a"'],
    ['version: prometheus/v2\nservice: s\nslos: []', 'f:1: the version must be prometheus/v1'],
    [`${head}- {name: a, objective: 100, sli: {raw: {error_ratio_query: a}}, alerting: {name: x}}`, 'f:4: the objective 100 must lie between'],
    [`${head}- {name: a, objective: 99, sli: {}, alerting: {name: x}}`, 'f:4: an sli needs "events" or "raw"'],
    [`${head}- {name: a, objective: 99, sli: {plugin: {id: x}}, alerting: {name: x}}`, 'f:4: SLI plugins of Sloth are not yet supported'],
    [`${head}- {name: a, objective: 99, sli: {raw: {error_ratio_query: a}}, alerting: {}}`, 'f:4: alerting needs the field "name"'],
    [`${head}- {name: a, objectiv: 99}`, 'f:4: slo has no field "objectiv"; did you mean "objective"?'],
    ['apiVersion: openslo/v2\nkind: SLO', 'f:1: "openslo/v2" is no form of SLO that is known'],
    ['apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec: {objectives: [{target: 0.9}]}', 'f:4: the objective has no indicator'],
    [
      'apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec: {indicatorRef: b, objectives: [{target: 0.9}]}',
      'f:4: the file has no SLI named "b"',
    ],
  ])('%s', (text, sentence) => {
    expect(readSloFile(text, 'f').problems[0]?.message).toContain(sentence);
  });
});

const base: SloSpec = {
  file: 'f',
  line: 1,
  form: 'signalbox',
  service: 's',
  name: 'n',
  title: '',
  description: '',
  labels: [],
  objective: 99,
  periodMs: 30 * 86_400_000,
  indicator: { kind: 'events', of: 'bad', query: 'errors_total', total: 'requests_total', counter: true },
  alerting: { name: 'Burns', windows: burnWindows, page: { labels: [], annotations: [] }, ticket: { labels: [], annotations: [] }, minEvents: 0 },
};

async function ask(load: readonly string[], query: string, atMs: number): Promise<number[]> {
  const store = new ScriptStore();
  store.load(load.map(parseSeries), 60_000);
  const series = await store.source().select([], 0, Infinity);
  return samplesOf(await evaluateInstant(memorySource(series), query, atMs)).map(({ value }) => Number(value.toPrecision(6)));
}

describe('indicators of each kind give the share of bad events', () => {
  const hour = 3_600_000;
  test.each<[string, SloSpec['indicator'], string[], number]>([
    ['bad events of a counter', { kind: 'events', of: 'bad', query: 'e', total: 't', counter: true }, ['e 0+2x60', 't 0+100x60'], 0.02],
    ['good events of a counter', { kind: 'events', of: 'good', query: 'g', total: 't', counter: true }, ['g 0+90x60', 't 0+100x60'], 0.1],
    [
      'with the window written in',
      { kind: 'events', of: 'bad', query: 'sum(rate(e[{{.window}}]))', total: 'sum(rate(t[{{ .window }}]))', counter: true },
      ['e 0+1x60', 't 0+100x60'],
      0.01,
    ],
    ['a ratio that is there already', { kind: 'ratio', of: 'good', query: 'availability' }, ['availability 0.75x60'], 0.25],
    ['a gauge against a threshold', { kind: 'threshold', query: 'queue', op: '<', value: 10 }, ['queue 5x29 15x29'], 0.5],
    [
      'a classic histogram',
      { kind: 'latency', metric: 'd', matchers: 'job="a"', seconds: 0.5, histogram: 'classic' },
      ['d_bucket{job="a",le="0.5"} 0+95x60', 'd_count{job="a"} 0+100x60'],
      0.05,
    ],
    [
      'a native histogram',
      { kind: 'latency', metric: 'd', matchers: '', seconds: 1, histogram: 'native' },
      ['d {{schema:0 count:4 sum:6 buckets:[3 1]}}+{{schema:0 count:4 sum:6 buckets:[3 1]}}x60'],
      0.25,
    ],
    [
      'good minutes',
      { kind: 'ratio', of: 'good', query: 'availability', slice: { windowMs: 60_000, target: 0.9 } },
      ['availability 0.95x44 0.5x14'],
      0.25,
    ],
    [
      'minutes by their shares',
      { kind: 'ratio', of: 'good', query: 'availability', slice: { windowMs: 60_000, target: undefined } },
      ['availability 1x29 0.5x29'],
      0.25,
    ],
  ])('%s', async (_, indicator, load, ratio) => {
    const spec: SloSpec = { ...base, indicator, periodMs: hour };
    const [answer] = await ask(load, sloQueries(spec).periodErrorRatio, 59 * 60_000);
    expect(answer).toBeCloseTo(ratio, 2);
    const [remaining] = await ask(load, sloQueries(spec).budgetRemaining, 59 * 60_000);
    expect(remaining).toBeCloseTo(1 - answer! / 0.01, 2);
  });
});

test('windows can be switched off, and a guard keeps low traffic from paging', () => {
  const alerting = { ...base.alerting, windows: burnWindows.filter(({ longMs }) => longMs !== 86_400_000), minEvents: 100 };
  const { groups } = readRuleFile(sloRuleFile([{ ...base, alerting }]), 'f', parseExpr);
  const alerts = groups.flatMap((group) => group.rules).filter((rule) => rule.kind === 'alerting');
  const text = alerts.map((rule) => printExpr(rule.parsed));
  expect(text).toHaveLength(2);
  expect(text[0]).toContain('> (14.4 * 0.01)');
  expect(text[0]).toContain('> (6 * 0.01)');
  expect(text[1]).toContain('> (1 * 0.01)');
  expect(text[1]).not.toContain('> (3 * 0.01)');
  expect(text[0]).toContain('unless on () ((sum(rate(requests_total[1h]))) * 3600) < 100');
});

test.each([
  [0.5, 7, 'at this pace the budget is gone in 2 d 3 h'],
  [1, 1440, 'at this pace the budget is gone in 30 min'],
  [0.2, 1, 'at this pace the budget lasts'],
  [0.2, 0, 'nothing is being spent'],
  [-0.1, 3, 'the budget is gone'],
  [Number.NaN, 3, 'no events yet'],
])('with %s left at a burn rate of %s', (remaining, burnRate, sentence) => {
  expect(budgetForecast(remaining, burnRate, 30 * 86_400_000).sentence).toBe(sentence);
});
