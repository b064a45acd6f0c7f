import { describe, expect, onTestFinished, test } from 'vitest';
import { SourceDesk } from '#core/answers/index.ts';
import type { SourcesView } from '#core/contract/index.ts';
import { parseSignalboxConfig } from '#core/formats/index.ts';
import { createReceiver, createScraper, Ledger, Overload } from '#core/intake/index.ts';
import { labelsFromRecord, labelValue } from '#core/model/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { otlpTraces, spanOf } from '../../support/spans.ts';

const config = `scrape_configs:
- job_name: shop
  static_configs:
  - targets: ['127.0.0.1:1']
    labels: {env: prod}
  - targets: ['127.0.0.1:2']
    labels: {env: staging}
  - targets: ['127.0.0.1:3']
    labels: {env: prod, __scheme__: gopher}
  relabel_configs:
  - {action: keep, source_labels: [env], regex: prod}
  - {source_labels: [__address__], regex: '(.*):.*', target_label: host, replacement: '$1'}
  metric_relabel_configs:
  - {action: drop, source_labels: [__name__], regex: go_.*}
tail_sampling: {decision_wait: 1s, policies: [{name: errors, type: status_code, status_code: {status_codes: [ERROR]}}]}
`;

async function deskOf() {
  const clock = new ManualClock();
  const folder = tempFolder();
  const store = openTsdb({ folder, clock });
  const traces = openTraces({ folder, clock });
  const ledger = new Ledger();
  const scraper = createScraper({ store, clock, ledger });
  const overload = new Overload({
    clock,
    memory: { used: () => 0, max: () => 1 },
    disk: () => ({ free: 1e12, total: 1e12 }),
    onChange: () => undefined,
  });
  const receiver = createReceiver({ store, traces, clock, ledger, folder, overload });
  const settings = parseSignalboxConfig(config, 's.yml');
  await scraper.apply(settings.scrapeConfigs, settings.limits, folder);
  await receiver.configure(settings.spanMetrics, settings.tailSampling);
  onTestFinished(async () => {
    await scraper.stop();
    await receiver.stop();
    await traces.close();
    await store.close();
  });
  const desk = new SourceDesk({ clock, report: (problem) => expect(problem).toBe(''), scraper, receiver, ledger, overload });
  const push = (path: string, body: string, headers = {}): Promise<unknown> =>
    receiver.receive({ port: 'app', method: 'POST', path, query: '', headers, body: Buffer.from(body) });
  return { clock, handlers: desk.handlers(), push };
}

const call = { signal: new AbortController().signal } as never;

describe('sources', () => {
  test('targets as they were found, and what each rule does to their labels', async () => {
    const { handlers } = await deskOf();
    const { targets } = await handlers['targets.discovered']({ job: 'shop' }, call);
    expect(targets.map(({ labels, state, url }) => [labelValue(labels, '__address__'), state, url])).toEqual([
      ['127.0.0.1:1', 'kept', 'http://127.0.0.1:1/metrics'],
      ['127.0.0.1:2', 'dropped', ''],
      ['127.0.0.1:3', 'unusable', ''],
    ]);
    expect(targets[2]!.problem).toContain('is not http or https');
    const steps = await handlers['targets.relabelSteps']({ job: 'shop', stage: 'target', labels: [...targets[0]!.labels] }, call);
    expect(steps.map(({ line, rule }) => [line, rule])).toEqual([
      [11, 'action: keep, source_labels: [env], regex: prod'],
      [12, 'action: replace, source_labels: [__address__], regex: (.*):.*, target_label: host'],
    ]);
    expect(labelValue(steps[1]!.after!, 'host')).toBe('127.0.0.1');
    const dropped = await handlers['targets.relabelSteps']({ job: 'shop', stage: 'target', labels: [...targets[1]!.labels] }, call);
    expect(dropped.map(({ after }) => after)).toEqual([undefined]);
    const metric = { job: 'shop', stage: 'metric' as const, labels: [...labelsFromRecord({ __name__: 'go_gc' })] };
    expect((await handlers['targets.relabelSteps'](metric, call))[0]!.after).toBeUndefined();
    expect(() => handlers['targets.discovered']({ job: 'nobody' }, call)).toThrow(/no scrape config has the job_name "nobody"/);
  });

  test('the account, pushed groups and sampling are watched; a group is deleted; a trace says who decided', async () => {
    const { clock, handlers, push } = await deskOf();
    const seen: SourcesView[] = [];
    await push('/metrics/job/backup', 'a 1\n');
    await push(...otlpTraces([spanOf(1, { status: 'error' }), spanOf(2)]));
    await clock.advance(3_000);
    handlers['sources.watch']({}, (view) => void seen.push(view), call);
    await clock.advance(0);
    const view = seen.at(-1)!;
    expect(view.jobs).toEqual(['shop']);
    expect(view.pushed).toMatchObject([{ labels: ['job', 'backup'], seriesCount: 1 }]);
    expect(view.sources.find(({ source }) => source === 'otlp_traces')).toEqual({
      source: 'otlp_traces',
      received: 2,
      stored: 1,
      rejected: [{ reason: 'not_sampled', count: 1 }],
      shed: [],
    });
    expect(view.sampling).toMatchObject({ policies: ['errors'], keptTraces: 1, droppedTraces: 1, waitingSpans: 0 });
    expect(view.overload).toMatchObject({ level: 0, name: 'none' });
    expect(await handlers['sources.sampling']({ traceId: spanOf(2).traceId }, call)).toMatchObject({ kept: false, policy: '' });
    expect(await handlers['sources.sampling']({ traceId: spanOf(3).traceId }, call)).toBeNull();
    clock.jump(1);
    await handlers['sources.deletePushed']({ labels: ['job', 'backup'] }, call);
    await clock.advance(1_000);
    expect(seen.at(-1)!.pushed).toEqual([]);
  });
});
