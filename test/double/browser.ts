/** The real Chromium behind the windows. All of its requests pass here; those to the network end here. */
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page, type Route } from '@playwright/test';
import { log, paths, preventable, readiness, readOr, refuse } from './basis.ts';
import { browserFlags, chromiumPath } from '../e2e/support/browser.ts';
import { fromWeb, handlerFor } from './schemes.ts';
import { mayRequest } from './session.ts';

export type FromPage =
  | { readonly t: 'send'; readonly channel: string; readonly args: unknown[] }
  | { readonly t: 'port'; readonly id: number; readonly data: unknown }
  | { readonly t: 'close'; readonly id: number };

/** The web contents that a page belongs to. */
export interface PageOwner {
  /** Addresses that the app itself navigates to. */
  readonly expected: Set<string>;
  emit(name: string, ...args: unknown[]): boolean;
  windowOpen(url: string): { action: string } | undefined;
  fromPage(message: FromPage, frame: { url(): string; parentFrame(): unknown }): void;
}

const owners = new Map<Page, PageOwner>();
const opening = new Set<Promise<Page>>();
let firstBlank: Page | undefined;

const context: Promise<BrowserContext> = open();
context.catch((error: unknown) => {
  process.stderr.write(`electron double: ${String(error)}\n`);
  process.exit(70);
});

async function open(): Promise<BrowserContext> {
  await readiness.promise;
  const made = await chromium.launchPersistentContext(join(paths.userData, 'chromium'), {
    executablePath: chromiumPath(),
    viewport: null,
    acceptDownloads: true,
    args: [...browserFlags, '--remote-debugging-port=0'],
  });
  await made.exposeBinding('__electronDouble', (source, message: FromPage) => owners.get(source.page)?.fromPage(message, source.frame));
  await made.route('**/*', (route) => routed(route));
  firstBlank = made.pages()[0];
  // A popup that has no request (about:blank) does not pass `routed`; it is closed too.
  made.on('page', (page) => {
    void Promise.allSettled(opening).then(() => (owners.has(page) ? undefined : page.close()));
  });
  return made;
}

/** A page for `owner`. */
export async function newPage(owner: PageOwner): Promise<Page> {
  const made = await context;
  let page = firstBlank;
  firstBlank = undefined;
  if (page === undefined) {
    const asked = made.newPage();
    opening.add(asked);
    page = await asked;
    opening.delete(asked);
  }
  owners.set(page, owner);
  return page;
}

export const forgetPage = (page: Page): boolean => owners.delete(page);

export async function closeBrowser(): Promise<void> {
  await (await context).close();
}

/** Where a test can drive the windows. */
export async function debuggingAddress(): Promise<string> {
  await context;
  const [port] = (readOr(join(paths.userData, 'chromium', 'DevToolsActivePort')) ?? '').split('\n');
  return `http://127.0.0.1:${port}`;
}

async function routed(route: Route): Promise<void> {
  const request = route.request();
  const url = fromWeb(request.url());
  if (request.isNavigationRequest() && !mayNavigate(route, url)) return route.abort('aborted');
  if (!(await mayRequest(url))) {
    log.denied.push(`request ${url}`);
    return route.abort('blockedbyclient');
  }
  const handler = handlerFor(url);
  if (handler === undefined) {
    log.denied.push(`network ${url}`);
    return route.abort('internetdisconnected'); // a desktop test has no business on the network
  }
  const body = request.postDataBuffer();
  const asked = new Request(url, { method: request.method(), headers: request.headers(), ...(body && { body: new Uint8Array(body) }) });
  const response = await handler(asked);
  return route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}

function mayNavigate(route: Route, url: string): boolean {
  const request = route.request();
  let page: Page | undefined;
  try {
    page = request.frame().page();
  } catch {
    page = undefined; // a popup's first request comes before its page
  }
  const owner = page === undefined ? undefined : owners.get(page);
  if (page === undefined || owner === undefined) {
    const verdict = [...owners.values()].at(-1)?.windowOpen(url) ?? { action: 'deny' };
    log.denied.push(`window.open ${url}`);
    return verdict.action === 'deny' ? false : refuse('window.open with action allow');
  }
  const isMainFrame = request.frame() === page.mainFrame();
  if (isMainFrame && owner.expected.delete(request.url())) return true;
  const event = Object.assign(preventable(), { url, isMainFrame });
  if (isMainFrame) owner.emit('will-navigate', event);
  if (!event.defaultPrevented) owner.emit('will-frame-navigate', event);
  if (event.defaultPrevented) log.denied.push(`navigate ${url}`);
  return !event.defaultPrevented;
}
