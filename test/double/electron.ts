/**
 * A test double of the `electron` module for the main process. The built main, preload, engine and screen run unchanged on
 * it: windows are pages of a real Chromium, a utility process is a real process, message ports are bridged between both.
 * What it lacks it refuses loudly; conformance.ts ties what it has to electron.d.ts.
 */
import { app, shutDown } from './app.ts';
import { preventable, readiness } from './basis.ts';
import { closeBrowser, debuggingAddress } from './browser.ts';
import { answerTests, sayReady } from './control.ts';
import { children } from './utility.ts';

export { app } from './app.ts';
export { ipcMain } from './ipc.ts';
export { MessageChannelMain } from './ports.ts';
export { protocol } from './schemes.ts';
export { session } from './session.ts';
export { dialog, Menu, nativeImage, nativeTheme, Notification, shell, Tray } from './surface.ts';
export { utilityProcess } from './utility.ts';
export { BrowserWindow } from './windows.ts';

const childMsMax = 2_000;

shutDown.finish = async () => {
  await Promise.race([Promise.all(children.map((child) => child.exited)), new Promise((done) => setTimeout(done, childMsMax))]);
  for (const child of children) child.kill();
  await closeBrowser().catch(() => undefined); // it may be gone already
};

answerTests();
process.once('SIGTERM', () => app.quit());
// As in Electron with an ESM main: `ready` comes on its own and waits for no top-level await.
setTimeout(() => {
  if (shutDown.isQuitting) return;
  readiness.isReady = true;
  readiness.resolve();
  app.emit('ready', preventable(), {});
  void debuggingAddress().then(sayReady);
}, 0);
