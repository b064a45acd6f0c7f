import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { labelValue } from '#core/model/index.ts';
import { httpTarget, page, type Answer } from '../../support/http-target.ts';
import { jobOf, ScrapeScene } from '../../support/scrape-scene.ts';

describe('one scrape', () => {
  test('samples, report series, status and account', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('# TYPE a counter\n# HELP a How many.\na{x="1"} 1\na{x="2"} 2\nnonsense here\n'));
    await scene.configure(jobOf([target.address]));
    const status = await scene.scrape();
    expect(status).toMatchObject({
      job: 'j',
      url: target.url,
      health: 'up',
      lastError: '',
      lastSamples: 2,
      lastBytes: 72,
      lastBadLines: 1,
      lastBadLine: 'line 5: a value is expected after the name and labels',
      intervalMs: 15_000,
      timeoutMs: 10_000,
    });
    const at = target.address;
    expect(scene.samples('a|up|scrape_samples.*|scrape_series_added')).toEqual([
      `a{instance="${at}", job="j", x="1"}: 1`,
      `a{instance="${at}", job="j", x="2"}: 2`,
      `scrape_samples_post_metric_relabeling{instance="${at}", job="j"}: 2`,
      `scrape_samples_scraped{instance="${at}", job="j"}: 2`,
      `scrape_series_added{instance="${at}", job="j"}: 2`,
      `up{instance="${at}", job="j"}: 1`,
    ]);
    expect(scene.samples('scrape_duration_seconds')).toHaveLength(1);
    expect(scene.store.metadata().get('a')).toEqual({ type: 'counter', help: 'How many.', unit: '' });
    expect(scene.account('scrape:j')).toEqual({ received: 8, stored: 7, bad_line: 1 });
  });

  test('OpenMetrics: own times, exemplars, units', async () => {
    const scene = new ScrapeScene();
    const second = scene.clock.now() / 1000 - 5;
    const text = `# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 3 ${second} # {trace_id="abc"} 0.5\n# EOF\n`;
    const target = await httpTarget(page(text, 'application/openmetrics-text; version=1.0.0; charset=utf-8'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    const [series] = scene.store.select([], 0, Number.MAX_SAFE_INTEGER);
    expect(Array.from(series!.timesMs)).toEqual([second * 1000]);
    expect(
      scene.store.exemplars([], 0, Number.MAX_SAFE_INTEGER).map(({ exemplars }) => exemplars.map(({ labels, value }) => [labels, value])),
    ).toEqual([[[['trace_id', 'abc'], 0.5]]]);
    expect(scene.store.metadata().get('a_seconds')).toMatchObject({ unit: 'seconds' });
  });

  test('honor_timestamps: false takes the time of the scrape', async () => {
    const scene = new ScrapeScene();
    const nowMs = scene.clock.now();
    const target = await httpTarget(page('a 1 1000\n'));
    await scene.configure(jobOf([target.address], '  honor_timestamps: false'));
    await scene.scrape();
    const series = scene.store.select([], 0, Number.MAX_SAFE_INTEGER).find(({ labels }) => labelValue(labels, '__name__') === 'a')!;
    expect(Array.from(series.timesMs)).toEqual([nowMs]);
  });

  test('gzip, and what the target is asked', async () => {
    const scene = new ScrapeScene();
    let asked: Record<string, unknown> = {};
    const target = await httpTarget((request, response) => {
      asked = { ...request.headers, path: request.url };
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync('a 1\n'));
    });
    await scene.configure(jobOf([target.address], '  metrics_path: /x\n  params: {m: [a b, c]}\n  basic_auth: {username: u, password: p}\n'));
    expect(await scene.scrape()).toMatchObject({ health: 'up', lastSamples: 1, lastBytes: 4 });
    expect(asked).toMatchObject({
      path: '/x?m=a+b&m=c',
      'accept-encoding': 'gzip',
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      'x-prometheus-scrape-timeout-seconds': '10',
    });
    expect(asked['accept']).toMatch(/^application\/openmetrics-text;version=1\.0\.0/);
  });

  test('labels that clash go to exported_, or win with honor_labels', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a{job="x",exported_job="y",instance="z"} 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    expect(scene.samples('a')).toEqual([
      `a{exported_exported_job="x", exported_instance="z", exported_job="y", instance="${target.address}", job="j"}: 1`,
    ]);
    await scene.configure(jobOf([target.address], '  honor_labels: true'));
    await scene.scrape();
    expect(scene.samples('a')).toContain('a{exported_job="y", instance="z", job="x"}: 1');
  });

  test("an honoured label without a value keeps the target's own away, as a Pushgateway has it for instance", async () => {
    const target = await httpTarget(page('a{instance="",job="batch"} 1\nb{job=""} 2\n'));
    const scene = new ScrapeScene();
    await scene.configure(jobOf([target.address], '  honor_labels: true'));
    await scene.scrape();
    expect(scene.samples('a|b')).toEqual(['a{job="batch"}: 1', `b{instance="${target.address}"}: 2`]);
  });

  test('extra_scrape_metrics, limits counted in bytes, and what a refused page had', async () => {
    const target = await httpTarget(page('a{x="1"} 1\nb 1\nc 1\n'));
    const scene = new ScrapeScene();
    await scene.configure(jobOf([target.address], '  extra_scrape_metrics: true\n  sample_limit: 2\n  label_value_length_limit: 30'));
    expect(await scene.scrape()).toMatchObject({ health: 'down' });
    target.answer = page(`a{x="${'é'.repeat(16)}"} 1\n`);
    expect((await scene.scrape()).lastError).toMatch(/label_value_length_limit 30/);
    const values = scene.samples('scrape_.*').map((line) => line.replace(/\{.*\}/, ''));
    expect(values.filter((line) => !line.includes('duration'))).toEqual([
      'scrape_body_size_bytes: 19 42',
      'scrape_sample_limit: 2 2',
      'scrape_samples_post_metric_relabeling: 3 0',
      'scrape_samples_scraped: 3 1',
      'scrape_series_added: 0 0',
      'scrape_timeout_seconds: 10 10',
    ]);
    scene.account('scrape:j');
  });

  test('relabelling of targets and of metrics', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a_total 1\nb 2\ntmp_c 3\n'));
    await scene.configure(
      jobOf(
        [target.address, 'drop.me:1'],
        `  relabel_configs:
  - { source_labels: [__address__], regex: 'drop.*', action: drop }
  - { target_label: instance, replacement: one }
  - { source_labels: [__address__], regex: '(.+):(\\d+)', target_label: host, replacement: '\${1}' }
  metric_relabel_configs:
  - { source_labels: [__name__], regex: 'tmp_.*', action: drop }
  - { source_labels: [__name__], regex: '(.*)_total', target_label: __name__ }
`,
      ),
    );
    await scene.scrape();
    expect(scene.scraper.targets()).toHaveLength(1);
    expect(scene.samples('a|b|tmp_c|scrape_samples.*')).toEqual([
      'a{host="127.0.0.1", instance="one", job="j"}: 1',
      'b{host="127.0.0.1", instance="one", job="j"}: 2',
      'scrape_samples_post_metric_relabeling{host="127.0.0.1", instance="one", job="j"}: 2',
      'scrape_samples_scraped{host="127.0.0.1", instance="one", job="j"}: 3',
    ]);
    expect(scene.account('scrape:j')).toEqual({ received: 8, stored: 7, dropped_by_relabelling: 1 });
  });
});

describe('staleness', () => {
  test('a series that no longer comes is marked, and goes on when it comes again', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\nb 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    target.answer = page('b 2\n');
    await scene.scrape();
    await scene.scrape();
    target.answer = page('a 3\nb 3\n');
    await scene.scrape();
    expect(scene.samples('a|b').map((line) => line.replace(/\{.*\}/, ''))).toEqual(['a: 1 stale 3', 'b: 1 2 2 3']);
  });

  test('a scrape that fails marks everything once', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    target.answer = (_, response) => void response.writeHead(503).end();
    await scene.scrape();
    await scene.scrape();
    target.answer = page('a 2\n');
    await scene.scrape();
    expect(scene.samples('a|up').map((line) => line.replace(/\{.*\}/, ''))).toEqual(['a: 1 stale 2', 'up: 1 0 0 1']);
  });

  test('a target that is wanted no more ends, its report series too', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    await scene.configure('');
    expect(scene.samples('a|up').map((line) => line.replace(/\{.*\}/, ''))).toEqual(['a: 1 stale', 'up: 1 stale']);
    expect(scene.scraper.targets()).toEqual([]);
  });

  test('a changed job keeps the series of a target that stays', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\nb 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    await scene.configure(jobOf([target.address], '  metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]'));
    await scene.scrape();
    expect(scene.samples('a|b').map((line) => line.replace(/\{.*\}/, ''))).toEqual(['a: 1 1', 'b: 1 stale']);
  });

  test('samples with a time of their own are not marked, unless the job asks', async () => {
    const scene = new ScrapeScene();
    const withTime = (): string => `a 1 ${scene.clock.now()}\n`;
    const target = await httpTarget((request, response) => page(withTime())(request, response));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    target.answer = page('b 1\n');
    await scene.scrape();
    expect(scene.samples('a')[0]).toMatch(/: 1$/);
    await scene.configure(jobOf([target.address], '  track_timestamps_staleness: true'));
    target.answer = (request, response) => page(withTime())(request, response);
    await scene.scrape();
    target.answer = page('b 1\n');
    await scene.scrape();
    expect(scene.samples('a')[0]).toMatch(/: 1 1 stale$/);
  });

  test('a change of format is no change of series', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\nb 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    target.answer = page('a 2\n# EOF\n', 'application/openmetrics-text');
    await scene.scrape();
    expect(scene.samples('a|b').map((line) => line.replace(/\{.*\}/, ''))).toEqual(['a: 1 2', 'b: 1 stale']);
  });
});

describe('targets that do harm', () => {
  const cases: [name: string, answer: Answer, error: string, fields?: string][] = [
    ['an error status', (_, response) => void response.writeHead(500).end('a 1\n'), 'the target answered HTTP status 500'],
    ['a page that is not one', page('<html></html>', 'text/html'), 'the target sends text/html, which is no page of metrics'],
    ['nothing but bad lines', page('<html>\n</html>\n'), 'no line of the page could be read; line 1: '],
    ['OpenMetrics that breaks off', page('a 1\nb 1', 'application/openmetrics-text'), 'the page does not end with # EOF'],
    ['a page over body_size_limit', page('a 1\n'.repeat(1000)), 'the page is over the limit of 1024 bytes', '  body_size_limit: 1KB'],
    [
      'a small page that unpacks to a large one',
      (_, response) =>
        void response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(40 << 20))),
      'the body unpacks to more than the limit of 16777216 bytes',
    ],
    ['gzip that is none', (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('a 1\n'), 'cannot be unpacked'],
    ['another encoding', (_, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end('a 1\n'), 'in the encoding br'],
    ['too many samples', page('a 1\nb 1\nc 1\n'), 'the page has more than 2 samples; raise sample_limit of job "j"', '  sample_limit: 2'],
    ['too many labels', page('a{x="1",y="2"} 1\n'), 'a has 5 labels, over label_limit 4', '  label_limit: 4'],
    ['a long label value', page(`a{x="${'y'.repeat(100)}"} 1\n`), 'over label_value_length_limit 50', '  label_value_length_limit: 50'],
    ['a redirect', (_, response) => void response.writeHead(302, { location: '/other' }).end(), 'the target redirects to http://'],
    [
      'a redirect to another host',
      (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
      'redirects to another host, http://169.254.169.254',
      '  follow_redirects: true',
    ],
    [
      'a redirect loop',
      (_, response) => void response.writeHead(307, { location: '/metrics' }).end(),
      'redirects more than 3 times',
      '  follow_redirects: true',
    ],
    ['a connection that is closed', (request) => void request.socket.destroy(), 'closed the connection without an answer'],
    [
      'a body that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' }).write('a 1\n');
        setImmediate(() => response.destroy());
      },
      'the target broke off its answer',
    ],
    ['more than one target', page('a 1\n'), 'over its target_limit 1', '  target_limit: 1\n  file_sd_configs: []\n  scheme: http'],
  ];

  test.each(cases)('%s', async (name, answer, error, fields = '') => {
    const scene = new ScrapeScene();
    const target = await httpTarget(answer);
    const good = await httpTarget(page('good 1\n'));
    const addresses = name === 'more than one target' ? [target.address, good.address] : [target.address];
    await scene.configure(`${jobOf(addresses, fields)}\n- job_name: good\n  static_configs: [{targets: ['${good.address}']}]\n`);
    const status = await scene.scrape();
    expect(status.lastError).toContain(error);
    expect(status.health).toBe('down');
    expect(scene.samples('a')).toEqual([]);
    expect(scene.samples('up')).toContain(`up{instance="${target.address}", job="j"}: 0`);
    expect(scene.samples('good')).toEqual([`good{instance="${good.address}", job="good"}: 1`]);
    scene.account('scrape:j');
  });

  test('nobody there', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page(''));
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((ready) => free.once('listening', ready));
    const { port } = free.address() as { port: number };
    await new Promise((closed) => free.close(closed));
    await scene.configure(jobOf([`127.0.0.1:${port}`, target.address]));
    const status = await scene.scrape();
    expect(status.lastError).toBe(`nobody listens on 127.0.0.1:${port}: is the exporter running there?`);
  });

  test('cloud metadata and the like are never asked', async () => {
    const scene = new ScrapeScene();
    const addresses = ['169.254.169.254', '0.0.0.0:1', '"[fe80::1]:80"', '"[::ffff:169.254.169.254]"', '2852039166'];
    await scene.configure(jobOf(addresses));
    await scene.scrape();
    const errors = scene.scraper.targets().map(({ lastError }) => lastError);
    expect(errors).toHaveLength(5);
    for (const error of errors) expect(error).toContain('is a link-local, multicast or unspecified address');
  });

  test('a target that never answers costs its own timeout and nothing else', async () => {
    const scene = new ScrapeScene();
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((ready) => silent.once('listening', ready));
    onTestFinished(() => void silent.close());
    const address = `127.0.0.1:${(silent.address() as { port: number }).port}`;
    await scene.configure(jobOf([address]));
    const waiting = scene.scraper.scrapeNow(`http://${address}/metrics`);
    await scene.clock.advance(9_999);
    expect(scene.scraper.targets()[0]!.health).toBe('unknown');
    await scene.clock.advance(1);
    await waiting;
    expect(scene.scraper.targets()[0]).toMatchObject({
      health: 'down',
      lastError: 'the target gave no whole answer within 10 s',
      lastDurationMs: 10_000,
    });
  });

  test('a source that makes up labels is cut at its budget of new series; its old ones go on', async () => {
    const scene = new ScrapeScene();
    let n = 0;
    const bomb = (): string => `steady 1\n${Array.from({ length: 60 }, () => `a{x="${n++}"} 1\n`).join('')}`;
    const target = await httpTarget((request, response) => page(bomb())(request, response));
    await scene.configure(`limits: {new_series_per_source: 100}\n${jobOf([target.address])}`);
    for (let i = 0; i < 4; i++) await scene.scrape();
    expect(scene.store.series([], 0, Number.MAX_SAFE_INTEGER)).toHaveLength(100 + 5);
    expect(scene.samples('steady')[0]).toMatch(/: 1 1 1 1$/);
    expect(scene.account('scrape:j')).toMatchObject({ new_series_limit: 61 * 4 - 3 - 100 });
  });
});
