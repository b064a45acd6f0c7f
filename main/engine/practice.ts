/** Runs the practice system for the engine: its processes started, told of each other, started anew when one dies, and ended. */
import type { Cancel, Clock } from '#core/model/index.ts';
import {
  faults,
  practiceStopped,
  services,
  type FromService,
  type PracticeState,
  type PracticeWish,
  type Receivers,
  type ServiceName,
  type ToService,
} from '#core/practice/index.ts';
import type { Child, StartChild } from './child.ts';

interface Options {
  readonly startChild: StartChild;
  readonly clock: Clock;
  /** Where its telemetry goes; asked when it starts. */
  readonly receivers: () => Receivers;
  readonly onChange: (state: PracticeState) => void;
}

const goodVersion = '1.4.2';
const badVersion = '1.5.0';
const restartMs = 2_000;

export class Practice {
  readonly #options: Options;
  readonly #children = new Map<ServiceName, Child>();
  #state = practiceStopped;
  #cancels: Cancel[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  get state(): PracticeState {
    return this.#state;
  }

  wish(wish: PracticeWish): void {
    if (wish.k === 'stop') return this.stop();
    if (wish.k === 'fault') return this.#setFault(wish.name);
    if (this.#state.running) return;
    this.#say({ ...practiceStopped, running: true, users: wish.users });
    for (const service of services) this.#start(service);
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    const children = [...this.#children.values()];
    this.#children.clear();
    for (const child of children) child.kill();
    if (this.#state.running) this.#say(practiceStopped);
  }

  #say(state: PracticeState): void {
    this.#state = state;
    this.#options.onChange(state);
  }

  #setFault(name: string): void {
    if (!this.#state.running || this.#state.fault === name) return;
    const released = [name, this.#state.fault].includes('bad-deploy');
    this.#say({ ...this.#state, fault: name });
    this.#tellAll({ k: 'fault', name });
    // A release is a new process; its exit starts the next.
    if (released) this.#children.get('timeline')?.kill();
  }

  #start(service: ServiceName): void {
    const child = this.#options.startChild('practice-entry');
    this.#children.set(service, child);
    const here = (): boolean => this.#children.get(service) === child;
    child.onMessage((message) => {
      const told = message as FromService;
      if (!here()) return;
      if (told.k === 'ready') child.post(this.#begin(service));
      else this.#cameUp(service, child, told.port);
    });
    child.onExit(() => {
      if (here()) this.#exited(service);
    });
  }

  #begin(service: ServiceName): ToService {
    const { users, fault, ports } = this.#state;
    const bad = fault === 'bad-deploy' && faults.some((one) => one.name === fault && one.service === service);
    // Whoever comes back listens where it did, so that it stays the same target.
    return { k: 'begin', service, port: ports[service] ?? 0, version: bad ? badVersion : goodVersion, users, to: this.#options.receivers() };
  }

  #cameUp(service: ServiceName, child: Child, port: number): void {
    this.#say({ ...this.#state, ports: { ...this.#state.ports, [service]: port } });
    child.post({ k: 'fault', name: this.#state.fault } satisfies ToService);
    this.#tellAll({ k: 'peers', ports: this.#state.ports });
  }

  #exited(service: ServiceName): void {
    this.#children.delete(service);
    this.#say({ ...this.#state, restarts: this.#state.restarts + 1 });
    this.#cancels.push(this.#options.clock.after(restartMs, () => this.#start(service)));
  }

  #tellAll(message: ToService): void {
    for (const child of this.#children.values()) child.post(message);
  }
}
