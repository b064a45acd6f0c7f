#!/usr/bin/env node
/*
 * Where every command begins. Any Node from 12 on can read this file: it finds a Node that is new enough (the project
 * brings one on Linux and Windows), builds what is missing for the commands that show the screen, and hands over.
 */
import { spawn, spawnSync } from 'child_process';
import { existsSync, readdirSync, statSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

const nodeMajorMin = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= nodeMajorMin;
}

/** The Node that npm installed beside the project, or undefined. */
function ownNode() {
  const name = process.platform === 'win32' ? 'win' : process.platform;
  const file = join(root, 'node_modules', 'node-' + name + '-' + process.arch, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(file) ? file : undefined;
}

/** Becomes the same command under `node`: what ends this process ends that one, and its exit code is ours. */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url)].concat(args), { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on('exit', function (code, signal) {
    process.exit(signal ? 1 : code);
  });
}

/** The newest change below `path`, in ms; 0 when there is nothing. */
function newestMs(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce(function (newest, name) {
    return Math.max(newest, newestMs(join(path, name)));
  }, 0);
}

/** Whether `out/` holds a build of the sources as they are. An installation without sources has nothing to compare. */
function isBuilt() {
  const builtMs = newestMs(join(root, 'out', 'renderer', 'assets.json'));
  if (builtMs === 0 || !existsSync(join(root, 'out', 'main', 'cli.js'))) return false;
  const sources = ['core', 'main', 'preload', 'renderer', 'electron.vite.config.ts', 'package-lock.json'];
  return sources.every(function (name) {
    return newestMs(join(root, name)) <= builtMs;
  });
}

function build() {
  const tool = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  if (!existsSync(tool)) return fail('there is no build of the screen and no tool to make one; run "npm ci" first');
  process.stderr.write('building the screen ...\n');
  const done = spawnSync(process.execPath, [tool, 'build', '--logLevel', 'error'], { cwd: root, stdio: ['ignore', 2, 2] });
  return done.status === 0 || fail('the build failed, as said above');
}

function fail(sentence) {
  process.stderr.write('signalbox: ' + sentence + '\n');
  process.exitCode = 1;
  return false;
}

function main() {
  if (!isNewEnough()) {
    const node = ownNode();
    if (node !== undefined) return runUnder(node);
    return fail('this is Node ' + process.versions.node + '; Signalbox needs ' + nodeMajorMin + ' or newer: install it and try again');
  }
  const showsScreen = ['start', 'serve', 'practice'].includes(args[0]);
  let built = isBuilt();
  if (showsScreen && !built && !(built = build())) return undefined;
  const entry = built ? join(root, 'out', 'main', 'cli.js') : join(root, 'main', 'cli.ts');
  if (!existsSync(entry)) return fail('neither a build nor the sources are here; install Signalbox again');
  return import(pathToFileURL(entry).href);
}

void main();
