/** What the practice system is made of, what can be broken in it, and what is said between it and whoever runs it. */

/** A small network for short posts, as its owners would run it; `users` are the people who use it. A process each. */
export const services = ['gateway', 'timeline', 'fanout', 'cache', 'database', 'media', 'users'] as const;
export type ServiceName = (typeof services)[number];

export interface Fault {
  readonly name: string;
  /** The process that misbehaves. */
  readonly service: ServiceName;
  readonly title: string;
  /** What happens, without what it looks like: finding out is the practice. */
  readonly does: string;
}

export const faults: readonly Fault[] = [
  { name: 'latency', service: 'database', title: 'Slow queries', does: 'Every query of the database takes 400 ms longer.' },
  { name: 'errors', service: 'timeline', title: 'Errors', does: 'The timeline fails three of ten requests.' },
  { name: 'cache-storm', service: 'cache', title: 'Cache invalidation storm', does: 'The cache drops everything that it holds, every two seconds.' },
  { name: 'celebrity', service: 'fanout', title: 'Celebrity post', does: 'An account with very many followers posts every few seconds.' },
  { name: 'pool-exhausted', service: 'database', title: 'Pool exhausted', does: 'A report takes every connection of the database that comes free.' },
  { name: 'leak', service: 'timeline', title: 'Memory leak', does: 'The timeline keeps what it should let go, until the system ends it.' },
  {
    name: 'bad-deploy',
    service: 'timeline',
    title: 'Bad deploy',
    does: 'The timeline is released anew; one user of eight gets a query for every post.',
  },
];

export const usersDefault = 1_000;
export const usersMost = 5_000;

/** Where a process of the practice system sends what it tells. */
export interface Receivers {
  /** Base of the OTLP receiver, such as `http://127.0.0.1:4318`. */
  readonly otlpUrl: string;
  /** Base of the app port, which takes Loki's push. */
  readonly appUrl: string;
}

/** From the shell to a process. */
export type ToService =
  | {
      readonly k: 'begin';
      readonly service: ServiceName;
      readonly port: number;
      readonly version: string;
      readonly users: number;
      readonly to: Receivers;
    }
  /** Where the others listen; again whenever one of them came back. */
  | { readonly k: 'peers'; readonly ports: Ports }
  /** Empty: none. Every process hears of every fault. */
  | { readonly k: 'fault'; readonly name: string };
export type FromService =
  /** The process's code is loaded. */
  { readonly k: 'ready' } | { readonly k: 'up'; readonly port: number };

export type Ports = Partial<Record<ServiceName, number>>;

/** What is asked of whoever runs the practice system. */
export type PracticeWish =
  | { readonly k: 'start'; readonly users: number }
  | { readonly k: 'stop' }
  /** Empty: end the one that is on. */
  | { readonly k: 'fault'; readonly name: string };

export interface PracticeState {
  readonly running: boolean;
  readonly users: number;
  /** Name of the fault that is on; empty when none is. */
  readonly fault: string;
  readonly ports: Ports;
  /** Processes that ended by themselves since the start. */
  readonly restarts: number;
}

export const practiceStopped: PracticeState = { running: false, users: 0, fault: '', ports: {}, restarts: 0 };
