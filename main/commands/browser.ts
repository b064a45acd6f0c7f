import { spawn } from 'node:child_process';

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Whether a window could be shown at all. */
export function hasDisplay(env: NodeJS.ProcessEnv = process.env): boolean {
  return process.platform in openers || (env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? '') !== '';
}

/** Opens an address in the person's browser where there is one; the address was printed, so nothing is lost where not. */
export function openInBrowser(url: string): void {
  if (!hasDisplay()) return;
  const [file, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(file!, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write('signalbox: no browser was found; open the address yourself\n'));
  child.unref();
}
