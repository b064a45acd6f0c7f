import { desktopHost } from './desktop.ts';
import type { Host } from './host.ts';
import { webHost } from './web.ts';

export function findHost(): Host {
  const shell = window.signalboxShell;
  return shell === undefined ? webHost() : desktopHost(shell);
}
