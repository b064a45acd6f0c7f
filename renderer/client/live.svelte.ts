import { untrack } from 'svelte';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Engine, Question, State, Streams } from './engine.svelte.ts';

/**
 * The data of one panel. Declared once while a component starts, with two functions:
 *
 *     const answer = new LiveQuery(engine, {
 *       key: () => ({ expr, startMs, endMs }),                     // read whenever what it reads changes; undefined: ask nothing
 *       ask: (key, signal) => engine.call('metrics.range', key, signal),
 *       sameMatter: (before, after) => before.expr === after.expr, // may the old answer stand while the new one is awaited?
 *     });
 *
 * Newest wins. A key on the same matter (the same query, a little later) waits until the answer under way is there, so
 * that a slow query under a fast refresh still shows something; of several such keys only the last is asked. A key on
 * another matter cancels what is under way, in the engine too.
 */
export interface LiveQueryOptions<Key, Value> {
  readonly key: () => Key | undefined;
  readonly ask: (key: Key, signal: AbortSignal) => Promise<Value>;
  readonly sameMatter?: (before: Key, after: Key) => boolean;
}

/** Short answers show no sign of waiting: nothing flickers. */
const patienceMs = 250;

export class LiveQuery<Key, Value> {
  /** The last answer on the present matter. */
  value = $state.raw<Value>();
  /** The key that `value` answers. */
  valueKey = $state.raw<Key>();
  error = $state.raw<EngineError>();
  /** An answer has been awaited for longer than a moment. */
  waiting = $state(false);
  readonly #options: LiveQueryOptions<Key, Value>;
  #asked: { readonly key: Key; readonly text: string; readonly abort: AbortController } | undefined;
  #next: { readonly key: Key; readonly text: string } | undefined;
  /** The key that `value` answers, as text: the same question is not asked twice on one line. */
  #answered = '';
  #epoch: number | undefined;

  constructor(engine: Engine, options: LiveQueryOptions<Key, Value>) {
    this.#options = options;
    $effect(() => {
      const key = options.key();
      const { epoch, line } = engine;
      untrack(() => this.#turnTo(key, line.phase === 'up' ? epoch : undefined));
    });
    $effect(() => () => this.#drop());
  }

  /** `epoch` is undefined while there is no line: then nothing is asked, and only what is on the matter stands. */
  #turnTo(key: Key | undefined, epoch: number | undefined): void {
    if (key === undefined) {
      this.#drop();
      this.#forget();
      return;
    }
    const text = JSON.stringify(key);
    const before = this.#asked?.key ?? this.valueKey;
    const same = before !== undefined && (this.#options.sameMatter?.(before, key) ?? JSON.stringify(before) === text);
    if (!same) this.#forget();
    if (epoch === undefined) return void (same || this.#drop());
    const newLine = epoch !== this.#epoch;
    this.#epoch = epoch;
    if (this.#asked !== undefined && !newLine) {
      if (this.#asked.text === text) return void (this.#next = undefined);
      if (same) return void (this.#next = { key, text });
    }
    if (this.#answered === text && !newLine && this.error === undefined) return this.#drop();
    this.#drop();
    void this.#ask(key, text);
  }

  async #ask(key: Key, text: string): Promise<void> {
    const abort = new AbortController();
    const asked = { key, text, abort };
    this.#asked = asked;
    const timer = setTimeout(() => (this.waiting = this.#asked === asked), patienceMs);
    try {
      const value = await this.#options.ask(key, abort.signal);
      if (this.#asked !== asked) return;
      this.value = value;
      this.valueKey = key;
      this.#answered = text;
      this.error = undefined;
    } catch (error) {
      if (this.#asked !== asked || (error instanceof EngineError && error.code === 'unavailable')) return;
      this.error = error instanceof EngineError ? error : new EngineError('internal', messageOf(error));
    } finally {
      clearTimeout(timer);
      if (this.#asked === asked) this.#settle();
    }
  }

  #settle(): void {
    this.#asked = undefined;
    this.waiting = false;
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) void this.#ask(next.key, next.text);
  }

  #drop(): void {
    this.#asked?.abort.abort();
    this.#asked = undefined;
    this.#next = undefined;
    this.waiting = false;
  }

  #forget(): void {
    this.value = undefined;
    this.valueKey = undefined;
    this.#answered = '';
    this.error = undefined;
  }
}

/** A stream for as long as the component that declared it lives; opened again by itself when the line is made again. */
export class LiveStream<K extends Streams> {
  /** The newest state. It stands while the engine is away. */
  value = $state.raw<State<K>>();
  error = $state.raw<EngineError>();

  constructor(engine: Engine, name: K, input: () => Question<K> | undefined) {
    let asked = '';
    $effect(() => {
      const question = input();
      if (question === undefined || engine.epoch === 0) return;
      const text = JSON.stringify(question);
      if (text !== asked) this.value = undefined;
      asked = text;
      return engine.open(
        name,
        question,
        (item) => {
          this.value = item;
          this.error = undefined;
        },
        (error) => {
          if (error.code !== 'unavailable') this.error = error;
        },
      );
    });
  }
}
