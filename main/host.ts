/** Signalbox as one running whole, under either shell: the data folder held, the engine watched, the listeners open. */
import type { Clock } from '#core/model/index.ts';
import { holdDataDir } from './data-dir.ts';
import type { StartChild } from './engine/child.ts';
import { EngineProcess, type EngineStatus } from './engine/engine-process.ts';
import { Practice } from './engine/practice.ts';
import { Reader } from './engine/reader.ts';
import { rendererDir, runbooksDir, version } from './places.ts';
import { startWebHost, type WebHost } from './web-host.ts';

export interface HostOptions {
  readonly shell: 'desktop' | 'web';
  readonly dataDir: string;
  readonly configFile: string | undefined;
  readonly port: number;
  readonly otlpPort: number;
  readonly grpcPort: number;
  /** Where links lead that are sent to others, without a slash at its end; undefined is the app port's own address. */
  readonly externalUrl: string | undefined;
  readonly clock: Clock;
  readonly startChild: StartChild;
  readonly warn: (sentence: string) => void;
  readonly onStatus?: (status: EngineStatus) => void;
}

export interface Host {
  readonly engine: EngineProcess;
  readonly web: WebHost;
  readonly practice: Practice;
  /** Ends everything in order: no more requests, the engine's data written, the folder given back. */
  stop(): Promise<void>;
}

/**
 * Settles when the listeners are open; the engine may still be starting, and whoever asks meanwhile waits for it. Rejects
 * with an EngineError that says what to do when the folder or a port cannot be had.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { clock, startChild, dataDir } = options;
  const held = holdDataDir(dataDir);
  const reader = new Reader(startChild, clock);
  const practice = new Practice({
    startChild,
    clock,
    receivers: () => ({ otlpUrl: `http://127.0.0.1:${web?.otlpPort}`, appUrl: `http://127.0.0.1:${web?.port}` }),
    onChange: (state) => engine.setPractice(state),
  });
  const engine = new EngineProcess({
    startChild,
    clock,
    settings: { dataDir, configFile: options.configFile, host: options.shell, version, runbooksDir },
    render: (text) => reader.render(text),
    onPractice: (wish) => practice.wish(wish),
    ...(options.onStatus !== undefined && { onStatus: options.onStatus }),
  });
  let web: WebHost | undefined;
  const stop = async (): Promise<void> => {
    practice.stop();
    await web?.close();
    reader.stop();
    await engine.stop();
    held.release();
  };
  try {
    web = await startWebHost({
      engine,
      clock,
      rendererDir,
      port: options.port,
      otlpPort: options.otlpPort,
      grpcPort: options.grpcPort,
      screen: options.shell === 'web',
      warn: options.warn,
    });
    const url = `http://127.0.0.1:${web.port}`;
    engine.setAddress(options.externalUrl ?? url);
    held.publish({ url, otlpPort: web.otlpPort, token: web.bearer });
    return { engine, web, practice, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
