import { describe, expect, test } from 'vitest';
import { labelValue, matcher } from '#core/model/index.ts';
import { httpTarget, page } from '../../support/http-target.ts';
import { hasPrometheus, startPrometheus } from '../../support/peers.ts';
import { jobOf, ScrapeScene } from '../../support/scrape-scene.ts';

/** A page, and the series that Prometheus 3.5 makes of it: `name le quantile`. Bounds are numbers only under the last TYPE line. */
const pages = {
  text: {
    type: 'text/plain; version=0.0.4',
    body: `# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="10"} 1
h_bucket{le="123456"} 1
h_bucket{le="1e+06"} 1
h_bucket{le="0.0001"} 1
h_bucket{le="1e-05"} 1
h_bucket{le="0x10"} 1
h_bucket{le="foo"} 1
h_bucket{le="100000000"} 1
h_bucket{le="-0"} 1
h_bucket{le="Inf"} 1
h_sum 1
h{le="2"} 1
# TYPE s summary
s{quantile="1"} 1
s{quantile="0.50"} 1
s{le="3"} 1
s_sum{quantile="4"} 1
# TYPE g gauge
g{le="1"} 1
g{quantile="1"} 1
untyped_bucket{le="1"} 1
h_bucket{le="7"} 1
`,
    series: [
      ...['1.0', '10.0', '123456.0', '1e+06', '0.0001', '1e-05', '0x10', 'foo', '1e+08', '0.0', '+Inf', '7'].map((le) => `h_bucket ${le} `),
      'h_sum  ',
      'h 2.0 ',
      's  1.0',
      's  0.5',
      's 3 ',
      's_sum  4.0',
      'g 1 ',
      'g  1',
      'untyped_bucket 1 ',
    ],
  },
  openmetrics: {
    type: 'application/openmetrics-text; version=1.0.0',
    body: `# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 1
# TYPE s summary
s{quantile="1"} 1
# TYPE g gaugehistogram
g_bucket{le="1"} 1
g_bucket{le="+Inf"} 1
# TYPE q unknown
q{quantile="1"} 1
# EOF
`,
    series: ['h_bucket 1.0 ', 'h_bucket +Inf ', 's  1.0', 'g_bucket 1 ', 'g_bucket +Inf ', 'q  1'],
  },
};

describe.each(Object.entries(pages))('bounds of buckets and quantiles, %s', (_, { type, body, series }) => {
  test('are written one way', async () => {
    const target = await httpTarget(page(body, type));
    const scene = new ScrapeScene();
    await scene.configure(jobOf([target.address]));
    expect(await scene.scrape()).toMatchObject({ health: 'up', lastBadLine: '' });
    await scene.scrape();
    const found = scene.store.select([matcher('__name__', '=~', '[hsgq](_.*)?|untyped.*')], 0, Number.MAX_SAFE_INTEGER);
    expect(found.map(({ labels }) => ['__name__', 'le', 'quantile'].map((name) => labelValue(labels, name)).join(' ')).sort()).toEqual(
      [...series].sort(),
    );
    expect(new Set(found.map(({ values }) => values.length))).toEqual(new Set([2]));
  });

  test.skipIf(!hasPrometheus)('as Prometheus writes them', async () => {
    const target = await httpTarget(page(body, type));
    const url = await startPrometheus(
      `{global: {scrape_interval: 200ms, scrape_timeout: 200ms}, scrape_configs: [{job_name: j, static_configs: [{targets: ['${target.address}']}]}]}`,
    );
    const stored = async (): Promise<string[]> => {
      const response = await fetch(`${url}/api/v1/series?match[]=${encodeURIComponent('{__name__=~"[hsgq](_.*)?|untyped.*"}')}`);
      const { data } = (await response.json()) as { data: Record<string, string>[] };
      return data.map((labels) => ['__name__', 'le', 'quantile'].map((name) => labels[name] ?? '').join(' ')).sort();
    };
    await expect.poll(stored, { timeout: 20_000 }).toEqual([...series].sort());
  });
});
