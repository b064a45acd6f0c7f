import { join } from 'node:path';
import { createClient, type Client, type Frame, type SignalboxContract, type Transport } from '#core/contract/index.ts';
import { createEngine, type Engine, type EngineOptions } from '#core/engine.ts';
import type { Clock } from '#core/model/index.ts';

/** An engine on a data dir as a shell starts it, on a test's clock. The caller closes it. */
export function engineOn(dataDir: string, clock: Clock, more: Partial<EngineOptions> = {}): Promise<Engine> {
  return createEngine({
    dataDir,
    configFile: undefined,
    host: 'test',
    version: '0',
    clock,
    random: () => 0.5,
    runbooksDir: join(import.meta.dirname, '../../runbooks'),
    renderMarkdown: (text) => Promise.resolve(text),
    ...more,
  });
}

/** A screen of an engine in this process. */
export function clientOf(engine: Engine): Client<SignalboxContract> {
  const [near, far] = linked();
  engine.attach(far);
  return createClient<SignalboxContract>(near);
}

/** Both ends of one connection; frames arrive after what runs now. */
function linked(): readonly [Transport, Transport] {
  const ends = [0, 1].map(() => ({ act: (_frame: Frame): void => undefined }));
  const end = (own: number): Transport => ({
    send: (frame) => queueMicrotask(() => ends[1 - own]!.act(frame)),
    onFrame: (act) => void (ends[own]!.act = act),
    onClose: () => undefined,
    close: () => undefined,
  });
  return [end(0), end(1)];
}
