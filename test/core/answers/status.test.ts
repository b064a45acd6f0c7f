/** The state of Signalbox itself, as the screen asks for it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SystemStatus } from '#core/contract/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { clientOf, engineOn } from '../../support/engine.ts';
import { tempFolder } from '../../support/folder.ts';

test('the rate of samples is one over the last minute: between two scrapes it is not 0', async () => {
  const clock = new ManualClock();
  const dataDir = tempFolder();
  // Nothing is scraped but the engine's own metrics.
  writeFileSync(join(dataDir, 'signalbox.yml'), 'global: {scrape_interval: 15s}\n');
  const engine = await engineOn(dataDir, clock);
  onTestFinished(() => engine.close());
  let status: SystemStatus | undefined;
  clientOf(engine).open('system.watch', {}, (now) => void (status = now));
  const rates: number[] = [];
  for (let second = 0; second < 90; second++) {
    await clock.advance(1000);
    await new Promise((done) => setImmediate(done));
    if (second >= 60) rates.push(status!.samplesPerSecond);
  }
  expect(rates).toHaveLength(30);
  expect(Math.min(...rates)).toBeGreaterThan(0);
  expect(Math.max(...rates)).toBeLessThan(2 * Math.min(...rates));
});
