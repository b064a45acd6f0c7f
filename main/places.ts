/** Where things are: the same code runs from source, from the build, and inside a packaged app. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;

/** The folder with package.json. */
export const root = upward(here);
const fromSource = here === join(root, 'main');
/** Set by Electron in a packaged app: the folder beside app.asar. */
const { resourcesPath } = process as { resourcesPath?: string };

export const rendererDir = join(root, 'out/renderer');
export const preloadFile = join(root, 'out/preload/index.cjs');
export const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
export const runbooksDir = root.endsWith('app.asar') && resourcesPath !== undefined ? join(resourcesPath, 'runbooks') : join(root, 'runbooks');

/** The file of a process of ours, by its name in `main/`. */
export function entryFile(name: string): string {
  return fromSource ? join(root, 'main', `${name}.ts`) : join(root, 'out/main', `${name}.js`);
}

/** Where a person's data is when nothing else is said: the platform's own place for it. */
export function defaultDataDir(env: NodeJS.ProcessEnv = process.env): string {
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData/Local'), 'Signalbox');
  if (process.platform === 'darwin') return join(homedir(), 'Library/Application Support/Signalbox');
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'signalbox');
}

function upward(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const above = dirname(from);
  if (above === from) throw new Error('package.json is in none of the folders above this file');
  return upward(above);
}
