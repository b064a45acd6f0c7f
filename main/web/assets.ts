/** The files of the screen, by the list that the build wrote. A path is looked up in it and never joined. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { EngineError } from '#core/model/index.ts';

export interface Asset {
  readonly type: string;
  /** The name holds a hash of the content, so it never changes. */
  readonly immutable: boolean;
  /** Undefined when a rebuild took the file away under a running host. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** By the path of the address: `/`, `/assets/index-3f2a.js`. */
export type Assets = ReadonlyMap<string, Asset>;

/** Beside the files; written by electron.vite.config.ts. */
const listName = 'assets.json';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export function readAssets(dir: string): Assets {
  let names: string[];
  try {
    names = JSON.parse(readFileSync(join(dir, listName), 'utf8')) as string[];
  } catch {
    throw new EngineError('not-found', `the screen is not built (${join(dir, listName)} is missing or damaged); run "npm run build"`);
  }
  return new Map(names.map((name) => [name === 'index.html' ? '/' : `/${name}`, assetAt(join(dir, name))]));
}

function assetAt(file: string): Asset {
  let held: Promise<Uint8Array<ArrayBuffer> | undefined> | undefined;
  return {
    type: types[extname(file)] ?? 'application/octet-stream',
    immutable: /-[\w-]{8}\.\w+$/.test(file),
    read: () => {
      return (held ??= readFile(file).then(
        (bytes) => new Uint8Array(bytes),
        () => (held = undefined),
      ));
    },
  };
}
