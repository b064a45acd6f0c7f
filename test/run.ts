/**
 * What `npm test` runs once the build is there: unit tests, then the browser's, one after the other. It gets what they
 * need by itself where it may, and closes with one plain line: `N passed, N failed`, and how many were skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './e2e/support/browser.ts';
import { hasPeer, peersFolder } from './support/peer-programs.ts';

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'signalbox-test-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): number {
  const done = spawnSync(file, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return done.status ?? 1;
}

/** Programs of the system that the tests drive; on Debian they can be had. */
function getPrograms(): void {
  const missing = [
    ...(findChromium() === undefined ? ['chromium', 'fonts-dejavu-core'] : []),
    ...(existsSync('/usr/bin/prometheus-node-exporter') ? [] : ['prometheus-node-exporter']),
  ];
  if (missing.length === 0) return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args: string[]): boolean => {
    const [file, ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args];
    return existsSync('/usr/bin/apt-get') && run(file!, rest) === 0;
  };
  say(`getting ${missing.join(' ')} ...`);
  if (apt('update') && apt('install', '-y', '--no-install-recommends', ...missing)) return;
  say(`these are missing and could not be installed: ${missing.join(' ')}; install them, or name a Chromium in CHROMIUM`);
}

/** Real peers to compare with, from the script beside the project; without it those tests are skipped, saying so. */
function getPeers(): void {
  const script = join(root, '../shared/peers/install');
  if (hasPeer('prometheus') || process.env['SIGNALBOX_PEERS'] !== undefined || !existsSync(script)) return;
  say('getting Prometheus, Alertmanager and VictoriaMetrics to compare with ...');
  mkdirSync(peersFolder, { recursive: true });
  if (run('bash', [script, peersFolder]) !== 0) say('they could not be had; the tests beside real peers are skipped');
}

/** What a runner counted; a runner that died without a failure of its own counts as one. */
function tallied(name: string, exitCode: number, read: () => Tally): Tally {
  let tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  try {
    tally = read();
  } catch {
    say(`${name} left no results`);
  }
  if (exitCode === 0 || tally.failed > 0) return tally;
  say(`${name} ended with exit code ${exitCode}`);
  return { ...tally, failed: 1 };
}

function unitTests(): Tally {
  const file = join(folder, 'unit.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', 'test/vitest.config.ts', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exitCode = run(process.execPath, args);
  return tallied('vitest', exitCode, () => {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number; numFailedTests: number; numPendingTests: number };
    return { passed: found.numPassedTests, failed: found.numFailedTests, skipped: found.numPendingTests };
  });
}

function browserTests(): Tally {
  const file = join(folder, 'browser.json');
  const exitCode = run(process.execPath, ['node_modules/@playwright/test/cli.js', 'test', '--config', 'test/playwright.config.ts'], {
    TALLY_FILE: file,
  });
  return tallied('playwright', exitCode, () => JSON.parse(readFileSync(file, 'utf8')) as Tally);
}

getPrograms();
getPeers();
const tallies = [unitTests(), browserTests()];
rmSync(folder, { recursive: true, force: true });
const sum = (of: keyof Tally): number => tallies.reduce((total, tally) => total + tally[of], 0);
const skipped = sum('skipped') === 0 ? '' : `, ${sum('skipped')} skipped`;
say(`${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
