/** Alerting as a screen asks for it: the engine whole, on a clock of the test, through the contract. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Client, In, Item, SignalboxContract } from '#core/contract/index.ts';
import type { EngineOptions } from '#core/engine.ts';
import { practiceStopped } from '#core/practice/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { clientOf, engineOn } from '../../support/engine.ts';
import { tempFolder } from '../../support/folder.ts';

const minute = 60_000;
const ruleText = `groups:
  - name: g
    interval: 10s
    rules:
      - alert: Always
        expr: vector(1) > 0
        labels: {severity: page}
        annotations: {summary: it holds}
      - alert: Missing
        expr: requests_total{job="gone"} > 5
      - record: far
        expr: avg_over_time(up[30d])
`;
const routeText = `route:
  receiver: team
  group_wait: 10s
  group_by: [alertname]
  routes:
    - matchers: [severity="page"]
      receiver: on-call
      mute_time_intervals: [nights]
receivers: [{name: team, log_configs: [{}]}, {name: on-call, log_configs: [{}]}]
time_intervals: [{name: nights, time_intervals: [{times: [{start_time: '00:00', end_time: '02:00'}]}]}]
`;

interface Desk {
  readonly clock: ManualClock;
  readonly client: Client<SignalboxContract>;
  readonly dataDir: string;
  /** What a stream says now. */
  readonly now: <K extends 'alerts.watch' | 'alerts.groups' | 'silences.watch' | 'rules.watch'>(name: K) => Promise<Item<SignalboxContract[K]>>;
}

async function open(practice?: EngineOptions['practice']): Promise<Desk> {
  const clock = new ManualClock();
  const dataDir = tempFolder();
  writeFileSync(join(dataDir, 'signalbox.yml'), 'global: {evaluation_interval: 10s}\nrule_files: [rules.yml]\n');
  writeFileSync(join(dataDir, 'rules.yml'), ruleText);
  writeFileSync(join(dataDir, 'alertmanager.yml'), routeText);
  const engine = await engineOn(dataDir, clock, practice === undefined ? {} : { practice });
  onTestFinished(() => engine.close());
  const client = clientOf(engine);
  const desk: Desk = {
    clock,
    client,
    dataDir,
    now: async (name) => {
      const { promise, resolve } = Promise.withResolvers<Item<SignalboxContract[typeof name]>>();
      const close = client.open(name, {} as In<SignalboxContract[typeof name]>, resolve);
      const state = await promise;
      close();
      return state;
    },
  };
  await clock.advance(30_000);
  return desk;
}

describe('silences', () => {
  test('what one would do, setting it, what it keeps quiet, and its end', async () => {
    const { client, clock, now } = await open();
    expect(await client.call('silences.preview', { matchers: 'severity="page"' })).toMatchObject({
      problem: '',
      matchers: '{severity="page"}',
      firingCount: 1,
      matchedCount: 1,
      matched: [{ name: 'Always', severity: 'page' }],
      warnings: ['It names no alertname: alerts that nobody has thought of yet will be quiet too.'],
      similar: [],
    });
    expect((await client.call('silences.preview', { matchers: 'severity=~".*"' })).problem).toMatch(/silence everything/);
    expect((await client.call('silences.preview', { matchers: 'sever' })).problem).toMatch(/bad matcher/);
    const endsMs = clock.now() + 60 * minute;
    const { id } = await client.call('silences.set', { matchers: 'alertname="Always"', endsMs, comment: 'disk swap', by: 'Ada' });
    expect(await now('silences.watch')).toMatchObject([{ id, state: 'active', matchedCount: 1, createdBy: 'Ada', comment: 'disk swap' }]);
    expect(await now('alerts.watch')).toMatchObject([{ silencedBy: [id], receivers: ['on-call'] }]);
    const preview = await client.call('silences.preview', { matchers: 'severity="page", alertname="Always"' });
    expect(preview.similar).toMatchObject([{ why: 'covers 1 of the same alerts', silence: { id } }]);
    await client.call('silences.expire', { id, by: 'Grace' });
    expect(await now('silences.watch')).toMatchObject([{ id, state: 'expired', matchedCount: 0 }]);
    expect((await now('alerts.watch'))[0]!.silencedBy).toEqual([]);
    await expect(client.call('silences.expire', { id, by: 'Grace' })).rejects.toThrow('ended at');
  });
});

describe('why was I (not) paged?', () => {
  test('from the rule to the receiver, and for what never fired', async () => {
    const { client, clock, now } = await open();
    await clock.advance(minute);
    const [alert] = await now('alerts.watch');
    const why = await client.call('alerts.why', { alert: alert!.id, timeMs: clock.now() });
    expect(why.paged).toBe(true);
    expect(why.steps.map(({ stage, passed }) => `${stage} ${passed}`)).toEqual(['rule yes', 'expression yes', 'route yes', 'tell yes']);
    expect(why.steps.at(-1)!.place).toBe('alertmanager.yml:6');
    expect(why.record.map(({ kind }) => kind)).toContain('sent');
    expect((await client.call('alerts.record', { alert: alert!.id })).map(({ kind }) => kind)).toContain('routed');
    const byName = await client.call('alerts.why', { labels: [{ name: 'alertname', value: 'Always' }], timeMs: clock.now() });
    expect(byName).toMatchObject({ alert: alert!.id, paged: true, alike: [] });
    const missing = await client.call('alerts.why', { labels: [{ name: 'alertname', value: 'Missing' }], timeMs: clock.now() });
    expect(missing.paged).toBe(false);
    expect(missing.steps[1]!.sentence).toMatch(/^requests_total\{job="gone"\} found no series at /);
    expect(missing.answer).toMatch(/Had it fired: team would be told after 10s/);
    await expect(client.call('alerts.why', { timeMs: clock.now() })).rejects.toThrow('name an alert');
  });
});

describe('routes', () => {
  test('the tree, and what it does with labels at a time', async () => {
    const { client, clock } = await open();
    const tree = await client.call('routes.tree', {});
    expect(tree.root).toMatchObject({ receiver: 'team', alertCount: 0, routes: [{ receiver: 'on-call', alertCount: 1, muteIntervals: ['nights'] }] });
    const labels = [{ name: 'severity', value: 'page' }];
    const [taken] = (await client.call('routes.test', { labels })).taken;
    expect(taken).toMatchObject({ route: { receiver: 'on-call', place: 'alertmanager.yml:6', groupWaitMs: 10_000 }, mutedBy: [] });
    expect(taken!.path).toHaveLength(2);
    const night = Math.floor(clock.now() / 86_400_000) * 86_400_000 + 60 * minute;
    expect((await client.call('routes.test', { labels, timeMs: night })).taken[0]!.mutedBy).toEqual(['nights']);
  });

  test('an alert that is resolved, and still waits for its receivers to be told, is counted no more', async () => {
    const { client, clock, now, dataDir } = await open();
    await clock.advance(minute);
    const quiet = ruleText.replace('vector(1) > 0', 'vector(1) > 1');
    await client.call('rules.save', { file: join(dataDir, 'rules.yml'), text: quiet, by: 'Ada' });
    await clock.advance(20_000);
    expect((await now('alerts.watch')).map(({ state }) => state)).toEqual(['resolved']);
    expect((await now('alerts.groups')).map(({ alerts }) => alerts.length)).toEqual([1]);
    expect((await client.call('routes.tree', {})).root.routes).toMatchObject([{ alertCount: 0 }]);
  });
});

describe('rules', () => {
  test('say how they are evaluated', async () => {
    const { now } = await open();
    const [group] = (await now('rules.watch')).groups;
    expect(group!.rules.map(({ askedBecause }) => askedBecause)).toEqual(['', '', expect.stringMatching(/^it reads 30d of /) as string]);
  });

  test('are checked and previewed as they are typed, and saved only when they can be read', async () => {
    const { client, dataDir } = await open();
    const file = join(dataDir, 'rules.yml');
    const check = await client.call('rules.check', { file, text: ruleText });
    expect(check.problems).toEqual([]);
    expect(check.now.map(({ name, count, problem }) => [name, count, problem])).toEqual([
      ['Always', 1, ''],
      ['Missing', 0, ''],
      ['far', 1, ''],
    ]);
    expect(check.findings.map(({ rule, pitfall }) => `${rule} ${pitfall}`)).toContain('Missing raw-counter');
    const broken = ruleText.replace('vector(1) > 0', 'vector(1 > 0');
    expect((await client.call('rules.check', { file, text: broken })).problems).toMatchObject([{ line: 6 }]);
    await expect(client.call('rules.save', { file, text: broken, by: 'Ada' })).rejects.toThrow('rules.yml:6');
    await client.call('rules.save', { file, text: ruleText.replace('Missing', 'Gone'), by: 'Ada' });
    expect(readFileSync(file, 'utf8')).toContain('alert: Gone');
    await expect(client.call('rules.save', { file: '/etc/passwd', text: ruleText, by: 'Ada' })).rejects.toThrow('no rule file');
  });

  test('tried on stored time, the difference is told', async () => {
    const { client, clock } = await open();
    await clock.advance(40 * minute);
    const [endMs, startMs] = [clock.now(), clock.now() - 30 * minute];
    const rules = (expr: string): string => `groups: [{name: lab, interval: 1m, rules: [{alert: Late, expr: '${expr}', labels: {severity: page}}]}]`;
    const from = (atMs: number): string => `vector(time()) > ${atMs / 1000}`;
    const trial = {
      before: { rules: rules(from(startMs + 20 * minute)), routes: '' },
      after: { rules: rules(from(startMs + 9 * minute)), routes: '' },
    };
    const answer = await client.call('rules.lab', { dataset: 'live', ...trial, startMs, endMs });
    expect(answer.differences).toEqual([
      { name: '', sentence: 'pages once as before, first 11 min earlier' },
      { name: 'Late', sentence: 'fires 11 min earlier' },
    ]);
    expect(answer.after.pages[0]).toMatchObject({ receiver: 'on-call', resolved: false, alertCount: 1 });
    const quiet = { ...trial.before, routes: 'route: {receiver: none}\nreceivers: [{name: none}]\n' };
    expect((await client.call('rules.lab', { dataset: 'live', before: trial.before, after: quiet, startMs, endMs })).differences).toEqual([
      { name: '', sentence: 'pages nobody instead of once' },
    ]);
    await expect(client.call('rules.lab', { dataset: 'nowhere', ...trial, startMs, endMs })).rejects.toThrow('there is no case "nowhere"');
  });

  test('the account of noise', async () => {
    const { client, clock, now } = await open();
    await clock.advance(minute);
    const [alert] = await now('alerts.watch');
    await client.call('alerts.ack', { alert: alert!.id, by: 'Ada' });
    const noise = await client.call('rules.noise', { sinceMs: clock.now() - 60 * minute });
    expect(noise.rules).toMatchObject([{ name: 'Always', fired: 1, pages: 1, actedOn: 1 }]);
    expect(noise.unmatched).toMatchObject([{ rule: 'Missing', selector: 'requests_total{job="gone"}' }]);
    expect(noise.unroutable.map(({ labels }) => labels)).toEqual([['alertname', 'Missing']]);
  });
});

test('an objective from the form is a file, and is listed with what is left', async () => {
  const { client, clock, dataDir } = await open();
  const draft = {
    service: 'shop',
    name: 'checkout',
    title: '',
    description: '',
    objective: 99,
    periodMs: 30 * 86_400_000,
    indicator: { kind: 'threshold' as const, query: 'vector(1)', op: '<' as const, value: 5 },
    alerts: [3_600_000],
    minEvents: 0,
  };
  expect(await client.call('slos.draft', draft)).toMatchObject({ problem: '', fileName: 'shop-checkout.yml', remaining: 1 });
  const { path } = await client.call('slos.save', { draft, by: 'Ada' });
  expect(path).toBe(join(dataDir, 'slos/shop-checkout.yml'));
  await clock.advance(5000);
  const { slos } = await client.call('slos.list', {});
  expect(slos).toMatchObject([{ id: 'shop-checkout', objective: 99, remaining: 1, problem: '', alerts: [{ severity: 'page', longMs: 3_600_000 }] }]);
  expect(slos[0]!.alerts[0]!.factor).toBeCloseTo(14.4);
  expect(slos[0]!.forecast).toBe('nothing is being spent');
});

describe('objectives that are there', () => {
  const base = {
    service: 'shop',
    name: 'checkout',
    title: 'Orders: "all"',
    description: 'two\nlines',
    objective: 99.95,
    periodMs: 28 * 86_400_000,
    indicator: { kind: 'threshold' as const, query: 'vector(1)', op: '<' as const, value: 5 },
    alerts: [3_600_000, 259_200_000],
    minEvents: 20,
  };
  const events = { kind: 'events' as const, of: 'bad' as const, query: 'errors_total{code=~"5.."}', total: 'requests_total' };
  const latency = { kind: 'latency' as const, metric: 'took_seconds', matchers: 'job="a", path!="/x"', seconds: 0.3, histogram: 'classic' as const };

  test.each([
    ['a gauge', base.indicator],
    ['events', events],
    ['a classic latency', latency],
    ['a latency of every request', { ...latency, matchers: '' }],
    ['a native latency', { ...latency, histogram: 'native' as const, seconds: 1.5 }],
  ])('%s comes back to the form as it was', async (_name, indicator) => {
    const { client, clock } = await open();
    const draft = { ...base, indicator };
    await client.call('slos.save', { draft, by: 'Ada' });
    await clock.advance(5000);
    expect((await client.call('slos.list', {})).slos).toMatchObject([{ draft, byText: '' }]);
  });

  test('are changed, renamed and taken away, and nothing else is lost', async () => {
    const { client, clock, dataDir } = await open();
    const ids = async (): Promise<string[]> => {
      await clock.advance(5000);
      return (await client.call('slos.list', {})).slos.map(({ id }) => id);
    };
    await client.call('slos.save', { draft: base, by: 'Ada' });
    await client.call('slos.save', { draft: { ...base, name: 'search' }, by: 'Ada' });
    expect(await ids()).toEqual(['shop-checkout', 'shop-search']);
    await expect(client.call('slos.save', { draft: base, by: 'Ada' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(client.call('slos.save', { draft: { ...base, name: 'search' }, replaces: 'shop-checkout', by: 'Ada' })).rejects.toThrow(
      /there is an objective shop-search already: .*shop-search.yml:\d+/,
    );
    const { path } = await client.call('slos.save', { draft: { ...base, name: 'pay', objective: 90 }, replaces: 'shop-checkout', by: 'Ada' });
    expect(path).toBe(join(dataDir, 'slos/shop-pay.yml'));
    expect(await ids()).toEqual(['shop-pay', 'shop-search']);
    expect(existsSync(join(dataDir, 'slos/shop-checkout.yml'))).toBe(false);
    await client.call('slos.remove', { id: 'shop-search', by: 'Ada' });
    expect(await ids()).toEqual(['shop-pay']);
    await expect(client.call('slos.remove', { id: 'shop-search', by: 'Ada' })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('of files that the form would harm are edited as text, with what would change', async () => {
    const { client, clock, dataDir } = await open();
    const { path } = await client.call('slos.save', { draft: base, by: 'Ada' });
    await clock.advance(5000);
    const { text } = await client.call('slos.file', { file: path });
    const byText = async (changed: string): Promise<string> => {
      writeFileSync(path, changed);
      await clock.advance(5000);
      return (await client.call('slos.list', {})).slos[0]!.byText;
    };
    expect(await byText(`# ours\n${text}`)).toBe('its file holds comments, which the form would lose');
    expect(await byText(text.replace('  name: checkout\n', '  name: checkout\n  labels:\n    team: pay\n'))).toBe(
      'its file says more than the form knows: metadata.labels.team',
    );
    expect(await byText(`${text}---\n${text.replace('name: checkout', 'name: other')}`)).toBe('its file holds 2 objectives');
    await expect(client.call('slos.save', { draft: base, replaces: 'shop-checkout', by: 'Ada' })).rejects.toMatchObject({ code: 'conflict' });
    const two = await client.call('slos.file', { file: path });
    expect(await client.call('slos.check', { file: path, text: two.text.replace('name: other', 'nam: other') })).toMatchObject({
      problems: [{ line: expect.any(Number) as number, sentence: expect.stringContaining('shop-checkout.yml') as string }],
    });
    const changed = two.text.replace('name: other', 'name: third');
    expect((await client.call('slos.check', { file: path, text: changed })).effects).toEqual([
      { id: 'shop-other', change: 'gone', remainingNow: 1, remaining: undefined, problem: '' },
      { id: 'shop-third', change: 'new', remainingNow: undefined, remaining: 1, problem: '' },
    ]);
    expect((await client.call('slos.check', { file: path, text: `# only words\n${two.text}` })).effects).toEqual([]);
    await expect(client.call('slos.saveFile', { file: path, text: 'kind: [', by: 'Ada' })).rejects.toMatchObject({ code: 'invalid' });
    await client.call('slos.saveFile', { file: path, text: changed, by: 'Ada' });
    expect(readFileSync(path, 'utf8')).toBe(changed);
    await expect(client.call('slos.file', { file: join(dataDir, 'rules.yml') })).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('what comes with Signalbox is no file: it is shown, and cannot be saved', async () => {
  const { client } = await open({ wish: () => undefined, watch: (act) => queueMicrotask(() => act({ ...practiceStopped, running: true })) });
  const file = 'practice system';
  const [rules, slos] = [await client.call('rules.file', { file }), await client.call('slos.file', { file })];
  expect([rules.editable, slos.editable]).toEqual([false, false]);
  const refused = /practice system can be tried, not saved: it comes with Signalbox/;
  await expect(client.call('rules.save', { file, text: rules.text, by: 'Ada' })).rejects.toThrow(refused);
  await expect(client.call('slos.saveFile', { file, text: slos.text, by: 'Ada' })).rejects.toThrow(refused);
  expect(existsSync(file)).toBe(false);
});
