/** The web host as a person starts it, in a real browser, with other pages that mean no good. */
import { createServer, type Server } from 'node:http';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { enginePid, serve, type Served } from './support/serve.ts';

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
    expect(got).toEqual({ read: 'refused', opaque: 'done', image: 'refused', script: 'refused', socket: 'refused' });
    const asked = await fetch(`${served.origin}/api/v1/query?query=evil`, { headers: { authorization: `Bearer ${served.token}` } });
    expect(await asked.json()).toMatchObject({ data: { result: [] } });
    expect(heard.join('\n')).not.toContain(served.token);
    await other.close();
  });
});
