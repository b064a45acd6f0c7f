import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '#core/engine.ts';
import type { HttpRequest } from '#core/model/index.ts';
import { ManualClock } from '../support/clock.ts';
import { engineOn } from '../support/engine.ts';
import { tempFolder } from '../support/folder.ts';

const intervalMs = 1000;

/** An engine on a clock of the test, one real target, and the files of its data dir. */
class Bench {
  readonly clock = new ManualClock();
  readonly dataDir = tempFolder();
  body = 'up_for_test 1\n';
  engine!: Engine;
  #address = '';
  #stampSeconds = 1_800_000_000;

  async open(rules: string): Promise<this> {
    const server = createServer((_request, response) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(this.body));
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    onTestFinished(() => void server.close());
    this.#address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    mkdirSync(join(this.dataDir, 'rules'));
    this.save('rules/a.yml', rules);
    this.save(
      'signalbox.yml',
      `global: {scrape_interval: 1s, evaluation_interval: 1s}\nscrape_configs: [{job_name: one, static_configs: [{targets: ['${this.#address}']}]}]\nrule_files: ['rules/*.yml']\n`,
    );
    await this.start();
    onTestFinished(() => this.engine.close());
    return this;
  }

  async start(): Promise<void> {
    this.engine = await engineOn(this.dataDir, this.clock);
  }

  save(name: string, text: string): void {
    writeFileSync(join(this.dataDir, name), text);
    utimesSync(join(this.dataDir, name), ++this.#stampSeconds, this.#stampSeconds);
  }

  /** Lets so many scrape intervals pass, each with its scrape finished. */
  async pass(intervals: number): Promise<void> {
    for (let i = 0; i < intervals; i++) {
      const before = (await this.target()).lastScrape;
      await this.clock.advance(intervalMs);
      while ((await this.target()).lastScrape === before) await new Promise((done) => setImmediate(done));
      await this.clock.advance(0);
    }
  }

  async get<T>(path: string): Promise<T> {
    const [route, query = ''] = path.split('?') as [string, string?];
    const request: HttpRequest = { port: 'app', method: 'GET', path: route, query, headers: {}, body: new Uint8Array() };
    const { body } = await this.engine.http(request);
    return (JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as { data: T }).data;
  }

  async target(): Promise<{ lastScrape: string; lastError: string; health: string }> {
    const { activeTargets } = await this.get<{ activeTargets: { scrapePool: string; lastScrape: string; lastError: string; health: string }[] }>(
      '/api/v1/targets',
    );
    return activeTargets.find(({ scrapePool }) => scrapePool === 'one')!;
  }

  async value(query: string): Promise<string | undefined> {
    const { result } = await this.get<{ result: { value: [number, string] }[] }>(`/api/v1/query?query=${encodeURIComponent(query)}`);
    return result[0]?.value[1];
  }

  async alerts(): Promise<readonly { state: string; activeAt: string }[]> {
    return (await this.get<{ alerts: { state: string; activeAt: string }[] }>('/api/v1/alerts')).alerts;
  }
}

const rules = (bound: number): string => `groups:
  - name: a
    rules:
      - alert: TooMuch
        expr: load > ${bound}
        for: 3s
`;

test('a malformed page counts its bad lines and keeps the good ones', async () => {
  const bench = await new Bench().open(rules(1));
  bench.body = 'good 1\nbad{ 2\nalso_good 3\n';
  await bench.pass(2);
  expect(await bench.value('also_good')).toBe('3');
  expect(await bench.value('up{job="one"}')).toBe('1');
  expect(await bench.value('scrape_samples_scraped{job="one"}')).toBe('2');
});

test('pending, firing and since when survive a restart; a broken rule file leaves the last good one in force', async () => {
  const bench = await new Bench().open(rules(1));
  bench.body = 'load 5\n';
  await bench.pass(3);
  const [pending] = await bench.alerts();
  expect(pending!.state).toBe('pending');
  await bench.pass(5);
  const [firing] = await bench.alerts();
  expect(firing).toMatchObject({ state: 'firing', activeAt: pending!.activeAt });

  bench.save('rules/a.yml', `${rules(100)}        fro: 3s\n`);
  await bench.pass(4);
  expect(await bench.alerts()).toMatchObject([{ state: 'firing' }]);

  await bench.engine.close();
  await bench.clock.advance(5000);
  await bench.start();
  await bench.pass(3);
  expect(await bench.alerts()).toMatchObject([{ state: 'firing', activeAt: pending!.activeAt }]);
  expect(await bench.value('ALERTS{alertstate="firing"}')).toBe('1');

  bench.save('rules/a.yml', rules(100));
  await bench.pass(4);
  expect(await bench.alerts()).toEqual([]);
});

test('a target whose page is over the limit is down, says which limit, and its series end', async () => {
  const bench = await new Bench().open(rules(1));
  bench.body = 'load 5\n';
  await bench.pass(3);
  expect(await bench.value('load')).toBe('5');
  bench.body = 'x'.repeat(17 << 20);
  await bench.pass(2);
  expect(await bench.target()).toMatchObject({ health: 'down', lastError: expect.stringContaining('16') as string });
  expect(await bench.value('up{job="one"}')).toBe('0');
  expect(await bench.value('load')).toBeUndefined();
});

test('a webhook and a log of alertmanager.yml are told, with the secret of a file', async () => {
  const posts: { authorization: string | undefined; body: { version: string; status: string; alerts: { labels: Record<string, string> }[] } }[] = [];
  const receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      posts.push({ authorization: request.headers.authorization, body: JSON.parse(text) as (typeof posts)[number]['body'] });
      response.end();
    });
  });
  await new Promise<void>((ready) => receiver.listen(0, '127.0.0.1', ready));
  onTestFinished(() => void receiver.close());
  const bench = await new Bench().open(rules(1));
  bench.save('token', 'hush\n');
  bench.save(
    'alertmanager.yml',
    `route: {receiver: hook, group_wait: 1s}
receivers:
  - name: hook
    webhook_configs: [{url: 'http://127.0.0.1:${(receiver.address() as AddressInfo).port}/x', http_config: {authorization: {credentials_file: token}}}]
    log_configs: [{}]
`,
  );
  bench.body = 'load 5\n';
  await bench.pass(10);
  while (posts.length === 0) await new Promise((done) => setImmediate(done));
  expect(posts).toMatchObject([
    { authorization: 'Bearer hush', body: { version: '4', status: 'firing', alerts: [{ labels: { alertname: 'TooMuch' } }] } },
  ]);
  expect(readFileSync(join(bench.dataDir, 'notifications.log'), 'utf8')).toContain('TooMuch');
});

test('an objective file of the data dir becomes rules, and ends with it', async () => {
  const bench = await new Bench().open(rules(1));
  mkdirSync(join(bench.dataDir, 'slos'));
  bench.save('slos/shop.yml', readFileSync(join(import.meta.dirname, '../../../shared/data/slo/sloth/getting-started.yml'), 'utf8'));
  await bench.pass(3);
  const groups = async (): Promise<string[]> => (await bench.get<{ groups: { name: string }[] }>('/api/v1/rules')).groups.map(({ name }) => name);
  expect((await groups()).filter((name) => name.startsWith('sloth-slo-alerts-'))).not.toEqual([]);
  rmSync(join(bench.dataDir, 'slos/shop.yml'));
  await bench.pass(3);
  expect(await groups()).toEqual(['a']);
});
