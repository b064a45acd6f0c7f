import { describe, expect, test } from 'vitest';
import { formatLabels } from '#core/model/index.ts';
import { World, type Answer } from './world.ts';

const minute = 60_000;

function file(fields: string, group = ''): string {
  return `groups:\n- name: g\n  interval: 1m\n${group}  rules:\n  - alert: Down\n    expr: up == 0\n${fields}`;
}

interface Timeline {
  readonly name: string;
  readonly rule: string;
  readonly group?: string;
  /** Minute -> what the expression answers from then on. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly minutes: number;
  /** Every edge: `minute from>to`. */
  readonly edges: readonly string[];
}

const timelines: readonly Timeline[] = [
  {
    name: 'without for it fires at once and resolves at once',
    rule: '',
    answers: { 1: { 'i=a': 0 }, 3: {} },
    minutes: 5,
    edges: ['1 inactive>firing', '3 firing>resolved'],
  },
  {
    name: 'for is counted from the first evaluation that holds',
    rule: '    for: 2m\n',
    answers: { 1: { 'i=a': 0 } },
    minutes: 4,
    edges: ['1 inactive>pending', '3 pending>firing'],
  },
  {
    name: 'a pending alert that stops to hold is gone without a word',
    rule: '    for: 3m\n',
    answers: { 1: { 'i=a': 0 }, 3: {}, 4: { 'i=a': 0 } },
    minutes: 8,
    edges: ['1 inactive>pending', '3 pending>inactive', '4 inactive>pending', '7 pending>firing'],
  },
  {
    name: 'for that is no multiple of the interval fires at the next evaluation',
    rule: '    for: 90s\n',
    answers: { 0: { 'i=a': 0 } },
    minutes: 3,
    edges: ['0 inactive>pending', '2 pending>firing'],
  },
  {
    name: 'keep_firing_for keeps it after the expression stopped to hold',
    rule: '    keep_firing_for: 2m\n',
    answers: { 0: { 'i=a': 0 }, 2: {} },
    minutes: 6,
    edges: ['0 inactive>firing', '4 firing>resolved'],
  },
  {
    name: 'keep_firing_for begins anew when it holds in between',
    rule: '    keep_firing_for: 2m\n',
    answers: { 0: { 'i=a': 0 }, 2: {}, 3: { 'i=a': 0 }, 4: {} },
    minutes: 8,
    edges: ['0 inactive>firing', '6 firing>resolved'],
  },
  {
    name: 'keep_firing_for does not keep a pending one',
    rule: '    for: 2m\n    keep_firing_for: 5m\n',
    answers: { 0: { 'i=a': 0 }, 1: {} },
    minutes: 3,
    edges: ['0 inactive>pending', '1 pending>inactive'],
  },
  {
    name: 'a failed evaluation changes nothing',
    rule: '    for: 2m\n',
    answers: { 0: { 'i=a': 0 }, 1: 'many-to-many matching not allowed', 2: { 'i=a': 0 }, 3: 'query timed out', 5: {} },
    minutes: 6,
    edges: ['0 inactive>pending', '2 pending>firing', '5 firing>resolved'],
  },
  {
    name: 'a resolved alert that holds again is a new one',
    rule: '    for: 1m\n',
    answers: { 0: { 'i=a': 0 }, 2: {}, 3: { 'i=a': 0 } },
    minutes: 5,
    edges: ['0 inactive>pending', '1 pending>firing', '2 firing>resolved', '3 inactive>pending', '4 pending>firing'],
  },
  {
    name: 'over the limit of its group it fails and changes nothing',
    rule: '',
    group: '  limit: 1\n',
    answers: { 0: { 'i=a': 0 }, 1: { 'i=a': 0, 'i=b': 0 }, 2: { 'i=b': 0 } },
    minutes: 3,
    edges: ['0 inactive>firing', '2 inactive>firing', '2 firing>resolved'],
  },
];

describe('the life of an alert', () => {
  test.each(timelines)('$name', async ({ rule, group, answers, minutes, edges }) => {
    const world = new World();
    expect(await world.load(file(rule, group))).toEqual([]);
    for (let at = 0; at <= minutes; at++) {
      const answer = answers[at];
      if (answer !== undefined) world.answers.set('up == 0', answer);
      await world.rules.evaluate(at * minute);
    }
    expect(world.edges.map(({ atMs, from, to }) => `${atMs / minute} ${from}>${to}`)).toEqual(edges);
    expect(world.rules.history(0, 3_600_000).map(({ atMs, from, to }) => `${atMs / minute} ${from}>${to}`)).toEqual(edges);
  });
});

test('labels and annotations are templates; the rule wins over the series, and alertname over both', async () => {
  const world = new World({ externalLabels: ['region', 'eu'], externalUrl: () => 'http://box' });
  world.answers.set('up == 0', { '__name__=up,i=a,severity=low': 7.5, 'i=b': 1 });
  world.answers.set('vector(3)', { '': 3 });
  const problems = await world.load(
    file(`    labels: {severity: 'page-{{ $labels.i }}', alertname: x, empty: '{{ $labels.none }}'}
    annotations:
      summary: '{{ $labels.i }} is {{ $value | humanize }} in {{ $externalLabels.region }}'
      asked: '{{ query "vector(3)" | first | value }}'
      broken: '{{ humanize $labels.i }}'
`),
  );
  expect(problems).toEqual([]);
  await world.rules.evaluate(0);
  const [rule] = world.rules.groups()[0]!.rules;
  expect(rule!.alerts.map((alert) => formatLabels(alert.labels))).toEqual([
    '{alertname="Down", i="a", severity="page-a"}',
    '{alertname="Down", i="b", severity="page-b"}',
  ]);
  expect(rule!.alerts[0]!.annotations).toEqual([
    'asked',
    '3',
    'broken',
    '<error expanding template: error calling humanize: "a" is not a number>',
    'summary',
    'a is 7.5 in eu',
  ]);
  expect(rule!.health).toBe('ok');
  expect(rule!.lastWarning).toContain('template "broken"');
});

test('ALERTS and ALERTS_FOR_STATE follow the state and go stale with it', async () => {
  const world = new World();
  await world.load(file('    for: 1m\n', '  query_offset: 10s\n'));
  const steps: [Answer, string[]][] = [
    [{ 'i=a': 0 }, ['50 ALERTS{alertname="Down", alertstate="pending", i="a"} 1', '50 ALERTS_FOR_STATE{alertname="Down", i="a"} 60']],
    [
      { 'i=a': 0 },
      [
        '110 ALERTS{alertname="Down", alertstate="firing", i="a"} 1',
        '110 ALERTS_FOR_STATE{alertname="Down", i="a"} 60',
        '110 ALERTS{alertname="Down", alertstate="pending", i="a"} stale',
      ],
    ],
    ['query timed out', []],
    [{}, ['230 ALERTS{alertname="Down", alertstate="firing", i="a"} stale', '230 ALERTS_FOR_STATE{alertname="Down", i="a"} stale']],
    [{}, []],
  ];
  for (const [i, [answer, written]] of steps.entries()) {
    world.answers.set('up == 0', answer);
    await world.rules.evaluate((i + 1) * minute);
    expect(world.take(world.written)).toEqual(written);
  }
});

test('two samples that become the same alert fail the rule by name', async () => {
  const world = new World();
  await world.load(file('    labels: {i: same}\n'));
  world.answers.set('up == 0', { 'i=a': 0, 'i=b': 0 });
  await world.rules.evaluate(0);
  const [rule] = world.rules.groups()[0]!.rules;
  expect([rule!.health, rule!.lastError, rule!.alerts]).toEqual([
    'err',
    'vector contains metrics with the same labelset after applying alert labels',
    [],
  ]);
});

test('firing alerts are told at once and again after the resend delay, resolved ones once, pending ones never', async () => {
  const world = new World({ resendMs: 2 * minute });
  await world.load(file('    for: 1m\n'));
  const told: string[][] = [];
  for (let at = 0; at <= 7; at++) {
    world.answers.set('up == 0', at < 5 ? { 'i=a': 0 } : {});
    await world.rules.evaluate(at * minute);
    told.push(world.take(world.told));
  }
  const firing = ['firing {alertname="Down", i="a"}'];
  expect(told).toEqual([[], firing, [], firing, [], ['resolved {alertname="Down", i="a"}'], [], []]);
});

test('a resolved alert is remembered for 15 minutes', async () => {
  const world = new World();
  await world.load(file(''));
  world.answers.set('up == 0', { 'i=a': 0 });
  await world.rules.evaluate(0);
  world.answers.set('up == 0', {});
  await world.rules.evaluate(minute);
  await world.rules.evaluate(16 * minute);
  expect(world.states()).toEqual(['resolved {alertname="Down", i="a"}']);
  expect(world.rules.alerts()).toEqual([]);
  await world.rules.evaluate(16 * minute + 1);
  expect(world.states()).toEqual([]);
});
