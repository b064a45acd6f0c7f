import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holdDataDir, runningIn } from '../../main/data-dir.ts';
import { tempFolder } from '../support/folder.ts';

const session = { url: 'http://127.0.0.1:1', otlpPort: 2, token: 'secret' };

/** A process that looks like a Signalbox to who asks the system. */
function otherSignalbox(name = 'signalbox'): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', name], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid!;
}

test('the folder and the token are for their owner only', () => {
  const dataDir = join(tempFolder(), 'data');
  const held = holdDataDir(dataDir);
  held.publish(session);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, 'session.json')).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(join(dataDir, 'session.json'), 'utf8'))).toEqual({ pid: process.pid, ...session });
});

test.each([
  ['an installation', 'signalbox'],
  ['a checkout of another name', '/home/me/box/main/bin.js'],
  ['its sources', '/home/me/box/main/cli.ts'],
])('a folder that %s has is refused, with who has it', (_what, name) => {
  const dataDir = tempFolder();
  const pid = otherSignalbox(name);
  writeFileSync(join(dataDir, 'session.json'), JSON.stringify({ pid, ...session }));
  expect(runningIn(dataDir)).toEqual({ pid, ...session });
  expect(() => holdDataDir(dataDir)).toThrow(
    `${dataDir} is in use by the Signalbox of process ${pid} at http://127.0.0.1:1/; stop it, or name another folder with --data`,
  );
});

test.each([
  ['a process that is gone', JSON.stringify({ pid: 2 ** 22 - 1, ...session })],
  ['another program with the same id', JSON.stringify({ pid: 1, ...session })],
  ['half a file', '{"pid":'],
])('what %s left behind does not hold the folder', (_what, text) => {
  const dataDir = tempFolder();
  writeFileSync(join(dataDir, 'session.json'), text);
  expect(runningIn(dataDir)).toBeUndefined();
  const held = holdDataDir(dataDir);
  held.release();
  expect(() => statSync(join(dataDir, 'session.json'))).toThrow('ENOENT');
});

test('a folder that cannot be made or written says what to do', () => {
  const folder = tempFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  // The draft of session.json, which holdDataDir writes first, meets a folder.
  mkdirSync(join(folder, `session.json.${process.pid}`));
  for (const place of [file, join(file, 'below'), folder, ...(process.platform === 'linux' ? ['/proc/signalbox', '/proc/a/b'] : [])])
    expect(() => holdDataDir(place), place).toThrow(/cannot be used for data \(.+\); name another folder with --data/);
});

test('folders above the data are made too', () => {
  const dataDir = join(tempFolder(), 'a/b/c');
  holdDataDir(dataDir).release();
  expect(statSync(dataDir).isDirectory()).toBe(true);
});
