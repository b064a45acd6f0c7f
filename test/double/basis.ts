/** What the parts of the double stand on: loud refusal, the log that tests read, and readiness. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export function refuse(what: string): never {
  throw new Error(`electron double: ${what} is not implemented; add it (typed) or test it on the real binary`);
}

/** Members that the double lacks throw instead of being undefined, so nothing passes by accident. */
export function strict<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(object, key) {
      if (!(key in object) && typeof key !== 'symbol' && key !== 'then' && key !== 'toJSON') return refuse(`${name}.${key}`);
      const value: unknown = Reflect.get(object, key, object);
      // Bound, because private fields do not see through a Proxy.
      return typeof value === 'function' ? (value.bind(object) as unknown) : value;
    },
    set: (object, key, value) => Reflect.set(object, key, value, object),
  });
}

export interface PreventableEvent {
  defaultPrevented: boolean;
  preventDefault(): void;
}

export function preventable(): PreventableEvent {
  return {
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}

export const log = {
  notifications: [] as { title: string; body: string }[],
  external: [] as string[],
  denied: [] as string[],
  console: [] as string[],
  warnings: [] as string[],
};

export function readOr(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function packageOf(dir: string): { name?: string; version?: string } {
  const text = readOr(join(dir, 'package.json'));
  if (text !== undefined) return JSON.parse(text) as { name?: string; version?: string };
  return dirname(dir) === dir ? {} : packageOf(dirname(dir));
}

export const appPackage = packageOf(resolve(process.argv[1] ?? '.'));
export const paths = { userData: process.env['DOUBLE_USER_DATA'] ?? mkdtempSync(join(tmpdir(), 'electron-double-')) };

export const readiness = { isReady: false, ...Promise.withResolvers<void>() };

export function needReady(what: string): void {
  if (!readiness.isReady) throw new Error(`${what} cannot be used before the app is ready`);
}
