/** What a person sees of the system: menus, tray, notifications, dialogs. Recorded, and acted on by tests. */
import { EventEmitter } from 'node:events';
import { log, refuse, strict } from './basis.ts';

const roles = new Set(
  ['quit', 'appMenu', 'editMenu', 'windowMenu', 'cut', 'copy', 'paste', 'resetZoom', 'zoomIn', 'zoomOut', 'togglefullscreen', 'reload'].concat(
    'toggleDevTools',
  ),
);

interface Item {
  id?: string;
  label?: string;
  role?: string;
  type?: string;
  accelerator?: string;
  click?: (...args: unknown[]) => void;
  submenu?: Item[] | Menu;
}

export class Menu {
  static #app: Menu | null = null;
  readonly items: Item[];
  constructor(items: Item[] = []) {
    this.items = items;
  }
  static buildFromTemplate(template: Item[]): Menu {
    return new Menu(
      template.map((item) => {
        if (item.label === undefined && item.role === undefined && item.type !== 'separator') {
          throw new TypeError('Invalid template for MenuItem: must have at least one of label, role or type');
        }
        if (item.role !== undefined && !roles.has(item.role)) return refuse(`menu role ${item.role}`);
        return Array.isArray(item.submenu) ? { ...item, submenu: Menu.buildFromTemplate(item.submenu) } : item;
      }),
    );
  }
  static setApplicationMenu(menu: Menu | null): void {
    Menu.#app = menu;
  }
  static getApplicationMenu(): Menu | null {
    return Menu.#app;
  }
  getMenuItemById(id: string): Item | null {
    for (const item of this.items) {
      if (item.id === id) return item;
      const found = item.submenu instanceof Menu ? item.submenu.getMenuItemById(id) : null;
      if (found !== null) return found;
    }
    return null;
  }
  popup(): void {
    log.warnings.push('a menu popped up');
  }
}

export class Tray extends EventEmitter {
  static all: Tray[] = [];
  menu: Menu | null = null;
  tip = '';
  constructor(image: unknown) {
    super();
    if (image === undefined || image === null) throw new TypeError('Tray needs an image');
    Tray.all.push(this);
    return strict('Tray', this);
  }
  setToolTip(tip: string): void {
    this.tip = tip;
  }
  setContextMenu(menu: Menu | null): void {
    this.menu = menu;
  }
  destroy(): void {
    Tray.all = Tray.all.filter((tray) => tray !== this);
  }
}

export class Notification extends EventEmitter {
  static readonly shown: Notification[] = [];
  readonly title: string;
  readonly body: string;
  constructor(options: { title?: string; body?: string; urgency?: string } = {}) {
    super();
    this.title = options.title ?? '';
    this.body = options.body ?? '';
    return strict('Notification', this);
  }
  show(): void {
    Notification.shown.push(this);
    log.notifications.push({ title: this.title, body: this.body });
  }
}

interface DialogAnswer {
  response?: number;
  canceled?: boolean;
  filePaths?: string[];
}

/** Answers that the test queued, in order; a dialog without one waits, as it would for a person. */
const dialogAnswers: DialogAnswer[] = [];
export const dialogs: { message: string; detail: string }[] = [];
const waiting: ((answer: DialogAnswer) => void)[] = [];

export function answerDialog(answer: DialogAnswer): void {
  const asked = waiting.shift();
  if (asked === undefined) dialogAnswers.push(answer);
  else asked(answer);
}

const nextAnswer = (): Promise<DialogAnswer> =>
  new Promise((done) => {
    const answer = dialogAnswers.shift();
    if (answer === undefined) waiting.push(done);
    else done(answer);
  });

export const dialog = strict('dialog', {
  async showOpenDialog(): Promise<{ canceled: boolean; filePaths: string[] }> {
    return { canceled: false, filePaths: [], ...(await nextAnswer()) };
  },
  async showMessageBox(options: { message: string; detail?: string }): Promise<{ response: number; checkboxChecked: boolean }> {
    dialogs.push({ message: options.message, detail: options.detail ?? '' });
    return { response: 0, checkboxChecked: false, ...(await nextAnswer()) };
  },
  showErrorBox: (title: string, content: string): void => {
    dialogs.push({ message: title, detail: content });
  },
});

export const shell = strict('shell', {
  async openExternal(url: string): Promise<void> {
    log.external.push(url);
  },
});

export const nativeTheme = strict('nativeTheme', Object.assign(new EventEmitter(), { shouldUseDarkColors: false }));

export const nativeImage = strict('nativeImage', {
  createFromBitmap: (bitmap: Buffer, { width, height }: { width: number; height: number }) => {
    if (bitmap.length !== width * height * 4) throw new Error('a bitmap has four bytes a pixel');
    return { isEmpty: () => false };
  },
});
