import { describe, expect, test } from 'vitest';
import type { ExplainedPart } from '#core/contract/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { plotSeries } from '../../renderer/charts/series.ts';
import { noticeLine } from '../../renderer/shell/notice-line.ts';
import { fillParams } from '../../renderer/shell/run/step-query.ts';
import { conditionOf, historySelector, periodsOf, seriesOf } from '../../renderer/views/alerts/condition.ts';
import { filterAlerts, groupAlerts, groupRows, parseFilter } from '../../renderer/views/alerts/filter.ts';
import { moveInTree, rowsOf } from '../../renderer/views/explore/explain-rows.ts';
import { startingQuery } from '../../renderer/views/explore/starting-query.ts';
import { unitOf } from '../../renderer/views/explore/unit-of.ts';
import { parseNote } from '../../renderer/views/incidents/note.ts';
import { openCount } from '../../renderer/views/sources/ledger.ts';
import { changesOf, isIdle, parseLabels } from '../../renderer/views/sources/relabel.ts';
import { nextStep } from '../../renderer/views/overview/next-step.ts';
import { alertsOf, overviewOf, pastIncident, stormOf, targetsOf } from './support/scene.ts';

const nowMs = Date.UTC(2026, 10, 21, 3, 4, 5);
const alerts = alertsOf(nowMs);
const calmTargets = targetsOf(nowMs).filter((target) => target.health === 'up');

describe('the alert list', () => {
  const found = (text: string, part = {}): number => filterAlerts(alerts, { state: 'all', untaken: false, text, ...part }).length;
  test('filters by matcher, by word and by state', () => {
    expect(found('severity=page')).toBe(2);
    expect(found('severity!="page" job=node')).toBe(1);
    expect(found('"mail queue"')).toBe(1);
    expect(found('CHECKOUT')).toBe(2);
    expect(found('', { state: 'pending' })).toBe(1);
    expect(found('', { untaken: true })).toBe(5);
    expect(found('nothing=here')).toBe(0);
  });
  test('reads half-typed filters as words', () => {
    expect(parseFilter('sev=')).toEqual([{ name: '', op: 'text', value: 'sev=' }]);
    expect(parseFilter('{a="b\\"c", d=e}')).toEqual([
      { name: 'a', op: '=', value: 'b"c' },
      { name: 'd', op: '=', value: 'e' },
    ]);
  });
  test('puts those of one name under one head, the worst first', () => {
    const rows = groupRows(groupAlerts(alerts), new Map());
    expect(rows.map((row) => (row.kind === 'group' ? `${row.title} ${row.alerts.length}` : row.alert.summary.slice(0, 12)))).toEqual([
      'LatencyHigh 2',
      'the 95th per',
      'the 95th per',
      'checkout ans',
      'the disk of ',
      'postgres on ',
      'the mail que',
    ]);
  });
  test('a storm shows heads', () => {
    const rows = groupRows(groupAlerts(stormOf(nowMs, 3_000)), new Map([['TargetDown', true]]));
    expect(rows.filter((row) => row.kind === 'group')).toHaveLength(5);
    expect(rows).toHaveLength(605);
  });
});

describe("an alert's condition", () => {
  test.each([
    ['rate(x[5m]) > 0.1', 'rate(x[5m])', { op: '>', value: 0.1 }],
    ['(0.1 <= y)', 'y', { op: '>=', value: 0.1 }],
    ['x < -5', 'x', { op: '<', value: -5 }],
    ['up == 0', 'up', { op: '==', value: 0 }],
  ])('%s', (text, expr, level) => {
    expect(conditionOf(text)).toEqual({ expr, level });
  });
  test.each(['a > b', 'absent(up)', 'x > 1 and y > 2', 'not promql ('])('%s has no single level', (text) => {
    expect(conditionOf(text)).toEqual({ expr: text, level: undefined });
  });
  test('is charted for the series that the alert is about', () => {
    const table = {
      labels: [
        ['job', 'a'],
        ['job', 'b'],
      ],
      starts: Uint32Array.of(0, 0, 0),
      timesMs: new Float64Array(),
      values: new Float64Array(),
    };
    const all = plotSeries(table);
    expect(seriesOf(all, labelsFromRecord({ alertname: 'X', job: 'b' })).map((one) => one.labels)).toEqual([['job', 'b']]);
    expect(seriesOf(all, labelsFromRecord({ alertname: 'X' }))).toHaveLength(2);
  });
  test('its history is asked for and read as periods', () => {
    expect(historySelector(labelsFromRecord({ alertname: 'X', 'odd name': 'a"b' }))).toBe('ALERTS{alertname="X","odd name"="a\\"b"}');
    const history = plotSeries({
      labels: [labelsFromRecord({ alertstate: 'pending' }), labelsFromRecord({ alertstate: 'firing' })],
      starts: Uint32Array.of(0, 2, 5),
      timesMs: Float64Array.of(0, 1_000, 2_000, 3_000, 9_000),
      values: new Float64Array(5),
    });
    expect(periodsOf(history, 1_000).map(({ state, startMs, endMs }) => [state, startMs, endMs])).toEqual([
      ['firing', 9_000, 10_000],
      ['firing', 2_000, 4_000],
      ['pending', 0, 2_000],
    ]);
  });
});

describe('the unit of a query', () => {
  test.each([
    ['node_memory_MemFree_bytes', 'bytes'],
    ['sum by (job) (rate(node_network_receive_bytes_total[5m]))', 'bytes/s'],
    ['rate(http_requests_total[5m])', 'per second'],
    ['rate(node_cpu_seconds_total[5m])', 'none'],
    ['histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))', 'seconds'],
    ['a_bytes / b_bytes', 'none'],
    ['a_bytes / 1024', 'bytes'],
    ['cache_hit_ratio', 'percent'],
    ['count(a_bytes)', 'none'],
    ['process_start_time_seconds', 'none'],
    ['max_over_time(scrape_duration_seconds[1h])', 'seconds'],
    ['rate(', 'none'],
  ])('%s: %s', (expr, unit) => {
    expect(unitOf(expr)).toBe(unit);
  });
});

test('a metric is first asked what makes sense for its type', () => {
  const ask = (name: string, type: 'counter' | 'gauge' | 'histogram'): string => startingQuery({ name, type, help: '', unit: '' });
  expect(ask('up', 'gauge')).toBe('up');
  expect(ask('hits', 'counter')).toBe('rate(hits[5m])');
  expect(ask('t_seconds_bucket', 'histogram')).toBe('histogram_quantile(0.95, sum by (le) (rate(t_seconds_bucket[5m])))');
  expect(ask('http.hits', 'counter')).toBe('rate({"http.hits"}[5m])');
});

test('a notice is one line, and says once what its alerts say alike', () => {
  expect(noticeLine({ title: '[FIRING:3] Burn', body: 'Too slow\nToo slow\n\n  resolved: It was slow\n' })).toBe(
    '[FIRING:3] Burn: Too slow; resolved: It was slow',
  );
  expect(noticeLine({ title: '[RESOLVED] Burn', body: '' })).toBe('[RESOLVED] Burn');
});

describe('a note', () => {
  test.each([
    ['restarted it', 'restarted it', undefined],
    ['02:41 restarted it', 'restarted it', Date.UTC(2026, 10, 21, 2, 41)],
    ['23:50:10 it began', 'it began', Date.UTC(2026, 10, 20, 23, 50, 10)],
    ['25:00 is no time', '25:00 is no time', undefined],
    ['02:41', '02:41', undefined],
  ])('%s', (typed, text, atMs) => {
    expect(parseNote(typed, nowMs, 'utc')).toEqual({ text, atMs });
  });
});

describe('the next step', () => {
  const step = (held: typeof alerts, incidents = [pastIncident(nowMs).incident], targets = calmTargets): string =>
    nextStep(
      overviewOf(nowMs, held, incidents, targets),
      held,
      incidents.filter((one) => one.status !== 'resolved'),
      nowMs,
    ).title;
  const open = { ...pastIncident(nowMs).incident, id: 4, status: 'open' as const, resolvedMs: undefined };
  const taken = alerts.map((alert) => ({ ...alert, ack: { by: 'Ada', atMs: nowMs } }));

  test('is the worst alert that nobody has', () => expect(step(alerts)).toBe('Take ErrorRatioHigh'));
  test('says for how long it fires', () => {
    const [alert] = alerts.filter(({ state }) => state === 'firing').map((one) => ({ ...one, summary: 'It burns', firedAtMs: nowMs - 78_000 }));
    expect(nextStep(overviewOf(nowMs, [alert!], [], calmTargets), [alert!], [], nowMs).why).toBe('It burns, firing for 1m 18s.');
  });
  test('a page comes before an open incident, a warning after it', () => {
    expect(step(alerts, [open])).toBe('Take ErrorRatioHigh');
    expect(
      step(
        alerts.filter((alert) => alert.severity === 'warning'),
        [open],
      ),
    ).toBe('Go on with incident #4');
  });
  test('is the incident once all is taken', () => expect(step(taken, [open])).toBe('Go on with incident #4'));
  test('reminds of what still fires', () => expect(step(taken)).toBe('ErrorRatioHigh is still firing'));
  test('says so when users are hurt and no alert fires', () => {
    const hurt = { ...overviewOf(nowMs, [], [], calmTargets), usersAffected: 0.021 };
    expect(nextStep(hurt, [], [], nowMs)).toMatchObject({ kind: 'users', why: expect.stringContaining('2.1 %') as string });
    const few = nextStep({ ...hurt, usersAffected: 0.004 }, [], [], nowMs);
    expect(few).toMatchObject({ kind: 'nothing', why: expect.stringContaining('0.4 % of users are affected') as string });
  });
  test('does not say that all is well while a file of the configuration is wrong', () => {
    const calm = overviewOf(nowMs, [], [], calmTargets);
    expect(nextStep(calm, [], [], nowMs, ['rules/a.yml:6: "5 min" is not a duration'])).toMatchObject({
      kind: 'config',
      why: 'rules/a.yml:6: "5 min" is not a duration',
    });
    expect(nextStep(calm, [], [], nowMs, ['a', 'b', 'c']).why).toBe('a, and 2 more.');
    expect(nextStep(calm, [], [], nowMs, []).kind).toBe('nothing');
  });
  test('then what cannot be seen, what is pending, nothing', () => {
    expect(step([], [], targetsOf(nowMs))).toBe('1 source cannot be read');
    expect(step(alerts.filter((alert) => alert.state === 'pending'))).toBe('Keep an eye on what is pending');
    expect(step([])).toBe('Nothing needs you');
  });
});

test('a step shows its query with the parameters of the run', () => {
  expect(
    fillParams('rate(x{job="$job"}[$window]) > $$1 + $other', [
      { name: 'job', value: 'a"b' },
      { name: 'window', value: '5m' },
    ]),
  ).toBe('rate(x{job="a\\"b"}[5m]) > $1 + $other');
});

describe('sources', () => {
  test.each([
    ['up{job="a", x="1"}', ['__name__', 'up', 'job', 'a', 'x', '1']],
    ['{b="2",a=1}', ['a', '1', 'b', '2']],
    ['a="x\\"y", "b.c"="d",', ['a', 'x"y', 'b.c', 'd']],
    ['up', ['__name__', 'up']],
    ['', 'no label is given'],
    ['{a="1", oops}', 'a label such as job="node" is expected at "oops"'],
  ])('labels as typed: %s', (text, labels) => {
    expect(parseLabels(text)).toEqual(labels);
  });

  test('a step tells what was added, changed and removed', () => {
    const step = { line: 1, rule: '', before: ['a', '1', 'b', '2', 'c', '3'], after: ['a', '1', 'b', '9', 'd', '4'] };
    expect(changesOf(step).map(({ name, change, value, was }) => [name, change, value, was])).toEqual([
      ['a', 'same', '1', ''],
      ['b', 'changed', '9', '2'],
      ['c', 'removed', '3', ''],
      ['d', 'added', '4', ''],
    ]);
    expect([isIdle(step), isIdle({ ...step, after: step.before }), isIdle({ ...step, after: undefined })]).toEqual([false, true, false]);
  });

  test('what is neither stored, rejected nor shed is open', () => {
    const counts = (count: number) => [{ reason: 'r', count }];
    expect(openCount({ source: 's', received: 10, stored: 4, rejected: counts(3), shed: counts(2) })).toBe(1);
  });
});

describe('the tree of an explanation', () => {
  const part = (text: string, ...parts: readonly ExplainedPart[]): ExplainedPart => ({
    text,
    place: { from: 0, to: text.length },
    kind: 'call',
    type: 'vector',
    seriesCount: 1,
    labels: [],
    selfMs: 1,
    totalMs: 1,
    parts,
  });
  const root = part('a + b', part('rate(a)', part('a')), part('b'));
  const at = (closed: readonly string[], id: string, key: string): unknown => moveInTree(rowsOf(root, new Set(closed)), id, key);

  test('leaves out what is inside a closed part', () => {
    const shown = (closed: readonly string[]): readonly string[] => rowsOf(root, new Set(closed)).map(({ part: { text } }) => text);
    expect(shown([])).toEqual(['a + b', 'rate(a)', 'a', 'b']);
    expect(shown(['0.0'])).toEqual(['a + b', 'rate(a)', 'b']);
    expect(shown(['0'])).toEqual(['a + b']);
  });

  test('is walked by keys', () => {
    expect(at([], '0.0', 'ArrowDown')).toEqual({ id: '0.0.0', toggles: false });
    expect(at(['0.0'], '0.0', 'ArrowDown')).toEqual({ id: '0.1', toggles: false });
    expect(at([], '0', 'ArrowUp')).toBeUndefined();
    expect(at(['0.0'], '0.0', 'ArrowRight')).toEqual({ id: '0.0', toggles: true });
    expect(at([], '0.0', 'ArrowRight')).toEqual({ id: '0.0.0', toggles: false });
    expect(at([], '0.0.0', 'ArrowLeft')).toEqual({ id: '0.0', toggles: false });
    expect(at([], '0.0', 'ArrowLeft')).toEqual({ id: '0.0', toggles: true });
    expect(at([], '0', 'End')).toEqual({ id: '0.1', toggles: false });
    expect(at([], '0.1', 'Enter')).toBeUndefined();
  });
});
