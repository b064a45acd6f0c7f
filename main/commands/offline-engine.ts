/** The engine for one question, on a folder that nobody has: it scrapes nothing and runs no rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '#core/engine.ts';
import { EngineError } from '#core/model/index.ts';
import { systemClock } from '../clock.ts';
import { holdDataDir } from '../data-dir.ts';
import { runbooksDir, version } from '../places.ts';

const scrapesNothing = 'scrape_configs: []\n';

/** POSTs `form` to the engine's API and returns the body of its answer. */
export async function askOffline(dataDir: string, path: string, form: URLSearchParams): Promise<string> {
  const held = holdDataDir(dataDir);
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  const configFile = join(folder, 'signalbox.yml');
  writeFileSync(configFile, scrapesNothing);
  try {
    const engine = await createEngine({
      dataDir,
      configFile,
      host: 'web',
      version,
      runbooksDir,
      clock: systemClock,
      random: Math.random,
      renderMarkdown: () => Promise.reject(new EngineError('unavailable', 'nothing is rendered on the command line')),
    });
    const answer = await engine.http({
      port: 'app',
      method: 'POST',
      path,
      query: '',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(form.toString()),
    });
    await engine.close();
    return typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body).toString();
  } finally {
    rmSync(folder, { recursive: true, force: true });
    held.release();
  }
}
