import { describe, expect, test } from 'vitest';
import { parseSignalboxConfig, type TailSamplingConfig } from '#core/formats/index.ts';
import type { Span } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { attributeOf, otlpTraces, spanOf } from '../../support/spans.ts';

const quiet = parseSignalboxConfig('span_metrics: {enabled: false}', 's.yml').spanMetrics;
const sampling = (yaml: string): TailSamplingConfig => parseSignalboxConfig(`tail_sampling:\n${yaml}`, 'signalbox.yml').tailSampling!;
const policies = (...list: string[]): TailSamplingConfig => sampling(`  decision_wait: 10s\n  policies: [${list.join(', ')}]\n`);
const idOf = (trace: number): string => trace.toString(16).padStart(32, '0');

class Scene extends ReceiveScene {
  static readonly wait = 11_000;

  /** Which of these traces are stored. */
  kept(...traces: readonly number[]): readonly number[] {
    return traces.filter((trace) => this.traces.spans(idOf(trace)).length > 0);
  }
}

async function sceneOf(config: TailSamplingConfig, clock = new ManualClock(), folder?: string): Promise<{ scene: Scene; clock: ManualClock }> {
  const scene = folder === undefined ? new Scene(clock) : new Scene(clock, folder);
  await scene.receiver.configure(quiet, config);
  return { scene, clock };
}

/** Sends the traces one by one, waits for their decisions, and answers which were kept. */
async function keptBy(config: TailSamplingConfig, traces: readonly (readonly Span[])[]): Promise<boolean[]> {
  const { scene, clock } = await sceneOf(config);
  await scene.send(...otlpTraces(traces.flat()));
  await clock.advance(Scene.wait);
  return traces.map((spans) => scene.traces.spans(spans[0]!.traceId).length === spans.length);
}

const key = (name: string, value: string | number | boolean): Partial<Span> => ({ attributes: [attributeOf(name, value)] });
const always = '{name: all, type: always_sample}';

/** A policy, traces 1, 2, 3..., and which of them it keeps. */
const table: readonly (readonly [
  what: string,
  policy: string,
  traces: readonly (readonly Partial<Parameters<typeof spanOf>[1] & object>[])[],
  kept: readonly boolean[],
])[] = [
  ['always_sample', always, [[{}]], [true]],
  [
    'latency',
    '{name: slow, type: latency, latency: {threshold_ms: 100}}',
    [[{ tookMs: 99 }], [{ tookMs: 100 }], [{ tookMs: 60 }, { tookMs: 60, startNs: 1_767_582_000_050_000_000n }]],
    [false, true, true],
  ],
  [
    'latency between',
    '{name: slow, type: latency, latency: {threshold_ms: 100, upper_threshold_ms: 200}}',
    [[{ tookMs: 100 }], [{ tookMs: 101 }], [{ tookMs: 200 }], [{ tookMs: 201 }]],
    [false, true, true, false],
  ],
  [
    'status_code',
    '{name: errors, type: status_code, status_code: {status_codes: [ERROR]}}',
    [[{}], [{}, { status: 'error' }], [{ status: 'ok' }]],
    [false, true, false],
  ],
  [
    'span_count',
    '{name: n, type: span_count, span_count: {min_spans: 2, max_spans: 3}}',
    [[{}], [{}, {}], [{}, {}, {}], [{}, {}, {}, {}]],
    [false, true, true, false],
  ],
  [
    'string_attribute',
    '{name: s, type: string_attribute, string_attribute: {key: k, values: [a, b]}}',
    [[key('k', 'a')], [key('k', 'ab')], [key('x', 'a')], [{}, key('k', 'b')], [key('k', 1)]],
    [true, false, false, true, false],
  ],
  [
    'string_attribute of the resource',
    '{name: s, type: string_attribute, string_attribute: {key: service.name, values: [shop]}}',
    [[{}], [{ service: 'other' }]],
    [true, false],
  ],
  [
    'string_attribute by expression',
    "{name: s, type: string_attribute, string_attribute: {key: k, values: ['^/api/.*', health], enabled_regex_matching: true, cache_max_size: 10}}",
    [[key('k', '/api/x')], [key('k', 'x/api/')], [key('k', '/healthz')]],
    [true, false, true],
  ],
  [
    'string_attribute inverted',
    '{name: s, type: string_attribute, string_attribute: {key: k, values: [a], invert_match: true}}',
    [[key('k', 'a')], [key('k', 'b')], [{}]],
    [false, true, true],
  ],
  [
    'numeric_attribute',
    '{name: n, type: numeric_attribute, numeric_attribute: {key: k, min_value: 50, max_value: 100}}',
    [[key('k', 49)], [key('k', 50)], [key('k', 100)], [key('k', 101)], [key('k', '60')]],
    [false, true, true, false, false],
  ],
  [
    'numeric_attribute without an upper bound',
    '{name: n, type: numeric_attribute, numeric_attribute: {key: k, min_value: 500}}',
    [[key('k', 499)], [key('k', 5000)]],
    [false, true],
  ],
  [
    'boolean_attribute',
    '{name: b, type: boolean_attribute, boolean_attribute: {key: k, value: true}}',
    [[key('k', true)], [key('k', false)], [key('k', 'true')]],
    [true, false, false],
  ],
  [
    'trace_state',
    '{name: t, type: trace_state, trace_state: {key: v, values: [x, y]}}',
    [[{ traceState: 'a=b,v=y' }], [{ traceState: 'v=z' }], [{}]],
    [true, false, false],
  ],
  ['trace_flags', '{name: f, type: trace_flags}', [[{ flags: 1 }], [{ flags: 0 }], [{ flags: 0 }, { flags: 0x101 }]], [true, false, true]],
  [
    'and',
    '{name: a, type: and, and: {and_sub_policy: [{name: e, type: status_code, status_code: {status_codes: [ERROR]}}, {name: l, type: latency, latency: {threshold_ms: 50}}]}}',
    [[{ status: 'error' }], [{ status: 'error', tookMs: 60 }], [{ tookMs: 60 }]],
    [false, true, false],
  ],
  [
    'not',
    '{name: n, type: not, not: {not_sub_policy: {name: e, type: status_code, status_code: {status_codes: [ERROR]}}}}',
    [[{ status: 'error' }], [{}]],
    [false, true],
  ],
  [
    'drop outweighs',
    `${always}, {name: d, type: drop, drop: {drop_sub_policy: [{name: h, type: string_attribute, string_attribute: {key: url.path, values: [/health]}}]}}`,
    [[key('url.path', '/health')], [key('url.path', '/x')]],
    [false, true],
  ],
  [
    'an inverted no outweighs a yes',
    `${always}, {name: s, type: string_attribute, string_attribute: {key: k, values: [a], invert_match: true}}`,
    [[key('k', 'a')], [{}]],
    [false, true],
  ],
  [
    'an inverted yes gives way to a no',
    '{name: s, type: string_attribute, string_attribute: {key: k, values: [a], invert_match: true}}, {name: e, type: status_code, status_code: {status_codes: [ERROR]}}',
    [[{}], [{ status: 'error' }]],
    [false, true],
  ],
];

describe('policies', () => {
  test.each(table)('%s', async (_, policy, traces, kept) => {
    const made = traces.map((spans, i) => spans.map((fields) => spanOf(i + 1, fields)));
    expect(await keptBy(policies(policy), made)).toEqual(kept);
  });

  test('probabilistic keeps its share, the same traces always, others with another salt', async () => {
    const traces = Array.from({ length: 2000 }, (_, i) => [spanOf(0x1000 + i * 7919)]);
    const [first, again, salted] = await Promise.all(
      ['', '', ', hash_salt: other'].map((salt) =>
        keptBy(policies(`{name: p, type: probabilistic, probabilistic: {sampling_percentage: 25${salt}}}`), traces),
      ),
    );
    expect(first!.filter(Boolean).length / 2000).toBeGreaterThan(0.22);
    expect(first!.filter(Boolean).length / 2000).toBeLessThan(0.28);
    expect(again).toEqual(first);
    expect(salted).not.toEqual(first);
    expect(await keptBy(policies('{name: p, type: probabilistic, probabilistic: {sampling_percentage: 100}}'), traces.slice(0, 50))).not.toContain(
      false,
    );
  });

  test('rate_limiting takes twice a second at once, then as many as come back; what is too large never', async () => {
    const { scene, clock } = await sceneOf(policies('{name: r, type: rate_limiting, rate_limiting: {spans_per_second: 2}}'));
    await scene.send(...otlpTraces([1, 2, 3, 4, 5, 6].map((trace) => spanOf(trace))));
    await clock.advance(Scene.wait);
    expect(scene.kept(1, 2, 3, 4, 5, 6)).toEqual([1, 2, 3, 4]);
    await scene.send(...otlpTraces([...Array.from({ length: 5 }, () => spanOf(7)), spanOf(8)]));
    await clock.advance(Scene.wait);
    expect(scene.kept(7, 8)).toEqual([8]);
  });

  test('bytes_limiting', async () => {
    const { scene, clock } = await sceneOf(
      policies('{name: b, type: bytes_limiting, bytes_limiting: {bytes_per_second: 1000, burst_capacity: 1500}}'),
    );
    await scene.send(
      ...otlpTraces([spanOf(1, key('k', 'x'.repeat(2000))), spanOf(2, key('k', 'x'.repeat(1000))), spanOf(3, key('k', 'x'.repeat(1000)))]),
    );
    await clock.advance(Scene.wait);
    expect(scene.kept(1, 2, 3)).toEqual([2]);
  });

  test('composite gives each part its share, in order', async () => {
    const part = (name: string): string => `{name: ${name}, type: string_attribute, string_attribute: {key: k, values: [${name}]}}`;
    const { scene, clock } = await sceneOf(
      policies(
        `{name: c, type: composite, composite: {max_total_spans_per_second: 8, policy_order: [b, a, rest], composite_sub_policy: [${part('a')}, ${part('b')}, {name: rest, type: always_sample}], rate_allocation: [{policy: a, percent: 50}, {policy: b, percent: 25}]}}`,
      ),
    );
    const tens = (from: number, value: string): Span[] => Array.from({ length: 10 }, (_, i) => spanOf(from + i, key('k', value)));
    await scene.send(...otlpTraces([...tens(10, 'a'), ...tens(20, 'b'), ...tens(30, 'c')]));
    await clock.advance(Scene.wait);
    const count = (from: number): number => scene.kept(...Array.from({ length: 10 }, (_, i) => from + i)).length;
    expect([count(10), count(20), count(30)]).toEqual([4, 2, 2]);
    expect(scene.receiver.samplingDecision(idOf(10))).toMatchObject({ kept: true, policy: 'c', part: 'a' });
    expect(scene.traces.spans(idOf(10))[0]!.attributes.slice(1)).toEqual([
      attributeOf('tailsampling.policy', 'c'),
      attributeOf('tailsampling.composite_policy', 'a'),
    ]);
  });

  test.each([
    ['{name: o, type: ottl_condition}', /signalbox.yml:3: a policy of the type ottl_condition is not yet supported/],
    ['{name: o, type: latency}', /the sampling policy "o" needs the field "latency"/],
    ['{name: o, type: latenzy}', /not one of .*did you mean "latency"/],
    ['{name: o, type: latency, span_count: {}, latency: {threshold_ms: 1}}', /has the type latency and the fields of span_count/],
    [
      '{name: o, type: string_attribute, string_attribute: {key: k, values: ["("], enabled_regex_matching: true}}',
      /signalbox.yml:3: .*regular expression/,
    ],
    [`${always}, ${always}`, /needs a name of its own/],
    ['{name: c, type: composite, composite: {max_total_spans_per_second: 1, policy_order: [x], composite_sub_policy: []}}', /policy_order names "x"/],
  ])('%s is refused', (policy, reason) => {
    expect(() => policies(policy)).toThrow(reason);
  });
});

describe('waiting', () => {
  const errors = '{name: errors, type: status_code, status_code: {status_codes: [ERROR]}}';

  test('nothing is stored before the decision; the account says what became of each span', async () => {
    const { scene, clock } = await sceneOf(policies(errors));
    await scene.send(...otlpTraces([spanOf(1), spanOf(2)]));
    await clock.advance(9_000);
    await scene.send(...otlpTraces([spanOf(1, { status: 'error' })]));
    expect([scene.kept(1, 2), scene.account('otlp_traces')]).toEqual([[], {}]);
    expect(scene.receiver.samplingStatus(10)).toMatchObject({ waitingTraces: 2, waitingSpans: 3, policies: ['errors'] });
    await clock.advance(2_000);
    expect(scene.traces.spans(idOf(1)).map(({ attributes }) => attributes)).toEqual([
      [attributeOf('tailsampling.policy', 'errors')],
      [attributeOf('tailsampling.policy', 'errors')],
    ]);
    expect(scene.account('otlp_traces')).toEqual({ received: 3, stored: 2, not_sampled: 1 });
    const { decisions, ...status } = scene.receiver.samplingStatus(10)!;
    expect(decisions.map(({ traceId, kept, policy, spanCount }) => [traceId, kept, policy, spanCount])).toEqual(
      expect.arrayContaining([
        [idOf(1), true, 'errors', 2],
        [idOf(2), false, '', 1],
      ]),
    );
    expect(status).toMatchObject({ waitingTraces: 0, waitingSpans: 0, keptTraces: 1, droppedTraces: 1, earlyTraces: 0 });
  });

  test('late spans follow their trace, also in the next process', async () => {
    const folder = tempFolder();
    const { scene, clock } = await sceneOf(policies(errors), undefined, folder);
    await scene.send(...otlpTraces([spanOf(1, { status: 'error' }), spanOf(2)]));
    await clock.advance(Scene.wait);
    await scene.send(...otlpTraces([spanOf(1), spanOf(2, { status: 'error' })]));
    expect(scene.account('otlp_traces')).toEqual({ received: 4, stored: 2, not_sampled: 2 });
    expect(scene.traces.spans(idOf(1)).map(({ attributes }) => attributes.length)).toEqual([1, 2]);
    await scene.receiver.stop();
    const { scene: next } = await sceneOf(policies(errors), clock, folder);
    await next.send(...otlpTraces([spanOf(1), spanOf(2, { status: 'error' })]));
    expect(next.account('otlp_traces')).toEqual({ received: 2, stored: 1, not_sampled: 1 });
  });

  test('what waits survives the process, and is decided by the next one exactly once', async () => {
    const folder = tempFolder();
    const { scene, clock } = await sceneOf(policies(errors), undefined, folder);
    await scene.send(...otlpTraces([spanOf(1, { status: 'error' })]));
    await clock.advance(6_000);
    await scene.send(...otlpTraces([spanOf(1), spanOf(2, { status: 'error', attributes: [attributeOf('n', 7), attributeOf('x', 0.5)] }), spanOf(3)]));
    await clock.advance(5_000); // trace 1 is decided, its second push also holds 2 and 3, which are not
    expect(scene.kept(1, 2, 3)).toEqual([1]);
    const later = new ManualClock(clock.now()); // the first scene's clock stands still: its process was killed
    const { scene: next } = await sceneOf(policies(errors), later, folder);
    await later.advance(Scene.wait);
    expect(next.kept(1, 2, 3)).toEqual([1, 2]);
    expect(next.traces.spans(idOf(1))).toHaveLength(2);
    expect(new Set(next.traces.spans(idOf(2))[0]!.attributes)).toEqual(
      new Set([attributeOf('n', 7), attributeOf('x', 0.5), attributeOf('tailsampling.policy', 'errors')]),
    );
    expect(next.account('otlp_traces')).toEqual({ received: 2, stored: 1, not_sampled: 1 });
    const { scene: third } = await sceneOf(policies(errors), new ManualClock(later.now()), folder);
    expect(third.receiver.samplingStatus(1)).toMatchObject({ waitingSpans: 0 });
  });

  test('what was dropped stays dropped when the next process does not sample', async () => {
    const folder = tempFolder();
    const { scene, clock } = await sceneOf(policies(errors), undefined, folder);
    await scene.send(...otlpTraces([spanOf(1)]));
    await clock.advance(6_000);
    await scene.send(...otlpTraces([spanOf(1), spanOf(2)]));
    await clock.advance(5_000); // trace 1 is dropped; its second push also holds 2, which waits
    const next = new Scene(new ManualClock(clock.now()), folder);
    await next.receiver.configure(quiet, undefined);
    expect(next.kept(1, 2)).toEqual([2]);
    expect(next.account('otlp_traces')).toEqual({ received: 1, stored: 1 });
  });

  test('more traces than num_traces are decided early, the oldest first, saying so', async () => {
    const { scene } = await sceneOf(sampling(`  num_traces: 2\n  policies: [${always}]\n`));
    await scene.send(...otlpTraces([spanOf(1), spanOf(2), spanOf(3)]));
    await expect.poll(() => scene.kept(1, 2, 3)).toEqual([1]);
    expect(scene.receiver.samplingDecision(idOf(1))).toMatchObject({ kept: true, cause: expect.stringContaining('num_traces') as string });
    expect(scene.receiver.samplingStatus(1)).toMatchObject({ earlyTraces: 1, waitingTraces: 2 });
  });

  test('without sampling any more, what waits is decided at once and the rest is kept', async () => {
    const { scene } = await sceneOf(policies(errors));
    await scene.send(...otlpTraces([spanOf(1, { status: 'error' }), spanOf(2)]));
    await scene.receiver.configure(quiet, undefined);
    expect(scene.kept(1, 2)).toEqual([1]);
    await scene.send(...otlpTraces([spanOf(3)]));
    expect(scene.kept(3)).toEqual([3]);
    expect(scene.receiver.samplingStatus(1)).toBeUndefined();
  });

  test('other policies take over what waits', async () => {
    const { scene, clock } = await sceneOf(policies(errors));
    await scene.send(...otlpTraces([spanOf(1)]));
    await scene.receiver.configure(quiet, policies(always));
    await clock.advance(Scene.wait);
    expect(scene.kept(1)).toEqual([1]);
    expect(scene.account('otlp_traces')).toEqual({ received: 1, stored: 1 });
  });

  test('requests, errors and durations are counted before sampling', async () => {
    const { scene, clock } = await sceneOf(policies(errors));
    await scene.receiver.configure(parseSignalboxConfig('', 's.yml').spanMetrics, policies(errors));
    await scene.send(...otlpTraces([spanOf(1), spanOf(2, { status: 'error' }), spanOf(3)]));
    await clock.advance(30_000);
    expect(scene.samples('traces_span_metrics_calls_total').map((line) => line.slice(line.indexOf('status_code')))).toEqual([
      'status_code="STATUS_CODE_ERROR"}: 0 1 1',
      'status_code="STATUS_CODE_UNSET"}: 0 2 2',
    ]);
    const exemplars = scene.store.exemplars([], 0, Number.MAX_SAFE_INTEGER).flatMap(({ exemplars: own }) => own.map(({ labels }) => labels[3]));
    expect(new Set(exemplars)).toEqual(new Set([idOf(2)]));
  });
});
