import {
  createClient,
  type Client,
  type In,
  type Item,
  type Out,
  type ProcedureName,
  type SignalboxContract,
  type StreamName,
} from '#core/contract/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Host } from './host.ts';

export type Calls = ProcedureName<SignalboxContract>;
export type Streams = StreamName<SignalboxContract>;
export type Question<K extends keyof SignalboxContract> = In<SignalboxContract[K]>;
export type Answer<K extends keyof SignalboxContract> = Out<SignalboxContract[K]>;
export type State<K extends keyof SignalboxContract> = Item<SignalboxContract[K]>;

/** The line to the engine: there, being made, or away with the reason and the time of the next try. */
export type Line =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'up' }
  | { readonly phase: 'away'; readonly reason: string; readonly retryAtMs: number };

const backOffMs = [250, 500, 1_000, 2_000, 5_000] as const;

/** The one line to the engine. It is made again by itself for as long as the screen lives. */
export class Engine {
  line = $state.raw<Line>({ phase: 'connecting' });
  /** Rises with every line made; whoever holds a stream or an answer asks again when it does. */
  epoch = $state(0);
  readonly host: Host;
  #client: Client<SignalboxContract> | undefined;
  #wake: (() => void) | undefined;

  constructor(host: Host) {
    this.host = host;
    void this.#keep();
  }

  /** Rejects with EngineError `unavailable` while there is no line. */
  call<K extends Calls>(name: K, input: Question<K>, signal?: AbortSignal): Promise<Answer<K>> {
    if (this.#client === undefined) return Promise.reject(new EngineError('unavailable', 'the engine is not connected'));
    return this.#client.call(name, input, signal);
  }

  /** A stream on the present line; returns what closes it. */
  open<K extends Streams>(name: K, input: Question<K>, onItem: (item: State<K>) => void, onEnd: (error: EngineError) => void): () => void {
    return this.#client?.open(name, input, onItem, onEnd) ?? (() => undefined);
  }

  /** Tries at once instead of at the end of the back-off. */
  retryNow(): void {
    this.#wake?.();
  }

  async #keep(): Promise<void> {
    for (let failures = 0; ;) {
      let reason: string;
      try {
        const client = createClient<SignalboxContract>(await this.host.open());
        failures = 0;
        this.#client = client;
        this.epoch++;
        this.line = { phase: 'up' };
        reason = await client.closed;
      } catch (error) {
        reason = messageOf(error);
      }
      this.#client = undefined;
      await this.#pause(reason, backOffMs[Math.min(failures++, backOffMs.length - 1)]!);
    }
  }

  async #pause(reason: string, waitMs: number): Promise<void> {
    this.line = { phase: 'away', reason, retryAtMs: Date.now() + waitMs };
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#wake = resolve;
    void this.#explain(reason, waitMs);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }

  /** The host may know more than the broken line does: that the engine crashed, and when it is started again. */
  async #explain(reason: string, waitMs: number): Promise<void> {
    const status = await this.host.status();
    if (this.line.phase !== 'away' || status === undefined || status.engine === 'up') return;
    this.line = {
      phase: 'away',
      reason: status.reason === '' ? reason : status.reason,
      retryAtMs: Math.max(this.line.retryAtMs, Date.now() + Math.min(status.restartInMs ?? 0, waitMs)),
    };
  }
}
