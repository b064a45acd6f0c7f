/** The desktop's main process and preload, built, under whichever shell there is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test, type Desktop } from './support/desktop.ts';

const tryLoad = (page: Page, url: string): Promise<string> =>
  page.evaluate(
    (address) =>
      fetch(address).then(
        (answer) => String(answer.status),
        () => 'refused',
      ),
    url,
  );

/** A port as the screen asks for it, and one answer over it. The id is none that the screen uses, should the port be the screen's own. */
const askEngine = (page: Page): Promise<unknown> =>
  page.evaluate(async () => {
    const id = 900_001;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    window.addEventListener('message', ({ data, ports: [port] }: MessageEvent<{ type?: string }>) => {
      if (data.type !== 'signalbox:engine-port' || port === undefined) return;
      port.addEventListener('message', (event: MessageEvent<{ id: number }>) => {
        if (event.data.id === id) resolve(event.data);
      });
      port.start();
      port.postMessage({ k: 'call', id, name: 'system.info', input: {} });
    });
    (window as unknown as { signalboxShell: { connect(): void } }).signalboxShell.connect();
    return promise;
  });

test('the screen reaches the engine through a port of its own', async ({ desktop }) => {
  expect(await askEngine(desktop.page)).toMatchObject({ k: 'ok', out: { host: 'desktop' } });
});

test('the page has the three things of the preload, and no Node', async ({ desktop }) => {
  const { page } = desktop;
  expect(await page.evaluate(() => Object.keys((window as unknown as { signalboxShell: object }).signalboxShell).sort())).toEqual([
    'connect',
    'onOpen',
    'platform',
  ]);
  expect(await page.evaluate(() => ['require', 'process', 'Buffer', 'module', 'global'].filter((name) => name in globalThis))).toEqual([]);
});

test('only the files of the build are at app://ui', async ({ desktop }) => {
  const { page } = desktop;
  const base = new URL(page.url());
  for (const path of [
    '/..%2f..%2fpackage.json',
    '/%5c..%5cmain%5cindex.js',
    '/assets.json',
    '/index.html%00',
    '/assets/',
    '/assets/../../main/index.js',
  ]) {
    expect(await tryLoad(page, `${base.protocol}//${base.host}${path}`), path).toBe('404');
  }
  expect(await tryLoad(page, `${base.protocol}//${base.host}/`)).toBe('200');
  expect(await tryLoad(page, `${base.protocol}//${base.host}/host/status`)).toBe('200');
});

test('the content security policy holds', async ({ desktop }) => {
  const { page } = desktop;
  await page
    .evaluate(() => {
      const seen = window as unknown as { violated: string[]; thrown: string };
      seen.violated = [];
      document.addEventListener('securitypolicyviolation', (event) => seen.violated.push(event.effectiveDirective));
      const script = document.createElement('script');
      script.src = 'https://example.com/x.js';
      document.head.append(script);
    })
    .catch(() => undefined); // Trusted Types may refuse the address before the policy does
  await page.evaluate(() => void fetch('https://example.com/x').catch(() => undefined));
  await expect.poll(() => page.evaluate(() => (window as unknown as { violated: string[] }).violated)).toContain('connect-src');
  const inline = await page.evaluate(() => {
    try {
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.inline = 1' }));
    } catch (error) {
      return (error as Error).name;
    }
    return 'inline' in window;
  });
  expect(inline).toBe('TypeError');
});

test('the page cannot be led away, and links open outside only after a yes', async ({ desktop }) => {
  const { page } = desktop;
  expect(await askEngine(page)).toMatchObject({ k: 'ok' });
  await page.evaluate(() => window.open('https://example.com/status'));
  if (desktop.kind === 'double') await desktop.ask('answerDialog', { response: 0 });
  await expect.poll(() => desktop.openedOutside()).toEqual(['https://example.com/status']);
  for (const address of ['file:///etc/passwd', 'ms-msdt:/id', 'https://user:secret@example.com/', 'javascript:alert(1)']) {
    await page.evaluate((url) => void window.open(url), address);
  }
  await page.evaluate(() => {
    location.href = 'https://example.com/away';
  });
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('a'), { id: 'away', href: 'https://example.com/away' })));
  await page.evaluate(() => document.getElementById('away')!.click());
  expect(await askEngine(page)).toMatchObject({ k: 'ok' });
  expect(await desktop.openedOutside()).toEqual(['https://example.com/status']);
  expect((await desktop.windows()).map(({ url }) => url.split('#')[0])).toEqual(['app://ui/']);
});

test('a killed engine is started again, and the screen gets a new port', async ({ desktop }) => {
  expect(await askEngine(desktop.page)).toMatchObject({ k: 'ok' });
  await desktop.killEngine();
  expect(await askEngine(desktop.page)).toMatchObject({ k: 'ok' });
});

test('closing the window keeps the engine at work; a second start shows it again', async ({ desktop }) => {
  test.skip(desktop.kind !== 'double', 'asks the double to press the close button');
  await desktop.ask('closeWindow');
  await expect.poll(async () => (await desktop.windows()).map(({ visible }) => visible)).toEqual([false]);
  expect(await askEngine(desktop.page)).toMatchObject({ k: 'ok' });
  expect(await desktop.launchAgain()).toBe(0);
  await expect.poll(async () => (await desktop.windows()).map(({ visible }) => visible)).toEqual([true]);
});

/** What the screen hears of links that the system opened. */
async function heard({ page }: Desktop): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen = window as unknown as { links: string[]; signalboxShell: { onOpen(act: (link: string) => void): void } };
    seen.links = [];
    seen.signalboxShell.onOpen((link) => seen.links.push(link));
  });
  return () => page.evaluate(() => (window as unknown as { links: string[] }).links);
}

/** How tools reach the app, once it is up. */
async function sessionOf({ dataDir }: Desktop): Promise<{ url: string; token: string }> {
  const read = (): { url: string; token: string } =>
    JSON.parse(readFileSync(join(dataDir, 'session.json'), 'utf8')) as { url: string; token: string };
  await expect.poll(() => read().url).toMatch(/^http/);
  return read();
}

test('a second instance hands its link to the first and ends', async ({ desktop }) => {
  const links = await heard(desktop);
  expect(await desktop.launchAgain('--some-switch', 'signalbox://incidents/7?tab=timeline')).toBe(0);
  await expect.poll(links).toEqual(['#/incidents/7?tab=timeline']);
  expect(await desktop.launchAgain('signalbox://<script>alert(1)</script>')).toBe(0);
  expect(await links()).toEqual(['#/incidents/7?tab=timeline']);
});

test('an alert is told by the system, once, and a click leads to it', async ({ desktop }) => {
  const links = await heard(desktop);
  const { url } = await sessionOf(desktop);
  await expect
    .poll(() =>
      fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ labels: { alertname: 'DiskFull', severity: 'critical' }, annotations: { summary: 'The disk of db-1 is full' } }]),
      }).then(({ status }) => status),
    )
    .toBe(200);
  const told = { title: expect.stringContaining('DiskFull'), body: 'The disk of db-1 is full' };
  await expect.poll(() => desktop.notifications(), { timeout: 20_000 }).toEqual([told]);
  await desktop.killEngine();
  expect(await askEngine(desktop.page)).toMatchObject({ k: 'ok' });
  expect(await desktop.notifications()).toHaveLength(1);
  test.skip(desktop.kind !== 'double', 'only the double can click a notification');
  await desktop.ask('notification', 0);
  await expect.poll(links).toEqual([expect.stringMatching(/^#?\/alerts\//)]);
});

test('the person can go on in a browser, and only then the screen is served there', async ({ desktop }) => {
  const { url } = await sessionOf(desktop);
  expect((await fetch(`${url}/`)).status).toBe(404);
  await desktop.menu('open-in-browser');
  await expect.poll(() => desktop.openedOutside()).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{43}$/)]);
  expect((await fetch(`${url}/`)).status).toBe(200);
});

test('permissions are refused, all but one', async ({ desktop }) => {
  test.skip(desktop.kind !== 'double', 'asks the handlers directly');
  for (const permission of ['media', 'geolocation', 'notifications', 'openExternal', 'clipboard-read', 'fileSystem', 'hid', 'local-network-access']) {
    expect(await desktop.ask('permission', permission, 'app://ui/'), permission).toBe(false);
    expect(await desktop.ask('permissionCheck', permission, 'app://ui'), permission).toBe(false);
  }
  expect(await desktop.ask('permission', 'clipboard-sanitized-write', 'app://ui/')).toBe(true);
  expect(await desktop.ask('permission', 'clipboard-sanitized-write', 'https://example.com/')).toBe(false);
  expect(await desktop.ask('device')).toBe(false);
  expect(await desktop.ask('display')).toEqual({});
});

test('quitting gives the data folder back', async ({ desktop }) => {
  expect(await askEngine(desktop.page)).toMatchObject({ k: 'ok' });
  expect(existsSync(join(desktop.dataDir, 'session.json'))).toBe(true);
  await desktop.quit();
  expect(existsSync(join(desktop.dataDir, 'session.json'))).toBe(false);
});
