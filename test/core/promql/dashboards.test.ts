import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { load, loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { labelsFromRecord, withLabel, type SeriesColumns } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, memorySource, parseExpr, parseLabels } from '#core/promql/index.ts';
import { printExpr } from '#core/promql/syntax/index.ts';
import { readShared, sharedData } from '../../support/shared-data.ts';

/** One scrape in fifteen of ten minutes of a real exporter, as series of its target. */
function captured(name: string, job: string): SeriesColumns[] {
  const points = new Map<string, { times: number[]; values: number[] }>();
  const lines = zstdDecompressSync(readShared('metrics', 'capture', `${name}.jsonl.zst`))
    .toString()
    .trim()
    .split('\n');
  for (const line of lines.filter((_, i) => i % 15 === 0)) {
    const { t, body } = JSON.parse(line) as { t: number; body: string };
    for (const [, key = '', value = ''] of body.matchAll(/^([a-z][^\s{]*(?:\{.*\})?) (\S+)$/gm)) {
      const known = points.get(key) ?? { times: [], values: [] };
      points.set(key, known);
      known.times.push(t);
      known.values.push(value === '+Inf' ? Infinity : Number(value));
    }
  }
  return [...points].map(([key, { times, values }]) => ({
    labels: withLabel(withLabel(parseLabels(key), 'job', job), 'instance', 'localhost:9100'),
    timesMs: Float64Array.from(times),
    values: Float64Array.from(values),
  }));
}

const series = [...captured('node', 'node-exporter'), ...captured('prometheus', 'prometheus-k8s')];
const up = ['node-exporter', 'prometheus-k8s'].map((job) => ({
  labels: labelsFromRecord({ __name__: 'up', job, instance: 'localhost:9100' }),
  timesMs: series[0]!.timesMs,
  values: series[0]!.timesMs.map(() => 1),
}));
const source = memorySource([...series, ...up]);
const endMs = series[0]!.timesMs.at(-1)!;

/** Everything under `keys` in a document, wherever it stands. */
function textsUnder(value: unknown, keys: ReadonlySet<string>): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    keys.has(key) && typeof inner === 'string' ? [inner] : textsUnder(inner, keys),
  );
}

const variables: Readonly<Record<string, string>> = { job: 'node-exporter', node: 'localhost:9100', instance: 'localhost:9100', cluster: '' };

/** A query of a dashboard with its variables filled in, as Grafana does. */
function fillIn(query: string): string {
  return query.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (_, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    return variables[name] ?? (/interval|resolution|range/.test(name) ? '5m' : 'x');
  });
}

function dashboardExprs(folder: string): string[] {
  const documents = readdirSync(sharedData('dashboards', folder))
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(sharedData('dashboards', folder), name), 'utf8')) as unknown);
  return documents.flatMap((document) => textsUnder(document, new Set(['expr']))).filter((expr) => expr.trim() !== '');
}

function kubeDashboardExprs(): string[] {
  const { items } = load(readShared('dashboards', 'kube-prometheus', 'grafana-dashboardDefinitions.yaml').toString()) as {
    items: { data: Record<string, string> }[];
  };
  return items.flatMap(({ data }) => Object.values(data).flatMap((text) => textsUnder(JSON.parse(text), new Set(['expr']))));
}

function ruleExprs(): string[] {
  const folder = sharedData('alerting', 'kube-prometheus');
  const files = readdirSync(folder).filter((name) => name.endsWith('prometheusRule.yaml'));
  return files.flatMap((name) => loadAll(readFileSync(join(folder, name), 'utf8')).flatMap((document) => textsUnder(document, new Set(['expr']))));
}

/** How many of the expressions give something over the captured data. Each must parse, print as itself, and evaluate. */
async function answered(exprs: readonly string[]): Promise<number> {
  let count = 0;
  for (const text of exprs) {
    const query = fillIn(text);
    const expr = parseExpr(query);
    expect(printExpr(parseExpr(printExpr(expr)))).toBe(printExpr(expr));
    const range = await evaluateRange(source, query, { startMs: endMs - 300_000, endMs, stepMs: 15_000 });
    const instant = await evaluateInstant(source, query, endMs);
    if (range.series.length > 0) count++;
    expect(instant.type === 'vector' ? instant.samples.length <= range.series.length : instant.type === 'scalar', query).toBe(true);
  }
  return count;
}

describe('every expression parses and evaluates', () => {
  /** `least`: as many expressions as there are, about; `answers`: as many as the captured exporters can answer. */
  const sets: readonly (readonly [name: string, exprs: readonly string[], least: number, answers: number])[] = [
    ['node exporter dashboard and HAProxy', dashboardExprs('rfmoz'), 400, 220],
    ['Kubernetes dashboards', dashboardExprs('dotdc-kubernetes'), 100, 50],
    ['Redis dashboards', dashboardExprs('redis'), 30, 0],
    ['kube-prometheus dashboards', kubeDashboardExprs(), 500, 50],
    ['kube-prometheus rules', ruleExprs(), 200, 25],
  ];
  test.each(sets)('%s', async (_name, exprs, least, answers) => {
    expect(exprs.length).toBeGreaterThanOrEqual(least);
    expect(await answered(exprs)).toBeGreaterThanOrEqual(answers);
  });
});
