/**
 * Schemes of the app. Chromium does not know them without Electron, so `app://ui/path` is served to it as
 * `https://ui.app.double/path` through request interception.
 */
import { needReady, readiness, refuse, strict } from './basis.ts';

type Handler = (request: Request) => Response | Promise<Response>;

const schemes = new Map<string, { handler?: Handler }>();

export function toWeb(url: string): string {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(.*)$/i.exec(url);
  if (parts === null || !schemes.has(parts[1]!)) return url;
  return `https://${parts[2]}.${parts[1]}.double${parts[3] === '' ? '/' : parts[3]}`;
}

export function fromWeb(url: string): string {
  if (url.startsWith('blob:')) return `blob:${fromWeb(url.slice(5))}`;
  const parts = /^https:\/\/([^/]+)\.([a-z0-9+-]+)\.double(\/.*)?$/.exec(url);
  return parts === null ? url : `${parts[2]}://${parts[1]}${parts[3] ?? '/'}`;
}

export const handlerFor = (url: string): Handler | undefined => schemes.get(url.split(':', 1)[0]!)?.handler;

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(list: { scheme: string; privileges?: object }[]): void {
    if (readiness.isReady) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    if (schemes.size > 0) throw new Error('protocol.registerSchemesAsPrivileged can be called only once');
    for (const { scheme } of list) schemes.set(scheme, {});
  },
  handle(scheme: string, handler: Handler): void {
    needReady('protocol.handle');
    const held = schemes.get(scheme) ?? refuse(`an unprivileged scheme (${scheme})`);
    if (held.handler !== undefined) throw new Error(`The scheme ${scheme} is already registered`);
    held.handler = handler;
  },
});
