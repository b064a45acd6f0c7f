/** The policy put on the session and on every page: nothing is loaded, opened, granted or downloaded but what is ours. */
import { app, dialog, session, shell, type WebContents } from 'electron';
import { externalAddress, isOurs, mayDownload, mayLoad, mayUse } from './policy.ts';

export function guardSession(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((contents, permission, done) => done(isOurs(contents.getURL()) && mayUse(permission)));
  defaultSession.setPermissionCheckHandler((_contents, permission, origin) => isOurs(`${origin.replace(/\/$/, '')}/`) && mayUse(permission));
  defaultSession.setDevicePermissionHandler(() => false);
  defaultSession.setDisplayMediaRequestHandler((_request, done) => done({}));
  defaultSession.webRequest.onBeforeRequest(({ url }, done) => done({ cancel: !mayLoad(url, app.isPackaged) }));
  defaultSession.on('will-download', (event, item) => {
    if (!mayDownload(item.getURL())) event.preventDefault();
  });
}

/** For every page, from `web-contents-created`. */
export function guardContents(contents: WebContents): void {
  const stay = (event: { readonly url: string; preventDefault(): void }): void => {
    if (!isOurs(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  contents.setWindowOpenHandler(({ url }) => {
    void openOutside(url);
    return { action: 'deny' };
  });
}

/** The text around a link may lie about where it leads; the question does not. */
async function openOutside(address: string): Promise<void> {
  const url = externalAddress(address);
  if (url === undefined) return;
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: `Open ${url.protocol === 'mailto:' ? url.pathname : url.host} in your browser?`,
    detail: url.href.slice(0, 500),
    buttons: ['Open', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 0) await shell.openExternal(url.href);
}
