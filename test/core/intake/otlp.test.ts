import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { defaultSpanMetrics, parseSignalboxConfig } from '#core/formats/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { otlpMetricsProto } from '../../support/otlp-proto.ts';
import { hasVictoria, startVictoria } from '../../support/peers.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { readShared } from '../../support/shared-data.ts';

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };

interface Point {
  readonly [field: string]: unknown;
}

const attributes = (record: Readonly<Record<string, string>>): unknown[] =>
  Object.entries(record).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/** A request with one resource and one scope. */
const request = (metrics: readonly unknown[], resource: Readonly<Record<string, string>> = { 'service.name': 'shop' }): string =>
  JSON.stringify({ resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope: { name: '' }, metrics }] }] });

const nanos = (timeMs: number): string => `${timeMs}000000`;

/** The same metrics for every test of names and shapes, at one time. */
function everything(timeMs: number): unknown[] {
  const at = { timeUnixNano: nanos(timeMs), startTimeUnixNano: nanos(timeMs - 60_000) };
  const sum = (name: string, unit: string, isMonotonic: boolean, point: Point = {}): unknown => ({
    name,
    unit,
    description: `About ${name}`,
    sum: { aggregationTemporality: 2, isMonotonic, dataPoints: [{ ...at, asInt: '7', ...point }] },
  });
  const gauge = (name: string, unit: string, point: Point = {}): unknown => ({
    name,
    unit,
    gauge: { dataPoints: [{ ...at, asDouble: 1.5, ...point }] },
  });
  return [
    sum('http.server.requests', '{request}', true, { attributes: attributes({ 'http.method': 'GET', http_method: 'POST', '0x': 'a', _y: 'b' }) }),
    sum('io', 'By/s', true),
    sum('requests_total', '', true),
    sum('queue.size', '', false),
    gauge('temperature', 'Cel'),
    gauge('cpu.utilization', '1'),
    gauge('process.runtime.jvm.memory.usage', 'By'),
    gauge('9lives', 'm/m'),
    gauge('latency_seconds', 's', { attributes: attributes({ 'ä.ö': 'ü' }) }),
    {
      name: 'request.duration',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            ...at,
            count: '6',
            sum: 12.5,
            explicitBounds: [1e-7, 1, 1000000, 1e21],
            bucketCounts: ['1', '2', '3', '0', '0'],
            attributes: attributes({ a: 'b' }),
          },
        ],
      },
    },
    {
      name: 'exponential',
      unit: 'ms',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            ...at,
            count: '10',
            sum: 20,
            scale: 3,
            zeroCount: '1',
            positive: { offset: -2, bucketCounts: ['1', '0', '0', '0', '2', '0', '3'] },
            negative: { offset: 4, bucketCounts: ['3'] },
          },
        ],
      },
    },
    {
      name: 'fine',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          { ...at, count: '6', sum: 1, scale: 10, zeroCount: '0', positive: { offset: -5, bucketCounts: ['1', '1', '1', '1', '1', '1'] } },
        ],
      },
    },
    {
      name: 'summary',
      summary: {
        dataPoints: [
          {
            ...at,
            count: '3',
            sum: 6,
            quantileValues: [
              { quantile: 0.5, value: 2 },
              { quantile: 1, value: 3 },
            ],
          },
        ],
      },
    },
  ];
}

describe('OTLP metrics', () => {
  const clock = new ManualClock();
  const now = clock.now();

  test('the resource is job, instance and target_info; the scope and attributes are labels', async () => {
    const scene = new ReceiveScene(clock);
    const body = {
      resourceMetrics: [
        {
          resource: {
            attributes: attributes({ 'service.name': 'cart', 'service.namespace': 'shop', 'service.instance.id': 'i1', 'host.name': 'h' }),
          },
          scopeMetrics: [
            {
              scope: { name: 'lib', version: '2' },
              metrics: [{ name: 'a', gauge: { dataPoints: [{ timeUnixNano: nanos(now), asInt: 5, attributes: attributes({ x: 'y' }) }] } }],
            },
          ],
        },
      ],
    };
    const answer = await scene.send('/v1/metrics', JSON.stringify(body), json);
    expect(answer).toMatchObject({ status: 200, body: '{}', headers: { 'content-type': 'application/json' } });
    expect(scene.samples('.*')).toEqual([
      'a{instance="i1", job="shop/cart", otel_scope_name="lib", otel_scope_version="2", x="y"}: 5',
      'target_info{host_name="h", instance="i1", job="shop/cart"}: 1',
    ]);
    expect(scene.account('otlp')).toEqual({ received: 2, stored: 2 });
  });

  test('attributes of the resource become labels as otlp of a prometheus.yml says', async () => {
    const scene = new ReceiveScene(new ManualClock());
    const nowMs = new ManualClock().now();
    const { otlp, warnings } = parseSignalboxConfig(
      `otlp: {promote_resource_attributes: [k8s.pod.name, service.name, zone], keep_identifying_resource_attributes: true, translation_strategy: NoTranslation}`,
      'p.yml',
    );
    expect(warnings).toEqual([
      'p.yml:1: translation_strategy: NoTranslation of otlp is not yet supported, names are made as by UnderscoreEscapingWithSuffixes',
    ]);
    await scene.receiver.configure(defaultSpanMetrics, undefined, otlp);
    const point = { timeUnixNano: `${nowMs}000000`, asInt: '1', attributes: attributes({ zone: 'own' }) };
    const resource = { attributes: attributes({ 'service.name': 'shop', 'k8s.pod.name': 'p1', zone: 'z', 'host.name': 'h' }) };
    const body = { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [point] } }] }] }] };
    await scene.send('/v1/metrics', JSON.stringify(body), { 'content-type': 'application/json' });
    expect(scene.samples('m|target_info')).toEqual([
      'm{job="shop", k8s_pod_name="p1", service_name="shop", zone="own"}: 1',
      'target_info{host_name="h", job="shop", k8s_pod_name="p1", service_name="shop", zone="z"}: 1',
    ]);
    const all = parseSignalboxConfig('otlp: {promote_all_resource_attributes: true, ignore_resource_attributes: [a]}', 'p.yml').otlp;
    expect(all).toEqual({ promoted: 'all', ignored: ['a'], keepsIdentifying: false });
  });

  test('gzip, and exemplars with their trace', async () => {
    const scene = new ReceiveScene(clock);
    const exemplar = { timeUnixNano: nanos(now), asDouble: 0.2, traceId: 'ABCDEF0123456789ABCDEF0123456789', spanId: '0123456789abcdef' };
    const metric = {
      name: 'h',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          { timeUnixNano: nanos(now), count: '1', sum: 0.2, explicitBounds: [0.1, 1], bucketCounts: ['0', '1', '0'], exemplars: [exemplar] },
        ],
      },
    };
    expect((await scene.send('/v1/metrics', gzipSync(request([metric])), { ...json, 'content-encoding': 'gzip' })).status).toBe(200);
    const [found] = scene.store.exemplars([], 0, Number.MAX_SAFE_INTEGER);
    expect(found!.labels).toEqual(['__name__', 'h_bucket', 'job', 'shop', 'le', '1']);
    expect(found!.exemplars).toEqual([
      { labels: ['span_id', '0123456789abcdef', 'trace_id', 'abcdef0123456789abcdef0123456789'], value: 0.2, timeMs: now },
    ]);
  });

  test('differences become totals', async () => {
    const scene = new ReceiveScene(clock);
    const send = async (step: number): Promise<void> => {
      const at = { timeUnixNano: nanos(now - 3000 + step * 1000), startTimeUnixNano: nanos(now - 4000 + step * 1000) };
      const metrics = [
        { name: 'c', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...at, asInt: '5' }] } },
        {
          name: 'h',
          histogram: { aggregationTemporality: 1, dataPoints: [{ ...at, count: '3', sum: 2, explicitBounds: [1], bucketCounts: ['1', '2'] }] },
        },
        {
          name: 'e',
          exponentialHistogram: {
            aggregationTemporality: 1,
            dataPoints: [{ ...at, count: '2', sum: 3, scale: step === 2 ? 0 : 1, positive: { offset: step, bucketCounts: ['1', '1'] } }],
          },
        },
      ];
      await scene.send('/v1/metrics', request(metrics, {}), json);
    };
    for (const step of [0, 1, 2]) await send(step);
    await send(1);
    expect(scene.samples('[ceh]_?.*')).toEqual([
      'c_total: 5 10 15',
      'e: histogram(2) histogram(4) histogram(6)',
      'h_bucket{le="+Inf"}: 3 6 9',
      'h_bucket{le="1"}: 1 2 3',
      'h_count: 3 6 9',
      'h_sum: 2 4 6',
    ]);
    const [e] = scene.store.select([], 0, Number.MAX_SAFE_INTEGER).filter(({ histograms }) => histograms !== undefined);
    expect(e!.histograms!.map((histogram) => [histogram!.schema, histogram!.positive])).toEqual([
      [1, [1, 1]],
      [1, [1, 2, 1]],
      [0, [3, 1, 1, 1].slice(0, e!.histograms![2]!.positive.length)],
    ]);
    expect(scene.account('otlp')).toMatchObject({ delta_out_of_order: 3 });
  });

  test('a point without a value ends its series', async () => {
    const scene = new ReceiveScene(clock);
    const gauge = (timeMs: number, flags: number): unknown => ({
      name: 'a',
      gauge: { dataPoints: [{ timeUnixNano: nanos(timeMs), asInt: 1, flags }] },
    });
    await scene.send('/v1/metrics', request([gauge(now - 1, 0), gauge(now, 1)], {}), json);
    expect(scene.samples('a')).toEqual(['a: 1 stale']);
  });

  test('what is refused is told as partial success, in both forms', async () => {
    const scene = new ReceiveScene(clock);
    const points = [
      { timeUnixNano: nanos(now), asInt: 1 },
      { timeUnixNano: nanos(now + 3_600_000), asInt: 2 },
    ];
    const metrics = [
      { name: 'a', gauge: { dataPoints: points } },
      { name: 'b', sum: { dataPoints: [{ timeUnixNano: nanos(now), asInt: 1 }] } },
    ];
    const answer = await scene.send('/v1/metrics', request(metrics, {}), json);
    expect(JSON.parse(String(answer.body))).toEqual({
      partialSuccess: { rejectedDataPoints: '2', errorMessage: '2 samples were refused (future: 1, no_temporality: 1)' },
    });
    const bytes = proto([
      [
        1,
        'message',
        [
          [
            2,
            'message',
            [
              [
                2,
                'message',
                [
                  [1, 'bytes', 'a'],
                  [5, 'message', [[1, 'message', [[3, 'fixed64', (now + 3_600_000) * 1e6]]]]],
                ],
              ],
            ],
          ],
        ],
      ],
    ]);
    const other = await scene.send('/v1/metrics', bytes, protobuf);
    expect(Buffer.from(other.body as Uint8Array)).toEqual(
      Buffer.from(
        proto([
          [
            1,
            'message',
            [
              [1, 'varint', 1],
              [2, 'bytes', '1 samples were refused (future: 1)'],
            ],
          ],
        ]),
      ),
    );
    expect(scene.account('otlp')).toEqual({ received: 4, stored: 1, future: 2, no_temporality: 1 });
  });

  test.each([
    ['another type', '/v1/metrics', '', { 'content-type': 'text/plain' }, 415, ''],
    ['another encoding', '/v1/metrics', '{}', { ...json, 'content-encoding': 'br' }, 400, 'the content encoding must be gzip or none, not br'],
    ['no JSON', '/v1/metrics', '{"a":', json, 400, 'the body is not JSON'],
    ['JSON of another shape', '/v1/metrics', '{"resourceMetrics": 1}', json, 400, 'a value where a list belongs'],
    ['deep JSON', '/v1/metrics', '['.repeat(100), json, 413, 'the JSON is nested deeper than 64'],
    ['JSON of millions of values', '/v1/metrics', `[${'1,'.repeat(2_000_001)}1]`, json, 413, 'more than 2000000 values'],
    ['a bomb', '/v1/metrics', gzipSync(Buffer.alloc(40 << 20)), { ...json, 'content-encoding': 'gzip' }, 413, 'the body unpacks to more'],
  ] as const)('%s is answered by name', async (_, path, body, headers, status, sentence) => {
    const scene = new ReceiveScene(clock);
    const answer = await scene.send(path, body, headers);
    expect(answer.status).toBe(status);
    if (sentence !== '') expect((JSON.parse(String(answer.body)) as { message: string }).message).toContain(sentence);
  });

  test('values nested too deep are refused', async () => {
    const scene = new ReceiveScene(clock);
    let value: readonly Field[] = [[1, 'bytes', 'x']];
    for (let i = 0; i < 34; i++) value = [[5, 'message', [[1, 'message', value]]]];
    const body = proto([
      [
        1,
        'message',
        [
          [
            1,
            'message',
            [
              [
                1,
                'message',
                [
                  [1, 'bytes', 'k'],
                  [2, 'message', value],
                ],
              ],
            ],
          ],
        ],
      ],
    ]);
    expect((await scene.send('/v1/metrics', body, protobuf)).status).toBeGreaterThanOrEqual(400);
  });

  test("OpenTelemetry's own example", async () => {
    const scene = new ReceiveScene(clock);
    const answer = await scene.send('/v1/metrics', readShared('traces/otlp-examples/metrics.json'), json);
    expect(answer).toMatchObject({ status: 200, body: '{}' });
    expect(scene.samples('my_.*').filter((line) => /^my_(counter|gauge)/.test(line))).toEqual([
      'my_counter_total{job="my.service", my_counter_attr="some value", otel_scope_my_scope_attribute="some scope attribute", otel_scope_name="my.library", otel_scope_version="1.0.0"}: 5',
      'my_gauge_ratio{job="my.service", my_gauge_attr="some value", otel_scope_my_scope_attribute="some scope attribute", otel_scope_name="my.library", otel_scope_version="1.0.0"}: 10',
    ]);
    scene.account('otlp');
  });
});

describe('names and forms', () => {
  test('protobuf says the same as JSON', async () => {
    const clock = new ManualClock();
    const body = request(everything(clock.now()), { 'service.name': 'shop', 'service.instance.id': 'i', 'host.name': 'h' });
    const scenes = [new ReceiveScene(clock), new ReceiveScene(clock)] as const;
    expect((await scenes[0].send('/v1/metrics', body, json)).status).toBe(200);
    expect((await scenes[1].send('/v1/metrics', otlpMetricsProto(body), protobuf)).status).toBe(200);
    const all = (scene: ReceiveScene): unknown =>
      scene.store.select([], 0, Number.MAX_SAFE_INTEGER).map(({ labels, values, histograms }) => [labels, [...values], histograms]);
    expect(all(scenes[1])).toEqual(all(scenes[0]));
    expect(scenes[0].samples('.*')).toEqual([
      '_9lives_meters_per_minute{instance="i", job="shop"}: 1.5',
      'cpu_utilization_ratio{instance="i", job="shop"}: 1.5',
      'exponential_milliseconds{instance="i", job="shop"}: histogram(10)',
      'fine{instance="i", job="shop"}: histogram(6)',
      'http_server_requests_total{http_method="GET;POST", instance="i", job="shop", key_0x="a", key_y="b"}: 7',
      'io_bytes_per_second_total{instance="i", job="shop"}: 7',
      'latency_seconds{___="ü", instance="i", job="shop"}: 1.5',
      'process_runtime_jvm_memory_usage_bytes{instance="i", job="shop"}: 1.5',
      'queue_size{instance="i", job="shop"}: 7',
      'request_duration_seconds_bucket{a="b", instance="i", job="shop", le="+Inf"}: 6',
      'request_duration_seconds_bucket{a="b", instance="i", job="shop", le="0.0000001"}: 1',
      'request_duration_seconds_bucket{a="b", instance="i", job="shop", le="1"}: 3',
      'request_duration_seconds_bucket{a="b", instance="i", job="shop", le="1000000"}: 6',
      'request_duration_seconds_bucket{a="b", instance="i", job="shop", le="1000000000000000000000"}: 6',
      'request_duration_seconds_count{a="b", instance="i", job="shop"}: 6',
      'request_duration_seconds_sum{a="b", instance="i", job="shop"}: 12.5',
      'requests_total{instance="i", job="shop"}: 7',
      'summary_count{instance="i", job="shop"}: 3',
      'summary_sum{instance="i", job="shop"}: 6',
      'summary{instance="i", job="shop", quantile="0.5"}: 2',
      'summary{instance="i", job="shop", quantile="1"}: 3',
      'target_info{host_name="h", instance="i", job="shop"}: 1',
      'temperature_celsius{instance="i", job="shop"}: 1.5',
    ]);
  });

  /** Bucket i of scale 3 and offset -2 is above 2^(i/8); a native histogram's index 0 ends at 1, so bucket -2 has index -1. */
  test('exponential histograms keep their buckets', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.send('/v1/metrics', request(everything(clock.now())), json);
    const histogramOf = (name: string): unknown =>
      scene.store.select([], 0, Number.MAX_SAFE_INTEGER).find(({ labels }) => labels.includes(name))!.histograms![0];
    expect(histogramOf('exponential_milliseconds')).toMatchObject({
      schema: 3,
      count: 10,
      sum: 20,
      zeroCount: 1,
      positiveSpans: [
        { gap: -1, length: 1 },
        { gap: 3, length: 3 },
      ],
      positive: [1, 2, 0, 3],
      negativeSpans: [{ gap: 5, length: 1 }],
      negative: [3],
    });
    // Scale 10 halves its resolution twice: indexes -5 to 0 become -2 (one), -1 (four) and 0 (one).
    expect(histogramOf('fine')).toMatchObject({ schema: 8, positiveSpans: [{ gap: -1, length: 3 }], positive: [1, 4, 1] });
  });

  test.skipIf(!hasVictoria)("VictoriaMetrics' receiver makes the same names", async () => {
    const victoria = await startVictoria(['-opentelemetry.usePrometheusNaming']);
    const scene = new ReceiveScene();
    const body = request(everything(Date.now() - 1000));
    const headers = { 'content-type': 'application/x-protobuf' };
    const theirs = await fetch(`${victoria}/opentelemetry/v1/metrics`, { method: 'POST', body: Buffer.from(otlpMetricsProto(body)), headers });
    expect(theirs.status).toBe(200);
    await fetch(`${victoria}/internal/force_flush`);
    const { data } = (await (await fetch(`${victoria}/api/v1/label/__name__/values`)).json()) as { data: string[] };
    await scene.send('/v1/metrics', body, json);
    // It writes exponential histograms as buckets of its own, and lets names begin with a digit.
    const names = data.map((name) => name.replace(/^(exponential_milliseconds|fine)_(bucket|count|sum)$/, '$1').replace(/^\d/, '_$&'));
    expect(new Set(scene.store.labelValues('__name__'))).toEqual(new Set(names));
  });
});

describe('spans', () => {
  test('the published example is stored, and what cannot be read is told and counted', async () => {
    const scene = new ReceiveScene();
    const example = JSON.parse(readShared('traces/otlp-examples/trace.json').toString()) as {
      resourceSpans: { scopeSpans: { spans: object[] }[] }[];
    };
    const { spans } = example.resourceSpans[0]!.scopeSpans[0]!;
    const count = spans.length;
    spans.push({ traceId: 'no hex', spanId: '0000000000000001', name: 'broken' });
    const answer = await scene.send('/v1/traces', JSON.stringify(example), json);
    expect(answer.status).toBe(200);
    expect(JSON.parse(String(answer.body))).toMatchObject({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('1') as string },
    });
    expect(scene.traces.stats().headSpans).toBe(count);
    const row = scene.ledger.rows().find(({ source }) => source === 'otlp_traces')!;
    expect({ received: row.received, stored: row.stored, rejected: [...row.rejected.values()].reduce((a, b) => a + b, 0) }).toEqual({
      received: count + 1,
      stored: count,
      rejected: 1,
    });
  });
});
