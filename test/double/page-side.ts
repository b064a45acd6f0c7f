/** Runs inside the page before any page script: the preload's environment, ipcRenderer, contextBridge, and the bridge for ports. */
export function pageSide(preload: string): string {
  return `(() => {
  const post = globalThis.__electronDouble;
  delete globalThis.__electronDouble;
  if (!post || window.top !== window) return;
  ${portBridge}
  ${preloadEnvironment}
  (function (require, module, exports, process, Buffer, global, __dirname, __filename) {
${preload}
  }).call(undefined, require, module, module.exports, process);
})();`;
}

/** Electron adds a 'close' event to MessagePort in renderers; Chromium has none. It is carried in band, before any page script sees the port. */
const portBridge = String.raw`
  const listeners = new Map(), ports = new Map(), seen = new WeakSet();
  const CLOSED = '\0electron-double:closed';
  const { addEventListener: listen, close: shut } = MessagePort.prototype;
  MessagePort.prototype.addEventListener = function (type, act, options) {
    if (!seen.has(this)) {
      seen.add(this);
      listen.call(this, 'message', (event) => {
        if (event.data !== CLOSED) return;
        event.stopImmediatePropagation();
        this.dispatchEvent(new Event('close'));
      });
    }
    return listen.call(this, type, act, options);
  };
  MessagePort.prototype.close = function () { this.postMessage(CLOSED); shut.call(this); };
  const makePort = (id) => {
    const { port1, port2 } = new MessageChannel();
    ports.set(id, port1);
    port1.onmessage = ({ data }) => {
      if (data !== CLOSED) post({ t: 'port', id, data });
      else if (ports.delete(id)) post({ t: 'close', id });
    };
    return port2;
  };
  Object.defineProperty(globalThis, '__fromMain', { enumerable: false, value: (message) => {
    if (message.t === 'port') return ports.get(message.id)?.postMessage(message.data);
    if (message.t === 'close') { ports.get(message.id)?.postMessage(CLOSED); return ports.delete(message.id); }
    const made = message.ports.map(makePort);
    for (const act of [...(listeners.get(message.channel) ?? [])]) act({ ports: made, sender: ipcRenderer, senderId: 0 }, ...message.args);
  } });`;

const preloadEnvironment = String.raw`
  const clone = (value) => (value === undefined ? undefined : structuredClone(value));
  const strict = (name, object) => new Proxy(object, { get: (held, key) => {
    if (key in held) return held[key];
    throw new Error('electron double: ' + name + '.' + String(key) + ' is not implemented');
  } });
  const ipcRenderer = strict('ipcRenderer', {
    on(channel, act) { listeners.set(channel, (listeners.get(channel) ?? new Set()).add(act)); return this; },
    send: (channel, ...args) => { post({ t: 'send', channel, args: args.map(clone) }); },
  });
  const cross = (value) => (typeof value === 'function' ? (...args) => cross(value(...args.map(cross))) : clone(value));
  const contextBridge = strict('contextBridge', { exposeInMainWorld: (key, api) => {
    if (key in globalThis) throw new Error('Cannot bind an API on top of an existing property on the window object');
    const value = Object.freeze(Object.fromEntries(Object.entries(api).map(([name, held]) => [name, cross(held)])));
    Object.defineProperty(globalThis, key, { value, enumerable: true, writable: false, configurable: false });
  } });
  const electron = strict('electron (sandboxed renderer)', { ipcRenderer, contextBridge });
  const require = (name) => {
    if (name === 'electron' || name === 'electron/renderer') return electron;
    throw new Error('module not found: ' + name + ' (a sandboxed preload may only require electron)');
  };
  const process = Object.freeze({ platform: '${process.platform}', arch: '${process.arch}', sandboxed: true, contextIsolated: true, type: 'renderer', env: Object.freeze({}) });
  const module = { exports: {} };`
  .replace('${process.platform}', process.platform)
  .replace('${process.arch}', process.arch);
