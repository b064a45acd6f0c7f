/** How a trace comes onto the screen and scrolls, as the browser itself sees it. */
import type { Page } from '@playwright/test';

export interface PaintFigures {
  /** From the click on a link to the first frame with bars. */
  readonly firstPaintMs: number;
  /** Tasks of more than 50 ms on the way there, as the browser counts them. */
  readonly openingTasksMs: readonly number[];
  readonly rowCount: number;
  readonly scrollFrames: number;
  /** Tasks of more than 50 ms while scrolling. */
  readonly scrollTasksMs: readonly number[];
}

/** Frames of scrolling, each by most of a screen. */
const scrollFrames = 150;
const scrollPx = 700;

/** Goes to a link of the waterfall and scrolls it to and fro. The page must have shown the app already. */
export async function measurePaint(page: Page, link: string): Promise<PaintFigures> {
  return page.evaluate(
    async ({ link, frames, stepPx }) => {
      const tasks: { readonly startMs: number; readonly ms: number }[] = [];
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push({ startMs: entry.startTime, ms: Math.round(entry.duration) });
      });
      observer.observe({ type: 'longtask' });
      const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
      const painted = (): HTMLElement | null => {
        const rows = document.querySelector<HTMLElement>('[role=tree]');
        return (rows?.querySelector('canvas')?.width ?? 0) > 0 && rows!.querySelector('[role=treeitem]') !== null ? rows : null;
      };
      const fromMs = performance.now();
      location.hash = link;
      let rows = painted();
      while (rows === null) {
        await frame();
        rows = painted();
      }
      await frame();
      const paintedMs = performance.now();
      const rowCount = Math.round(
        rows.querySelector<HTMLElement>(':scope > *')!.offsetHeight / rows.querySelector<HTMLElement>('[role=treeitem]')!.offsetHeight,
      );
      for (let i = 0; i < 20; i++) await frame(); // What follows the first paint (the span's details, keys) is over.
      const scrollMs = performance.now();
      for (let i = 0; i < frames; i++) {
        rows.scrollTop += i < frames / 2 ? stepPx : -stepPx;
        await frame();
      }
      rows.scrollTop = rows.scrollHeight;
      for (let i = 0; i < 5; i++) await frame();
      await new Promise((done) => setTimeout(done, 100));
      observer.disconnect();
      const of = (low: number, high: number): number[] => tasks.filter(({ startMs }) => startMs >= low && startMs < high).map(({ ms }) => ms);
      return {
        firstPaintMs: paintedMs - fromMs,
        openingTasksMs: of(fromMs, paintedMs),
        rowCount,
        scrollFrames: frames,
        scrollTasksMs: of(scrollMs, Infinity),
      };
    },
    { link, frames: scrollFrames, stepPx: scrollPx },
  );
}
