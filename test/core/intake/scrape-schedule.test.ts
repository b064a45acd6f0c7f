import { describe, expect, test } from 'vitest';
import { labelValue } from '#core/model/index.ts';
import { httpTarget, page } from '../../support/http-target.ts';
import { jobOf, ScrapeScene } from '../../support/scrape-scene.ts';

/** When each of `count` local pages is asked, in ms of the clock's elapsed time, while the clock runs for a time. */
async function askedAt(scene: ScrapeScene, count: number, forMs: number): Promise<number[][]> {
  const asked = Array.from({ length: count }, () => [] as number[]);
  for (let i = 0; i < count; i++) {
    scene.scraper.addLocal('local', `i${i}`, () => {
      asked[i]!.push(scene.clock.monotonicMs());
      return 'a 1\n';
    });
  }
  await scene.clock.advance(forMs);
  return asked;
}

describe('the schedule', () => {
  test('every target is asked within 5 s, then once an interval in its own phase', async () => {
    const scene = new ScrapeScene();
    const asked = await askedAt(scene, 60, 120_000);
    for (const times of asked) {
      expect(times[0]).toBeLessThanOrEqual(5000);
      const gaps = times.slice(1).map((time, i) => time - times[i]!);
      expect(gaps[0]).toBeGreaterThanOrEqual(7_500);
      expect(new Set(gaps.slice(1).map(Math.round))).toEqual(new Set([15_000]));
    }
    const phases = asked.map((times) => times[3]! % 15_000);
    for (let third = 0; third < 3; third++) {
      expect(phases.filter((phase) => Math.floor(phase / 5000) === third).length).toBeGreaterThanOrEqual(10);
    }
  });

  test('times of samples lie exactly an interval apart', async () => {
    const scene = new ScrapeScene();
    await askedAt(scene, 3, 300_000);
    for (const { labels, timesMs } of scene.store.select([], 0, Number.MAX_SAFE_INTEGER)) {
      if (labelValue(labels, '__name__') !== 'a') continue;
      const gaps = Array.from(timesMs.subarray(2), (time, i) => time - timesMs[i + 1]!);
      expect(new Set(gaps)).toEqual(new Set([15_000]));
    }
  });

  test('a machine that slept asks each target in its phase again, not all at once', async () => {
    const scene = new ScrapeScene();
    const counts = Array.from({ length: 20 }, () => 0);
    for (let i = 0; i < 20; i++) {
      scene.scraper.addLocal('local', `i${i}`, () => {
        counts[i]!++;
        return 'a 1\n';
      });
    }
    await scene.clock.advance(20_000);
    const before = [...counts];
    scene.sleep(8 * 3_600_000);
    await scene.clock.advance(1);
    expect(counts.filter((count, i) => count > before[i]!).length).toBeLessThan(5);
    await scene.clock.advance(15_000);
    expect(counts.map((count, i) => count - before[i]!)).toEqual(Array.from({ length: 20 }, () => 1));
  });

  test('the wall clock set back does not stop a scrape', async () => {
    const scene = new ScrapeScene();
    const counts = [0];
    scene.scraper.addLocal('local', 'i', () => `a ${counts[0]!++}\n`);
    await scene.clock.advance(30_000);
    scene.clock.jump(-3_600_000);
    await scene.clock.advance(60_000);
    expect(counts[0]).toBeGreaterThanOrEqual(6);
  });

  test('jobs that a new configuration leaves as they are go on undisturbed', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\n'));
    await scene.configure(jobOf([target.address]));
    await scene.scrape();
    await scene.configure(`global: {evaluation_interval: 7s}\n${jobOf([target.address])}`);
    expect(scene.scraper.targets()[0]).toMatchObject({ health: 'up', lastSamples: 1 });
  });

  test('after stop nothing is asked', async () => {
    const scene = new ScrapeScene();
    const asked = await askedAt(scene, 3, 10_000);
    await scene.scraper.stop();
    const before = asked.flat().length;
    await scene.clock.advance(60_000);
    expect(asked.flat()).toHaveLength(before);
    expect(scene.samples('a').join()).not.toContain('stale');
  });
});
