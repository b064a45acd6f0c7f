import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Histogram, Registry, Summary, type OpenMetricsContentType } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listens } from '#core/intake/index.ts';
import { labelValue } from '#core/model/index.ts';
import { freePort, hasPrometheus, startPrometheus } from '../../support/peers.ts';
import { jobOf, ScrapeScene } from '../../support/scrape-scene.ts';

const nodeExporter = '/usr/bin/prometheus-node-exporter';

describe('real exporters', () => {
  test.skipIf(!existsSync(nodeExporter))('node exporter', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(nodeExporter, [`--web.listen-address=${address}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => void child.kill());
    await new Promise<void>((ready) => {
      child.stderr.on('data', (text: Buffer) => {
        if (/listening/i.test(text.toString())) ready();
      });
    });
    const scene = new ScrapeScene();
    await scene.configure(jobOf([address]));
    const status = await scene.scrape();
    expect(status).toMatchObject({ health: 'up', lastError: '', lastBadLines: 0 });
    expect(status.lastSamples).toBeGreaterThan(200);
    expect(scene.samples('node_load1')).toHaveLength(1);
    expect(scene.samples('node_cpu_seconds_total').length).toBeGreaterThanOrEqual(8);
    expect(scene.store.metadata().get('node_load1')).toMatchObject({ type: 'gauge' });
    const again = await scene.scrape();
    expect(Math.abs(again.lastSamples - status.lastSamples)).toBeLessThan(50);
    scene.account('scrape:j');
  });

  test.each(['text', 'openmetrics'] as const)('prom-client, %s', async (format) => {
    const enableExemplars = format === 'openmetrics';
    const registry = new Registry();
    if (enableExemplars) (registry as unknown as Registry<OpenMetricsContentType>).setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const registers = [registry];
    const labelNames = ['code', 'path'];
    const requests = new Counter({ name: 'requests_total', help: 'Requests "of" all\nkinds', labelNames, registers, enableExemplars });
    const latency = new Histogram({ name: 'latency_seconds', help: 'h', buckets: [0.1, 1], registers, enableExemplars });
    const path = 'a"b\\c\nd';
    if (enableExemplars) {
      requests.inc({ labels: { code: '200', path }, value: 3, exemplarLabels: { trace_id: 'abc' } });
      latency.observe({ value: 0.05, labels: {}, exemplarLabels: { trace_id: 'def' } });
    } else {
      requests.inc({ code: '200', path }, 3);
      latency.observe(0.05);
    }
    new Gauge({ name: 'temperature', help: 'g', registers }).set(-12.5);
    new Summary({ name: 'size_bytes', help: 's', percentiles: [0.5], registers }).observe(10);
    const server = createServer((_, response) => {
      void registry.metrics().then((text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text));
    }).listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
    onTestFinished(() => void server.close());
    const scene = new ScrapeScene();
    await scene.configure(
      jobOf([`127.0.0.1:${(server.address() as AddressInfo).port}`], '  metric_relabel_configs: [{action: labeldrop, regex: instance|job}]'),
    );
    expect(await scene.scrape()).toMatchObject({ health: 'up', lastError: '', lastBadLine: '' });
    expect(scene.samples('requests_total|latency.*|temperature|size.*')).toEqual([
      'latency_seconds_bucket{le="+Inf"}: 1',
      'latency_seconds_bucket{le="0.1"}: 1',
      'latency_seconds_bucket{le="1.0"}: 1',
      'latency_seconds_count: 1',
      'latency_seconds_sum: 0.05',
      'requests_total{code="200", path="a\\"b\\\\c\\nd"}: 3',
      'size_bytes_count: 1',
      'size_bytes_sum: 10',
      'size_bytes{quantile="0.5"}: 10',
      'temperature: -12.5',
    ]);
    const exemplars = scene.store.exemplars([], 0, Number.MAX_SAFE_INTEGER).flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels[1]));
    expect(new Set(exemplars)).toEqual(new Set(format === 'text' ? [] : ['abc', 'def']));
  });

  test.skipIf(!hasPrometheus)("Prometheus' own metrics: text, and protobuf with native histograms", async () => {
    const url = await startPrometheus('global: {scrape_interval: 1h}\n');
    for (let i = 0; i < 3; i++) await fetch(`${url}/api/v1/query?query=up`);
    const address = new URL(url).host;
    const scene = new ScrapeScene();
    await scene.configure(jobOf([address]));
    expect(await scene.scrape()).toMatchObject({ health: 'up', lastBadLine: '' });
    const fromText = scene.samples('go_info|prometheus_http_requests_total.*');
    const native = new ScrapeScene();
    await native.configure(jobOf([address], '  scrape_native_histograms: true'));
    expect(await native.scrape()).toMatchObject({ health: 'up', lastBadLine: '' });
    const series = (lines: readonly string[]): string[] => lines.map((line) => line.slice(0, line.lastIndexOf(':')));
    expect(series(native.samples('go_info|prometheus_http_requests_total.*'))).toEqual(series(fromText));
    const histograms = native.store.select([], 0, Number.MAX_SAFE_INTEGER).filter(({ histograms }) => histograms !== undefined);
    expect(histograms.map(({ labels }) => labelValue(labels, '__name__'))).toContain('prometheus_http_request_duration_seconds');
    native.account('scrape:j');
  });

  test('listens tells an open port from a closed one', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await listens(address)).toBe(true);
    await new Promise((closed) => server.close(closed));
    expect(await listens(address)).toBe(false);
  });
});
