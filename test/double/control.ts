/** What a test may ask of the running double, over the channel of the process that started it. */
import { app } from './app.ts';
import { log, preventable, readiness } from './basis.ts';
import { askDisplay, askPermission, checkDevice, checkPermission } from './session.ts';
import { answerDialog, dialogs, Menu, Notification, Tray } from './surface.ts';
import { children } from './utility.ts';
import { BrowserWindow } from './windows.ts';

interface Question {
  readonly ctl: number;
  readonly op: string;
  readonly args: never[];
}

const operations: Readonly<Record<string, (...args: never[]) => unknown>> = {
  state: () => ({
    log,
    dialogs,
    windows: BrowserWindow.getAllWindows().map((window) => ({
      visible: window.isVisible(),
      focused: window.isFocused(),
      url: window.webContents.getURL(),
    })),
    children: children.map(({ name, pid }) => ({ name, pid })),
    trays: Tray.all.map((tray) => tray.tip),
    ready: readiness.isReady,
  }),
  emit: (name: string, ...args: unknown[]) => {
    const event = preventable();
    app.emit(name, event, ...args);
    return event.defaultPrevented;
  },
  closeWindow: () => BrowserWindow.getAllWindows()[0]?.close(),
  menu: (id: string) => press(Menu.getApplicationMenu()?.getMenuItemById(id)),
  tray: (id: string) => press(Tray.all[0]?.menu?.getMenuItemById(id)),
  notification: (index: number) => Notification.shown[index]?.emit('click', preventable()),
  answerDialog,
  permission: (name: string, url: string) => askPermission(name, url),
  permissionCheck: (name: string, origin: string) => checkPermission(name, origin),
  device: () => checkDevice(),
  display: () => askDisplay(),
  quit: () => void setImmediate(() => app.quit()),
};

function press(item: { click?: (...args: unknown[]) => void } | null | undefined): void {
  if (item?.click === undefined) throw new Error('there is no such item with a click');
  item.click(item, BrowserWindow.getFocusedWindow(), {});
}

export function answerTests(): void {
  process.on('message', ({ ctl, op, args }: Question) => {
    const act = async (): Promise<unknown> => operations[op]!(...args);
    act().then(
      (value) => process.send?.({ ctl, value: value ?? null }),
      (error: unknown) => process.send?.({ ctl, error: String(error) }),
    );
  });
}

/** The answer to a question that nobody asked: the double is up. */
export function sayReady(cdp: string): void {
  process.send?.({ ctl: 0, value: { cdp } });
}
