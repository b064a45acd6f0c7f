import { describe, expect, test } from 'vitest';
import { parseSignalboxConfig, type SpanMetricsConfig } from '#core/formats/index.ts';
import { matcher } from '#core/model/index.ts';
import { createQueries, samplesOf } from '#core/promql/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { attributeOf, otlpTraces, spanOf } from '../../support/spans.ts';

const config = (text: string): SpanMetricsConfig => parseSignalboxConfig(`span_metrics: {${text}}`, 'signalbox.yml').spanMetrics;

describe('metrics of spans', () => {
  test('calls and durations by service, operation, kind and status, from 0 on', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.send(...otlpTraces([spanOf(1), spanOf(1, { kind: 'client', name: 'SELECT' }), spanOf(2, { status: 'error', tookMs: 300 })]));
    await clock.advance(15_000);
    await scene.send(...otlpTraces([spanOf(3, { tookMs: 20 })]));
    await clock.advance(15_000);
    expect(scene.samples('traces_.*')).toEqual([
      'traces_span_metrics_calls_total{job="shop", service_name="shop", span_kind="SPAN_KIND_CLIENT", span_name="SELECT", status_code="STATUS_CODE_UNSET"}: 0 1 1',
      'traces_span_metrics_calls_total{job="shop", service_name="shop", span_kind="SPAN_KIND_SERVER", span_name="GET /", status_code="STATUS_CODE_ERROR"}: 0 1 1',
      'traces_span_metrics_calls_total{job="shop", service_name="shop", span_kind="SPAN_KIND_SERVER", span_name="GET /", status_code="STATUS_CODE_UNSET"}: 0 1 2',
      'traces_span_metrics_duration_milliseconds{job="shop", service_name="shop", span_kind="SPAN_KIND_CLIENT", span_name="SELECT", status_code="STATUS_CODE_UNSET"}: histogram(0) histogram(1) histogram(1)',
      'traces_span_metrics_duration_milliseconds{job="shop", service_name="shop", span_kind="SPAN_KIND_SERVER", span_name="GET /", status_code="STATUS_CODE_ERROR"}: histogram(0) histogram(1) histogram(1)',
      'traces_span_metrics_duration_milliseconds{job="shop", service_name="shop", span_kind="SPAN_KIND_SERVER", span_name="GET /", status_code="STATUS_CODE_UNSET"}: histogram(0) histogram(1) histogram(2)',
    ]);
    expect(scene.account('span_metrics')).toEqual({ received: 18, stored: 18 });
    expect(scene.store.metadata().get('traces_span_metrics_calls_total')).toMatchObject({ type: 'counter' });
  });

  test('quantiles of 10,000 durations are right to a bucket, and lead to the slowest trace', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    const spans = Array.from({ length: 10_000 }, (_, i) => spanOf(i + 1, { tookMs: (i + 1) / 10 }));
    await scene.send(...otlpTraces(spans));
    await clock.advance(15_000);
    const queries = createQueries({ source: scene.store, clock, breathe: async () => undefined });
    const ask = async (expr: string): Promise<number> => samplesOf(await queries.instant(expr, clock.now()))[0]!.value;
    const name = 'traces_span_metrics_duration_milliseconds';
    for (const q of [0.5, 0.9, 0.99]) {
      const found = await ask(`histogram_quantile(${q}, ${name})`);
      expect(Math.abs(found / (q * 1000) - 1), `${q}: ${found}`).toBeLessThan(0.05);
    }
    expect(await ask(`histogram_sum(${name})`)).toBeCloseTo(5_000_500, 0);
    const exemplars = scene.store.exemplars([matcher('__name__', '=', name)], 0, Number.MAX_SAFE_INTEGER)[0]!.exemplars;
    expect(exemplars.map(({ labels, value }) => [labels[3], value])).toContainEqual([spans.at(-1)!.traceId, 1000]);
  });

  test('a span that a head sampler let through stands for those that it did not', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.send(
      ...otlpTraces([
        spanOf(1, { traceState: 'a=b,ot=th:c;rv:e1a2b3c4d5e6f7' }),
        spanOf(2, { traceState: 'ot=th:0' }),
        spanOf(3, { traceState: 'ot=x' }),
      ]),
    );
    await clock.advance(15_000);
    expect(scene.samples('traces_span_metrics_calls_total').map((line) => line.split(': ')[1])).toEqual(['0 6']);
    expect(scene.samples('traces_span_metrics_duration.*').map((line) => line.split(': ')[1])).toEqual(['histogram(0) histogram(6)']);
  });

  test('what is sent twice is counted once', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    const push = otlpTraces([spanOf(1)]);
    await scene.send(...push);
    await scene.send(...push);
    await clock.advance(15_000);
    expect(scene.samples('traces_span_metrics_calls_total').map((line) => line.split(': ')[1])).toEqual(['0 1']);
  });

  test('made-up operations end in the overflow of their service, made-up services in that of all', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.receiver.configure(config('aggregation_cardinality_limit: 20'), undefined);
    const bomb = Array.from({ length: 100 }, (_, i) => spanOf(i + 1, { name: `GET /${i}`, service: i < 50 ? 'shop' : `made-up-${i}` }));
    await scene.send(...otlpTraces(bomb));
    await clock.advance(15_000);
    const lines = scene.samples('traces_span_metrics_calls_total');
    expect(lines).toHaveLength(23);
    expect(lines.filter((line) => line.includes('overflow'))).toEqual([
      'traces_span_metrics_calls_total{otel_metric_overflow="true", service_name="made-up-50"}: 0 1',
      'traces_span_metrics_calls_total{otel_metric_overflow="true", service_name="shop"}: 0 30',
      'traces_span_metrics_calls_total{otel_metric_overflow="true"}: 0 49',
    ]);
  });

  test('dimensions, units, names and what is left out, as configured; idle operations end', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.receiver.configure(
      config(
        'namespace: span, histogram: {unit: s}, dimensions: [{name: http.route}, {name: region, default: eu}, {name: span.name}], exclude_dimensions: [span.kind, status.code], metrics_flush_interval: 5s, metrics_expiration: 30s',
      ),
      undefined,
    );
    await scene.send(
      ...otlpTraces([
        spanOf(1, { attributes: [attributeOf('http.route', '/x')] }),
        spanOf(2, { kind: 'client', attributes: [attributeOf('http.route', '/x')] }),
      ]),
    );
    await clock.advance(5_000);
    const labels = 'http_route="/x", job="shop", region="eu", service_name="shop", span_name="GET /"';
    expect(scene.samples('span_.*')).toEqual([`span_calls_total{${labels}}: 0 2`, `span_duration_seconds{${labels}}: histogram(0) histogram(2)`]);
    await clock.advance(60_000);
    expect(scene.samples('span_calls_total')[0]).toMatch(/ 2 stale$/);
    await scene.receiver.configure(config('enabled: false'), undefined);
    await scene.send(...otlpTraces([spanOf(3)]));
    await clock.advance(60_000);
    expect(scene.samples('traces_.*')).toEqual([]);
  });

  test('what is counted is written when the process ends', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.send(...otlpTraces([spanOf(1)]));
    await clock.advance(1_000);
    await scene.receiver.stop();
    expect(scene.samples('traces_span_metrics_calls_total').map((line) => line.split(': ')[1])).toEqual(['0 1']);
  });

  test.each([
    ['histogram: {explicit: {buckets: [1ms]}}', /signalbox.yml:1: explicit buckets are not yet supported/],
    ['metrics_flush_interval: 10ms', /below 1s is not taken/],
    ['dimension: []', /has no field "dimension"; did you mean "dimensions"/],
  ])('%s is refused', (text, reason) => {
    expect(() => config(text)).toThrow(reason);
  });
});
