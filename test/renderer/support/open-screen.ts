/** The screen in a real browser, on a scripted engine of its own for each test; nothing may complain meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect as expectWith, type Browser, type Page } from '@playwright/test';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { browserFlags, findChromium } from '../../e2e/support/browser.ts';
import { buildScreen, hostScreen, type ScreenHost } from './screen-host.ts';
import { ScriptedEngine, type SceneName } from './scripted-engine.ts';

/** Generous, since the machine may be busy; what holds is seen at once. */
export const expectPage = expectWith.configure({ timeout: 20_000 });

export interface OpenScreen {
  readonly page: Page;
  readonly engine: ScriptedEngine;
  readonly host: ScreenHost;
  /** What must never happen: script errors, and what the page's policy had to refuse. Whatever is left at the end fails the test. */
  readonly complaints: string[];
}

export type OpenOptions = { readonly person?: string; readonly colorScheme?: 'dark' | 'light' };

/** Builds the screen once for the tests of a file, and gives what opens it; `opened` is told of each. */
export function useScreen(opened: (screen: OpenScreen) => void): (scene: SceneName, hash?: string, options?: OpenOptions) => Promise<void> {
  vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
  const outDir = mkdtempSync(join(tmpdir(), 'signalbox-screen-'));
  let browser: Browser;
  let now: OpenScreen;

  beforeAll(async () => {
    await buildScreen(outDir);
    browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...browserFlags] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    rmSync(outDir, { recursive: true, force: true });
  });
  afterEach(async () => {
    await now.page.context().close();
    await now.host.close();
    expect(now.complaints).toEqual([]);
  });

  return async (scene, hash = '', options = {}) => {
    const engine = new ScriptedEngine(scene);
    const host = await hostScreen(outDir, engine);
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: options.colorScheme ?? 'dark',
      timezoneId: 'Europe/Berlin',
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    if (options.person !== undefined) await context.addInitScript((name) => localStorage.setItem('signalbox.person', name), options.person);
    const page = await context.newPage();
    now = { page, engine, host, complaints: [] };
    opened(now);
    listen(now);
    await page.goto(host.url);
    await expectPage(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
    if (hash !== '') await page.evaluate((to) => (location.hash = to), hash);
  };
}

function listen({ page, host, complaints }: OpenScreen): void {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('WebSocket')) complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(host.url).origin) && !request.url().startsWith('data:')) complaints.push(`asked ${request.url()}`);
  });
}
