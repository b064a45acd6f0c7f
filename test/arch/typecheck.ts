/** Type-checks each runtime with the libraries of that runtime only: core cannot name `document`, the preload cannot name `Buffer`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
const codes = await Promise.all(
  ['core', 'main', 'preload', 'test'].map(
    (part) =>
      new Promise<number>((done) => {
        spawn(process.execPath, [tsc, '-p', join(root, part, 'tsconfig.json')], { stdio: 'inherit' }).on('exit', (code) => done(code ?? 1));
      }),
  ),
);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
