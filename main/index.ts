/** The desktop shell. What must come before `ready` stands in the synchronous top level, because `ready` waits for nothing. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { app, dialog } from 'electron';
import { messageOf } from '#core/model/index.ts';
import { hostArgs, hostOptions, type HostArgs } from './commands/arguments.ts';
import { Desktop } from './desktop/desktop.ts';
import { guardContents } from './desktop/session-policy.ts';
import { addTextMenu } from './desktop/menus.ts';
import { registerScheme } from './desktop/screen-protocol.ts';

/** `signalbox start` has checked the arguments; Chromium's own switches stand between them. */
function desktopArgs(): HostArgs {
  const { values } = parseArgs({ args: process.argv.slice(1), options: hostOptions, strict: false, allowPositionals: true });
  return hostArgs(Object.fromEntries(Object.entries(values).filter(([name, value]) => name in hostOptions && typeof value === 'string')));
}

function main(): void {
  const args = desktopArgs();
  app.enableSandbox();
  registerScheme();
  // Chromium's profile lies with the data, so the lock below is one per data folder.
  const profile = join(args.dataDir, 'desktop');
  mkdirSync(profile, { recursive: true, mode: 0o700 });
  app.setPath('userData', profile);
  if (!app.requestSingleInstanceLock()) return app.quit();

  const desktop = new Desktop(args);
  app.on('web-contents-created', (_event, contents) => {
    guardContents(contents);
    addTextMenu(contents);
  });
  app.on('second-instance', (_event, argv) => desktop.open(argv));
  app.on('open-url', (event, url) => {
    event.preventDefault();
    desktop.open([url]);
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    desktop.open([file]);
  });
  app.on('activate', () => desktop.show());
  app.on('window-all-closed', () => undefined); // the engine keeps watching; Quit ends it
  app.on('before-quit', (event) => desktop.beforeQuit(event));
  app.whenReady().then(
    () => desktop.start(),
    (error: unknown) => {
      throw error;
    },
  );
}

try {
  main();
} catch (error) {
  dialog.showErrorBox('Signalbox cannot start', messageOf(error));
  app.exit(1);
}
