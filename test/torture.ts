/** The long forms of the harnesses, for a night: kills, power cuts, damaged files, mutated bodies, slow peers, overload, and queries beside a real Prometheus. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', '--testTimeout=3600000'];
const long = [
  'test/core/tsdb',
  'test/core/formats/fuzz',
  'test/core/formats/protobuf-oracle',
  'test/core/intake/scrape-many',
  'test/core/overload-run',
];
/** Named tests, or all of them. */
const named = process.argv.slice(2);
const runs = named.length > 0 ? [[...vitest, ...named]] : [[...vitest, ...long], ['test/core/promql/torture.ts']];
for (const args of runs) {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, TORTURE: 'long' } });
  if (done.status !== 0) process.exitCode = 1;
}
