/** How log lines come onto the screen, scroll and are searched, as the browser itself sees it. */
import type { Page } from '@playwright/test';

export interface LogFigures {
  /** From the click on a link to the first frame with lines. */
  readonly firstPaintMs: number;
  readonly openingTasksMs: readonly number[];
  readonly scrollFrames: number;
  /** Lines that were loaded when the scrolling ended. */
  readonly loadedLines: number;
  /** Tasks of more than 50 ms while scrolling. */
  readonly scrollTasksMs: readonly number[];
}

/** Frames of scrolling, each by most of a screen: some fifteen pages of lines are loaded on the way. */
const scrollFrames = 240;
const scrollPx = 700;

/** Goes to a link of the log explorer, which must not be on the screen, and scrolls down and back. */
export function measureLogs(page: Page, link: string): Promise<LogFigures> {
  return page.evaluate(
    async ({ link, frames, stepPx }) => {
      const tasks: { readonly startMs: number; readonly ms: number }[] = [];
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push({ startMs: entry.startTime, ms: Math.round(entry.duration) });
      });
      observer.observe({ type: 'longtask' });
      const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
      const list = (): HTMLElement | null => {
        const box = document.querySelector<HTMLElement>('[role=list][aria-label="Log lines"]');
        return box?.querySelector('[role=listitem]') ? box : null;
      };
      const fromMs = performance.now();
      location.hash = link;
      while (list() === null) await frame();
      await frame();
      const paintedMs = performance.now();
      const rows = list()!;
      for (let i = 0; i < 20; i++) await frame(); // The volume and its chart come behind the lines.
      const scrollMs = performance.now();
      for (let i = 0; i < frames; i++) {
        rows.scrollTop += i < frames * 0.75 ? stepPx : -stepPx;
        await frame();
      }
      const rowPx = rows.querySelector<HTMLElement>('[role=listitem]')!.offsetHeight;
      const loadedLines = Math.round(rows.querySelector<HTMLElement>(':scope > *')!.offsetHeight / rowPx);
      await new Promise((done) => setTimeout(done, 100));
      observer.disconnect();
      const of = (low: number, high: number): number[] => tasks.filter(({ startMs }) => startMs >= low && startMs < high).map(({ ms }) => ms);
      return {
        firstPaintMs: paintedMs - fromMs,
        openingTasksMs: of(fromMs, paintedMs),
        scrollFrames: frames,
        loadedLines,
        scrollTasksMs: of(scrollMs, Infinity),
      };
    },
    { link, frames: scrollFrames, stepPx: scrollPx },
  );
}

/** From the key that asks until the first frame on which every line holds the text. Some of those shown before must not. */
export async function measureSearch(page: Page, words: string): Promise<number> {
  const box = page.getByLabel('Search logs', { exact: true });
  await box.fill(words);
  const painted = page.evaluate(async (text) => {
    const bare = text.replaceAll('"', '');
    const isThere = (): boolean => {
      const rows = [...document.querySelectorAll('[aria-label="Log lines"] [role=listitem]')];
      return rows.length > 0 && rows.every((row) => row.textContent.includes(bare));
    };
    const fromMs = await new Promise<number>((done) => addEventListener('keydown', () => done(performance.now()), { once: true, capture: true }));
    while (!isThere()) await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - fromMs;
  }, words);
  await box.press('Enter');
  return painted;
}
