/**
 * The reader: a process that renders foreign markdown, because `marked` can be made to run for seconds (reliability,
 * finding 5) and only a process can be stopped. One text at a time; whoever takes longer than 250 ms is killed with it.
 */
import { EngineError, type Cancel, type Clock } from '#core/model/index.ts';
import type { Child, StartChild } from './child.ts';
import type { FromReader, ToReader } from './messages.ts';

const renderMsMax = 250;
/** A new process needs some time before it can read at all; one that never comes is a fault of ours. */
const startMsMax = 5_000;
const queueMax = 64;

interface Job extends PromiseWithResolvers<string> {
  readonly text: string;
}

export class Reader {
  readonly #startChild: StartChild;
  readonly #clock: Clock;
  readonly #queue: Job[] = [];
  #child: Child | undefined;
  #isUp = false;
  #job: Job | undefined;
  #cancel: Cancel = () => undefined;

  constructor(startChild: StartChild, clock: Clock) {
    this.#startChild = startChild;
    this.#clock = clock;
  }

  /** The HTML of `text`, not yet sanitised. The process starts with the first text. */
  render(text: string): Promise<string> {
    if (this.#queue.length >= queueMax) return Promise.reject(new EngineError('limit', `more than ${queueMax} texts wait to be rendered`));
    const job: Job = { text, ...Promise.withResolvers<string>() };
    this.#queue.push(job);
    this.#next();
    return job.promise;
  }

  stop(): void {
    this.#cancel();
    this.#child?.kill();
    this.#child = undefined;
  }

  #next(): void {
    if (this.#job !== undefined || this.#queue.length === 0) return;
    if (this.#child === undefined) this.#start();
    if (!this.#isUp) return;
    this.#job = this.#queue.shift()!;
    this.#limit(renderMsMax, `the text takes longer than ${renderMsMax} ms to render; shorten it`);
    this.#child?.post({ k: 'render', id: 0, text: this.#job.text } satisfies ToReader);
  }

  #start(): void {
    const child = this.#startChild('reader-entry');
    this.#child = child;
    this.#isUp = false;
    this.#limit(startMsMax, 'the reader did not start');
    child.onMessage((message) => {
      if (this.#child === child) this.#take(message as FromReader);
    });
    child.onExit((how) => {
      if (this.#child === child) this.#fail(`the reader stopped (${how})`);
    });
  }

  #take(message: FromReader): void {
    this.#cancel();
    if (message.k === 'up') this.#isUp = true;
    else {
      const job = this.#job;
      this.#job = undefined;
      if (message.k === 'html') job?.resolve(message.html);
      else job?.reject(new EngineError('invalid', message.why));
    }
    this.#next();
  }

  #limit(durationMs: number, why: string): void {
    this.#cancel();
    this.#cancel = this.#clock.after(durationMs, () => this.#fail(why));
  }

  /** Ends the process and the text it was busy with, or the first in the queue when it never came up. */
  #fail(why: string): void {
    const job = this.#job ?? this.#queue.shift();
    this.stop();
    this.#job = undefined;
    this.#isUp = false;
    job?.reject(new EngineError('timeout', why));
    this.#next();
  }
}
