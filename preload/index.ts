/** A pipe, not an API: the screen asks for a port to the engine, and hears of links that the system opened. */
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('signalboxShell', {
  platform: process.platform,
  connect: (): void => ipcRenderer.send('engine:connect'),
  onOpen: (act: (link: string) => void): void => {
    ipcRenderer.on('shell:open', (_event, link: string) => act(link));
  },
});

// A MessagePort cannot cross the bridge; a window message can carry it from this world to the page's.
ipcRenderer.on('engine:port', (event) => window.postMessage({ type: 'signalbox:engine-port' }, window.location.origin, event.ports));
