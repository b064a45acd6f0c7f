/** The menu bar, the tray and the menu of a text field. */
import { app, Menu, nativeImage, Tray, type MenuItemConstructorOptions, type WebContents } from 'electron';

interface Acts {
  readonly show: () => void;
  readonly openCase: () => void;
  readonly openInBrowser: () => void;
}

export function setMenus(acts: Acts): Tray {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuBar(acts)));
  const tray = new Tray(nativeImage.createFromBitmap(trayBitmap(), { width: trayPixels, height: trayPixels }));
  tray.setToolTip('Signalbox');
  tray.setContextMenu(Menu.buildFromTemplate([{ id: 'tray-show', label: 'Show Signalbox', click: acts.show }, { role: 'quit' }]));
  tray.on('click', acts.show);
  return tray;
}

function menuBar(acts: Acts): MenuItemConstructorOptions[] {
  const view: MenuItemConstructorOptions[] = [
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { type: 'separator' },
    { role: 'togglefullscreen' },
  ];
  if (!app.isPackaged) view.push({ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' });
  return [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    {
      label: 'File',
      submenu: [
        { id: 'open-case', label: 'Open Case File…', accelerator: 'CmdOrCtrl+O', click: acts.openCase },
        { id: 'open-in-browser', label: 'Open in Browser', click: acts.openInBrowser },
        { type: 'separator' },
        { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    { label: 'View', submenu: view },
    { role: 'windowMenu' },
  ];
}

/** Electron shows none by itself. */
export function addTextMenu(contents: WebContents): void {
  contents.on('context-menu', (_event, { isEditable, selectionText }) => {
    const template: MenuItemConstructorOptions[] = isEditable ? [{ role: 'cut' }, { role: 'copy' }, { role: 'paste' }] : [{ role: 'copy' }];
    if (isEditable || selectionText !== '') Menu.buildFromTemplate(template).popup();
  });
}

const trayPixels = 32;

/** Three rising bars, as BGRA rows: the strength of a signal. */
function trayBitmap(): Buffer {
  const bitmap = Buffer.alloc(trayPixels * trayPixels * 4);
  const bars = [
    { left: 3, top: 20 },
    { left: 13, top: 12 },
    { left: 23, top: 4 },
  ];
  for (const { left, top } of bars) {
    for (let y = top; y < 28; y++) for (let x = left; x < left + 6; x++) bitmap.writeUInt32LE(0xff_e0_8a_1e, (y * trayPixels + x) * 4);
  }
  return bitmap;
}
