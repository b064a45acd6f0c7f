/** The one session: what it was told to allow, asked by tests and by the browser. */
import { EventEmitter } from 'node:events';
import { needReady, strict } from './basis.ts';

type PermissionHandler = (
  contents: { getURL(): string },
  permission: string,
  done: (granted: boolean) => void,
  details: { requestingUrl: string; isMainFrame: boolean },
) => void;
type CheckHandler = (contents: unknown, permission: string, origin: string, details: object) => boolean;
type RequestListener = (details: { url: string }, done: (response: { cancel?: boolean }) => void) => void;

const told: {
  request?: PermissionHandler | null;
  check?: CheckHandler | null;
  device?: (() => boolean) | null;
  display?: ((request: object, done: (streams: object) => void) => void) | null;
  beforeRequest?: RequestListener | null;
} = {};

class Session extends EventEmitter {
  readonly webRequest = strict('webRequest', {
    onBeforeRequest: (listener: RequestListener | null): void => {
      told.beforeRequest = listener;
    },
  });
  setPermissionRequestHandler(handler: PermissionHandler | null): void {
    told.request = handler;
  }
  setPermissionCheckHandler(handler: CheckHandler | null): void {
    told.check = handler;
  }
  setDevicePermissionHandler(handler: (() => boolean) | null): void {
    told.device = handler;
  }
  setDisplayMediaRequestHandler(handler: ((request: object, done: (streams: object) => void) => void) | null): void {
    told.display = handler;
  }
}

export const defaultSession = strict('session', new Session());

export const session = strict('session', {
  get defaultSession() {
    needReady('session.defaultSession');
    return defaultSession;
  },
});

/** Whether the app lets a request leave. */
export const mayRequest = (url: string): Promise<boolean> =>
  new Promise((done) => {
    if (told.beforeRequest) told.beforeRequest({ url }, ({ cancel }) => done(cancel !== true));
    else done(true);
  });

export const askPermission = (permission: string, url: string): Promise<boolean | string> =>
  new Promise((done) => {
    if (told.request) told.request({ getURL: () => url }, permission, done, { requestingUrl: url, isMainFrame: true });
    else done('no handler');
  });

export const checkPermission = (permission: string, origin: string): boolean | string => told.check?.({}, permission, origin, {}) ?? 'no handler';

export const checkDevice = (): boolean | string => told.device?.() ?? 'no handler';

/** The streams that the app grants for screen capture. */
export const askDisplay = (): Promise<object | string> =>
  new Promise((done) => {
    if (told.display) told.display({}, done);
    else done('no handler');
  });
