/**
 * The engine's process, seen from the shell: started, watched, started anew with growing pauses when it dies, stopped
 * in order. Screens and requests that were under way when it died are told so; nothing waits for ever.
 */
import type { MessagePortMain } from 'electron';
import { EngineError, type Cancel, type Clock, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import { practiceStopped, type PracticeState, type PracticeWish } from '#core/practice/index.ts';
import type { Child, StartChild } from './child.ts';
import type { EngineSettings, FromEngine, ToEngine } from './messages.ts';

/** What the host itself can say of the engine; `reason` is one sentence, empty when all is well. */
export interface EngineStatus {
  readonly engine: 'up' | 'starting' | 'down' | 'safe';
  readonly reason: string;
  readonly restartInMs: number;
}

/** A connected screen: bytes of one frame each way. */
export interface Screen {
  receive(bytes: Uint8Array): void;
  hangUp(reason: string): void;
}
export interface ScreenLine {
  send(bytes: Uint8Array): void;
  gone(): void;
}

/** Calls `left` when whoever asked has left; what it returns ends that. */
export type Departure = (left: () => void) => () => void;
const stays: Departure = () => () => undefined;

/** A request under way. */
interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: EngineError) => void;
  /** Lets go of its timer and of whoever asked. */
  readonly forget: () => void;
}

interface Options {
  readonly startChild: StartChild;
  readonly clock: Clock;
  readonly settings: Omit<EngineSettings, 'safe'>;
  readonly render: (text: string) => Promise<string>;
  readonly onStatus?: (status: EngineStatus) => void;
  /** The engine asks for the practice system, which only the shell can run. */
  readonly onPractice?: (wish: PracticeWish) => void;
}

/** The pause before the n-th start in a row; the first is short, because most crashes do not repeat. */
const backOffMs = [100, 500, 2_000, 10_000, 30_000];
/** Three crashes in five minutes mean that something stored or received kills it: reliability, row 8. */
const crashesToSafe = 3;
const crashWindowMs = 300_000;
const stopMsMax = 10_000;
/** An engine that leaves this many pings in a row unanswered hangs. Counted rather than timed, so that a machine that slept kills nothing. */
const pingEveryMs = 5_000;
const pingsLostMax = 6;
/** Reading back what was written before a crash takes a fraction of this. */
const startMsMax = 10_000;
/** Beyond the engine's own limit for a query, so that its sentence arrives rather than this one. */
const answerMsMax = 120_000;

export class EngineProcess {
  readonly #options: Options;
  readonly #screens = new Map<number, Screen>();
  readonly #requests = new Map<number, Waiting>();
  readonly #crashes: number[] = [];
  readonly #changes = new Set<() => void>();
  #child: Child | undefined;
  #status: EngineStatus = { engine: 'starting', reason: 'the engine is starting', restartInMs: 0 };
  #why = '';
  /** Whether the engine was asked to end: for good, or to leave safe mode. */
  #ending: 'no' | 'stop' | 'renew' = 'no';
  #cancelTimer: Cancel = () => undefined;
  #cancelPing: Cancel = () => undefined;
  #pingsLost = 0;
  #idNext = 1;
  #practice = practiceStopped;
  #address: string | undefined;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: Options) {
    this.#options = options;
    this.#first.promise.catch(() => undefined);
    this.#start();
  }

  /**
   * Settles when the engine is up for the first time, or has crashed so often that the screen has to say so; rejects with
   * the engine's sentence when a person can mend what keeps it from starting.
   */
  get firstUp(): Promise<void> {
    return this.#first.promise;
  }

  get status(): EngineStatus {
    return this.#status;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether new data may be handed in: not while the engine is away, and not after repeated crashes. */
  get takesData(): boolean {
    return this.#status.engine === 'up';
  }

  /** Rejects with `unavailable` when the engine is away or goes before it answered, and with `cancelled` when whoever asked leaves. */
  async http({ port, method, path, query, headers, body }: HttpRequest, departure: Departure = stays): Promise<HttpAnswer> {
    if (!this.#isUp()) await this.#started();
    const id = this.#idNext++;
    const asked = Promise.withResolvers<HttpAnswer>();
    const cancelTimer = this.#options.clock.after(answerMsMax, () => {
      if (this.#settle(id)) asked.reject(new EngineError('timeout', `the engine gave no answer within ${answerMsMax / 1000} s`));
    });
    const stay = departure(() => {
      if (!this.#settle(id)) return;
      this.#post({ k: 'http-gone', id });
      asked.reject(new EngineError('cancelled', 'whoever asked has left'));
    });
    const forget = (): void => {
      cancelTimer();
      stay();
    };
    this.#requests.set(id, { resolve: asked.resolve, reject: asked.reject, forget });
    this.#post({ k: 'http', id, request: { port, method, path, query, headers }, bytes: body });
    return asked.promise;
  }

  /** Takes a request off the list; undefined when it is settled already. */
  #settle(id: number): Waiting | undefined {
    const waiting = this.#requests.get(id);
    this.#requests.delete(id);
    waiting?.forget();
    return waiting;
  }

  /** Joins a screen to the engine; rejects with `unavailable` when the engine is away. */
  async attach(screen: Screen): Promise<ScreenLine> {
    await this.#started();
    const peer = this.#idNext++;
    this.#screens.set(peer, screen);
    this.#post({ k: 'open', peer });
    return {
      send: (bytes) => {
        if (this.#screens.has(peer)) this.#post({ k: 'bytes', peer, bytes });
      },
      gone: () => {
        if (this.#screens.delete(peer)) this.#post({ k: 'gone', peer });
      },
    };
  }

  /** Hands a screen's port to the engine; false when the engine is away. */
  attachPort(port: MessagePortMain): boolean {
    if (!this.#isUp()) return false;
    this.#child?.post({ k: 'port' } satisfies ToEngine, [port]);
    return true;
  }

  /** Where the app is reached from outside; an engine that is started again hears of it too. */
  setAddress(url: string): void {
    this.#address = url;
    this.#post({ k: 'address', url });
  }

  /** How the practice system is; an engine that is started again hears of it too. */
  setPractice(state: PracticeState): void {
    this.#practice = state;
    if (this.#isUp()) this.#post({ k: 'practice', state });
  }

  /** Lets the engine write what it holds; kills it when that takes longer than 10 s. */
  stop(): Promise<void> {
    this.#ending = 'stop';
    this.#cancelTimer();
    this.#cancelPing();
    const child = this.#child;
    if (child === undefined) return Promise.resolve();
    return new Promise((done) => {
      const cancel = this.#options.clock.after(stopMsMax, () => child.kill());
      child.onExit(() => {
        cancel();
        done();
      });
      child.post({ k: 'stop' } satisfies ToEngine);
    });
  }

  #isUp(): boolean {
    return this.#status.engine === 'up' || (this.#status.engine === 'safe' && this.#status.restartInMs === 0);
  }

  /** Waits for an engine that is starting, so that who comes early is served and not sent away. */
  async #started(): Promise<void> {
    if (this.#status.engine === 'starting') {
      const change = Promise.withResolvers<void>();
      this.#changes.add(change.resolve);
      const cancel = this.#options.clock.after(startMsMax, change.resolve);
      await change.promise;
      cancel();
      this.#changes.delete(change.resolve);
    }
    if (!this.#isUp()) throw new EngineError('unavailable', this.#status.reason);
  }

  #post(message: ToEngine): void {
    this.#child?.post(message);
  }

  #say(status: EngineStatus): void {
    this.#status = status;
    for (const changed of this.#changes) changed();
    this.#options.onStatus?.(status);
  }

  #start(): void {
    const child = this.#options.startChild('engine-entry');
    this.#child = child;
    this.#why = '';
    this.#ending = 'no';
    child.onMessage((message) => this.#take(message as FromEngine));
    child.onExit((how) => this.#exited(how));
    this.#post({ k: 'start', settings: { ...this.#options.settings, safe: this.#isCrashLoop() } });
    if (this.#address !== undefined) this.#post({ k: 'address', url: this.#address });
  }

  #take(message: FromEngine): void {
    switch (message.k) {
      case 'up':
        this.#first.resolve();
        return this.#cameUp();
      case 'pong':
        this.#pingsLost = 0;
        return undefined;
      case 'failed':
        this.#why = message.why;
        this.#first.reject(new EngineError('unavailable', message.why));
        return this.#child?.kill();
      case 'bytes':
        return this.#screens.get(message.peer)?.receive(message.bytes);
      case 'hangup':
        return this.#hangUp(message.peer, 'the engine ended the connection');
      case 'answer':
        return this.#settle(message.id)?.resolve({ ...message.answer, body: message.bytes });
      case 'render':
        return void this.#render(message.id, message.text);
      case 'practice':
        return this.#options.onPractice?.(message.wish);
    }
  }

  #ping(): void {
    this.#cancelPing = this.#options.clock.after(pingEveryMs, () => {
      if (this.#pingsLost === pingsLostMax) {
        this.#why = `the engine did not answer for ${(pingsLostMax * pingEveryMs) / 1000} s`;
        return this.#child?.kill();
      }
      this.#pingsLost++;
      this.#post({ k: 'ping' });
      this.#ping();
    });
  }

  #cameUp(): void {
    this.#pingsLost = 0;
    this.#ping();
    if (this.#practice.running) this.#post({ k: 'practice', state: this.#practice });
    if (!this.#isCrashLoop()) return this.#say({ engine: 'up', reason: '', restartInMs: 0 });
    this.#say(this.#safe(0));
    this.#cancelTimer = this.#options.clock.after(crashWindowMs, () => {
      this.#ending = 'renew';
      this.#post({ k: 'stop' });
    });
  }

  async #render(id: number, text: string): Promise<void> {
    try {
      this.#post({ k: 'html', id, html: await this.#options.render(text) });
    } catch (error) {
      this.#post({ k: 'no-html', id, why: (error as Error).message });
    }
  }

  #hangUp(peer: number, reason: string): void {
    const screen = this.#screens.get(peer);
    this.#screens.delete(peer);
    screen?.hangUp(reason);
  }

  #exited(how: string): void {
    this.#child = undefined;
    const reason = this.#why === '' ? `the engine stopped (${how})` : this.#why;
    for (const peer of this.#screens.keys()) this.#hangUp(peer, reason);
    for (const id of this.#requests.keys()) this.#settle(id)?.reject(new EngineError('unavailable', `${reason}; try again`));
    this.#cancelTimer();
    this.#cancelPing();
    if (this.#ending === 'stop') return;
    if (this.#ending === 'renew') return this.#start();
    this.#crashes.push(this.#options.clock.monotonicMs());
    if (this.#isCrashLoop()) this.#first.resolve();
    const restartInMs = backOffMs[Math.min(this.#recentCrashes(), backOffMs.length) - 1]!;
    this.#say(this.#isCrashLoop() ? this.#safe(restartInMs) : { engine: 'down', reason: `${reason}; it is started again`, restartInMs });
    this.#cancelTimer = this.#options.clock.after(restartInMs, () => {
      if (!this.#isCrashLoop()) this.#say({ engine: 'starting', reason: `${reason}; it is starting again`, restartInMs: 0 });
      this.#start();
    });
  }

  #recentCrashes(): number {
    const sinceMs = this.#options.clock.monotonicMs() - crashWindowMs;
    return this.#crashes.filter((atMs) => atMs >= sinceMs).length;
  }

  #isCrashLoop(): boolean {
    return this.#recentCrashes() >= crashesToSafe;
  }

  #safe(restartInMs: number): EngineStatus {
    const reason = `safe mode: the engine stopped ${this.#recentCrashes()} times within 5 minutes, so it takes in no pushed data for now`;
    return { engine: 'safe', reason, restartInMs };
  }
}
