/** A cardinality bomb: one target makes up a label value for every sample, beside 1,000 steady ones. It is cut and named, the others lose nothing. */
import { expect, test } from 'vitest';
import { explosions } from '#core/answers/cardinality.ts';
import { matcher } from '#core/model/index.ts';
import { httpTarget, page } from '../../support/http-target.ts';
import { ScrapeScene } from '../../support/scrape-scene.ts';

const steady = 1000;
const rounds = 5;
const perScrape = 4000;
const newSeriesMax = 5000;

test('the bomb is cut and named, 1,000 steady targets lose nothing', { timeout: 120_000 }, async () => {
  const scene = new ScrapeScene();
  let n = 0;
  const target = await httpTarget((request, response) => {
    const path = request.url ?? '';
    const bomb = (): string => Array.from({ length: perScrape }, () => `requests_total{user_id="u${n++}",code="200"} 1\n`).join('');
    page(path === '/bomb' ? `steady 1\n${bomb()}` : `steady 1\nrequests_total{code="200"} ${path.length}\n`)(request, response);
  });
  const at = (path: string): string => `  - {targets: ["${target.address}"], labels: {__metrics_path__: "${path}", path: "${path}"}}\n`;
  const targets = Array.from({ length: steady }, (_, i) => at(`/t${i}`)).join('');
  const job = (name: string, of: string): string => `- job_name: ${name}\n  scrape_interval: 15s\n  static_configs:\n${of}`;
  await scene.configure(`limits: {new_series_per_source: ${newSeriesMax}}\nscrape_configs:\n${job('steady', targets)}${job('bomb', at('/bomb'))}`);
  for (let round = 0; round < rounds; round++) await scene.scrape();

  const found = scene.store.select([matcher('job', '=', 'steady'), matcher('__name__', '=~', 'steady|requests_total')], 0, Number.MAX_SAFE_INTEGER);
  expect(found.length).toBe(steady * 2);
  expect(found.every(({ timesMs }) => timesMs.length === rounds)).toBe(true);
  expect(Object.keys(scene.account('scrape:steady')).sort()).toEqual(['received', 'stored']);
  expect(scene.store.series([matcher('job', '=', 'bomb'), matcher('user_id', '!=', '')], 0, Number.MAX_SAFE_INTEGER).length).toBe(newSeriesMax - 1);
  expect(scene.account('scrape:bomb').new_series_limit).toBe(rounds * perScrape - newSeriesMax + 1);
  expect(scene.samples('steady').find((line) => line.includes('bomb'))).toMatch(/: 1 1 1 1 1$/);

  const refused = rounds * perScrape - newSeriesMax + 1;
  expect(scene.scraper.cuts()).toMatchObject([{ job: 'bomb', metric: 'requests_total', label: 'user_id', values: refused, refused, newSeriesMax }]);
  const [told] = explosions({ scraper: scene.scraper, live: scene.store, clock: scene.clock });
  expect(told).toMatch(
    /^bomb http:\S+\/bomb was cut at 5,000 new series: requests_total, label user_id: 15,001 values beyond the limit since \d\d:\d\d UTC$/,
  );
  const { metrics, growing } = scene.store.cardinality(3);
  expect(metrics[0]).toEqual({ name: 'requests_total', count: steady + newSeriesMax - 1 });
  expect(growing.map(({ label }) => label)).not.toContain('code');
  scene.clock.jump(3_600_000);
  expect(explosions({ scraper: scene.scraper, live: scene.store, clock: scene.clock })).toEqual([]);
});

test('a page too large to be taken names the label that made it so', async () => {
  const scene = new ScrapeScene();
  let n = 0;
  let count = 100;
  const target = await httpTarget((request, response) => {
    const lines = Array.from({ length: count }, () => `requests_total{user_id="u${n++}",code="200"} 1\n`);
    page(`steady 1\nother_total{code="200"} 1\n${lines.join('')}`)(request, response);
  });
  await scene.configure(
    `scrape_configs:\n- job_name: bomb\n  scrape_interval: 15s\n  sample_limit: 1000\n  static_configs: [{targets: ["${target.address}"]}]\n`,
  );
  await scene.scrape();
  expect(scene.scraper.cuts()).toEqual([]);
  count = 1500;
  for (let round = 0; round < 3; round++) await scene.scrape();
  expect(scene.scraper.cuts()).toMatchObject([{ metric: 'requests_total', label: 'user_id', values: 4500, refused: 4500, pageSamplesMax: 1000 }]);
  const [told] = explosions({ scraper: scene.scraper, live: scene.store, clock: scene.clock });
  expect(told).toMatch(
    /^bomb http:\S+ has pages of more than 1,000 samples, which are refused: requests_total, label user_id: 4,500 values beyond the limit since \d\d:\d\d UTC$/,
  );
});

test('a bomb that is pushed, and so belongs to no target, is named by the label that grows', async () => {
  const scene = new ScrapeScene();
  scene.store.tick();
  const push = async (from: number, count: number): Promise<void> => {
    const batch = scene.store.batch();
    for (let n = from; n < from + count; n++) batch.add(scene.store.ref(['__name__', 'requests_total', 'user_id', `u${n}`]), scene.clock.now(), 1);
    await batch.commit('process');
  };
  await push(0, 15_000);
  expect(explosions({ scraper: scene.scraper, live: scene.store, clock: scene.clock })).toEqual([]);
  await push(15_000, 33_211);
  expect(explosions({ scraper: scene.scraper, live: scene.store, clock: scene.clock })).toEqual([
    expect.stringMatching(/^label user_id: 48,211 values, 48,211 of them since \d\d:\d\d UTC; what is new each time belongs into logs or traces$/),
  ]);
});

test('what the whole store refuses is named too', async () => {
  const scene = new ScrapeScene();
  scene.store.ref(['__name__', 'a', 'x'.repeat(300), 'b']);
  scene.store.ref(['__name__', 'a', 'x'.repeat(300), 'c']);
  const told = explosions({ scraper: scene.scraper, live: scene.store, clock: scene.clock });
  expect(told).toEqual([expect.stringMatching(/^a: 2 samples of new series refused since \d\d:\d\d UTC \(label_name_length_limit\)$/)]);
});
