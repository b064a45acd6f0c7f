/** The web host as a person starts it, in a real browser, with other pages that mean no good. */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { cli, enginePid, serve, type Served } from './support/serve.ts';

const test = base.extend<{ dataDir: string; served: Served }>({
  dataDir: [
    async ({ browserName }, use) => {
      const dataDir = mkdtempSync(join(tmpdir(), `signalbox-${browserName}-`));
      await use(dataDir);
      rmSync(dataDir, { recursive: true, force: true });
    },
    { scope: 'test' },
  ],
  served: async ({ dataDir }, use) => {
    const served = await serve({ dataDir });
    await use(served);
    await served.stop();
  },
});

/** What the page complains of: errors, refused resources, policy and Trusted Types. */
function complaints(page: Page): string[] {
  const seen: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') seen.push(message.text());
  });
  page.on('pageerror', (error) => seen.push(String(error)));
  return seen;
}

const overview = (page: Page) => page.getByText('Are users affected?');

test('the link opens the screen, which has nothing to complain of', async ({ page, served }) => {
  const seen = complaints(page);
  await page.goto(served.url);
  await expect(overview(page)).toBeVisible();
  expect(page.url()).not.toContain('code');
  for (const view of ['alerts', 'explore', 'incidents', 'runbooks', 'sources', 'settings']) {
    await page.goto(`${served.origin}/#/${view}`);
    await expect(page.locator('main')).toBeVisible();
  }
  // A chart with its tooltip is where a library writes HTML and styles.
  await page.goto(`${served.origin}/#/explore?g0.expr=signalbox_build_info%20or%20vector(1)&from=now-5m&to=now`);
  await page.getByRole('slider', { name: 'signalbox_build_info' }).hover();
  expect(seen).toEqual([]);
});

test('a tab keeps its key over a reload; another browser has none', async ({ page, browser, served }) => {
  await page.goto(served.url);
  await expect(overview(page)).toBeVisible();
  await page.reload();
  await expect(overview(page)).toBeVisible();
  const stranger = await browser.newPage();
  await stranger.goto(`${served.origin}/`);
  await expect(stranger.getByText('no key to Signalbox').first()).toBeVisible();
  await stranger.goto('about:blank');
  await stranger.goto(served.url);
  await expect(stranger.getByText('no key to Signalbox').first()).toBeVisible();
  await stranger.close();
});

test('nothing about the person is in cookies, and the key is in no address', async ({ page, context, served }) => {
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url(), JSON.stringify(request.headers()['referer'] ?? '')));
  await page.goto(served.url);
  await expect(overview(page)).toBeVisible();
  expect(await context.cookies()).toEqual([]);
  expect(addresses.filter((address) => address.includes(served.token))).toEqual([]);
});

test('an engine that is killed comes back by itself, and the screen with it', async ({ page, served }) => {
  await page.goto(served.url);
  await expect(overview(page)).toBeVisible();
  for (let time = 0; time < 2; time++) {
    const before = enginePid(served);
    process.kill(before, 'SIGKILL');
    await expect.poll(async () => (await fetch(`${served.origin}/-/ready`)).status).toBe(200);
    expect(enginePid(served)).not.toBe(before);
    await expect(overview(page)).toBeVisible();
  }
  await page.reload();
  await expect(overview(page)).toBeVisible();
});

test('ends cleanly on SIGTERM and gives the folder back', async ({ dataDir, served }) => {
  expect(existsSync(join(dataDir, 'session.json'))).toBe(true);
  expect(await served.stop()).toBe(0);
  expect(existsSync(join(dataDir, 'session.json'))).toBe(false);
});

/** A command that is to end by itself. */
const ends = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [cli, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '' },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (part) => (out += String(part)));
    child.stderr.on('data', (part) => (err += String(part)));
    child.once('close', (code) => done({ code, out, err }));
  });

test('who starts it again on the same data gets a link to what runs; who serves it again is told', async ({ page, dataDir, served }) => {
  const again = await ends('start', '--no-open', '--data', dataDir);
  expect(again).toMatchObject({ code: 0, err: '', out: expect.stringContaining(`running already (process ${served.pid}): ${served.origin}/#code=`) });
  await page.goto(/http\S+/.exec(again.out)![0]);
  await expect(overview(page)).toBeVisible();
  expect(await ends('serve', '--port', '0', '--data', dataDir)).toEqual({
    code: 1,
    out: '',
    err: `signalbox serve: ${dataDir} is in use by the Signalbox of process ${served.pid} at ${served.origin}/; stop it, or name another folder with --data\n`,
  });
});

test('a port that is taken is told with who has it and another one', async ({ dataDir, served }) => {
  const { code, err } = await ends('serve', '--port', String(served.port), '--data', `${dataDir}/other`);
  expect(code).toBe(1);
  expect(err).toBe(
    `signalbox serve: port ${served.port} is taken by process ${served.pid} (node cli.js); stop it, or use another port, such as --port ${served.port + 1}\n`,
  );
});

test('a query asks the Signalbox that has the folder', async ({ dataDir, served }) => {
  expect(served.port).toBeGreaterThan(0);
  expect(await ends('query', 'vector(1)', '--json', '--data', dataDir)).toMatchObject({
    code: 0,
    out: expect.stringContaining('"status":"success"'),
  });
});

test('a configuration that cannot be read ends the start with file and line', async ({ dataDir }) => {
  const config = join(dataDir, 'broken.yml');
  writeFileSync(config, 'scrape_configs:\n  - job_nam: x\n');
  const { code, err } = await ends('serve', '--port', '0', '--no-open', '--data', `${dataDir}/other`, '--config', config);
  expect([code, err]).toEqual([1, expect.stringMatching(/^signalbox serve: .*broken\.yml.*:2: /)]);
});

test.describe('a page on another port of this machine', () => {
  let server: Server;
  const heard: string[] = [];
  test.beforeAll(async () => {
    server = createServer((request, response) => {
      heard.push(JSON.stringify(request.headers));
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>another</title>');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  test.afterAll(() => void server.close());

  test('gets nothing out of Signalbox and nothing into it', async ({ page, context, served }) => {
    await page.goto(served.url);
    await expect(overview(page)).toBeVisible();
    const other = await context.newPage();
    await other.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const got = await other.evaluate(async (origin) => {
      const word = (attempt: Promise<unknown>): Promise<string> =>
        attempt.then(
          () => 'done',
          () => 'refused',
        );
      const load = (tag: 'img' | 'script' | 'iframe'): Promise<string> =>
        new Promise((done) => {
          const element = document.createElement(tag);
          element.addEventListener('load', () => done('loaded'));
          element.addEventListener('error', () => done('refused'));
          element.src = `${origin}/metrics`;
          document.body.append(element);
          if (tag === 'iframe')
            element.addEventListener('load', () => done((element as HTMLIFrameElement).contentDocument === null ? 'refused' : 'loaded'));
        });
      const socket = new Promise<string>((done) => {
        const opened = new WebSocket(`${origin.replace('http', 'ws')}/rpc`);
        opened.addEventListener('open', () => done('opened'));
        opened.addEventListener('error', () => done('refused'));
      });
      const push = fetch(`${origin}/metrics/job/evil`, {
        method: 'POST',
        mode: 'no-cors',
        headers: { 'content-type': 'text/plain' },
        body: 'evil 1\n',
      });
      return {
        read: await word(fetch(`${origin}/api/v1/query?query=up`)),
        opaque: await word(push),
        image: await load('img'),
        script: await load('script'),
        socket: await socket,
      };
    }, served.origin);
    expect(got).toEqual({ read: 'refused', opaque: 'refused', image: 'refused', script: 'refused', socket: 'refused' });
    const asked = await fetch(`${served.origin}/api/v1/query?query=evil`, { headers: { authorization: `Bearer ${served.token}` } });
    expect(await asked.json()).toMatchObject({ data: { result: [] } });
    expect(heard.join('\n')).not.toContain(served.token);
    await other.close();
  });
});
