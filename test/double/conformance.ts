/**
 * Compile-time only: every public member of the double exists in electron.d.ts and takes the real arguments. When Electron
 * is upgraded, `npm run check` shows what the double must follow.
 */
import type { EventEmitter } from 'node:events';
import type * as double from './electron.ts';

type Emitter = keyof EventEmitter;
type Public<K> = K extends symbol ? never : K;
/** Names that the double has and Electron has not. */
type Extra<D, R, Own extends string = never> = Exclude<Public<keyof D>, keyof R | Emitter | Own>;
/** Methods that cannot be called as Electron's can. */
type Wrong<D, R> = {
  [K in Exclude<Public<keyof D> & keyof R, Emitter>]: R[K] extends (...args: infer A) => unknown
    ? D[K] extends (...args: A) => unknown
      ? never
      : K
    : never;
}[Exclude<Public<keyof D> & keyof R, Emitter>];
type None<T extends never> = T;

export type Checks = [
  None<Extra<typeof double.app, Electron.App>>,
  None<Wrong<typeof double.app, Electron.App>>,
  None<Extra<double.BrowserWindow, Electron.BrowserWindow>>,
  None<Wrong<double.BrowserWindow, Electron.BrowserWindow>>,
  None<Extra<typeof double.protocol, Electron.Protocol>>,
  None<Extra<typeof double.session.defaultSession, Electron.Session>>,
  None<Extra<typeof double.session.defaultSession.webRequest, Electron.WebRequest>>,
  None<Extra<typeof double.dialog, Electron.Dialog>>,
  None<Extra<typeof double.shell, Electron.Shell>>,
  None<Extra<typeof double.nativeTheme, Electron.NativeTheme>>,
  None<Extra<typeof double.ipcMain, Electron.IpcMain>>,
  None<Extra<double.Tray, Electron.Tray, 'menu' | 'tip'>>,
  None<Extra<double.Notification, Electron.Notification>>,
  None<Extra<double.Menu, Electron.Menu>>,
];
