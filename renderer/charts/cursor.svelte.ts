/** The time under the pointer, shared by the charts that are shown together. */
export class Cursor {
  #timeMs = $state<number>();
  #keptMs = $state<number>();
  readonly #keeps: boolean;

  constructor(keeps = false) {
    this.#keeps = keeps;
  }

  get timeMs(): number | undefined {
    return this.#timeMs;
  }

  set timeMs(timeMs: number | undefined) {
    this.#timeMs = timeMs;
    if (this.#keeps && timeMs !== undefined) this.#keptMs = timeMs;
  }

  /** The time that was pointed at last, of a cursor that keeps it: shown where nothing is pointed at. */
  get keptMs(): number | undefined {
    return this.#timeMs === undefined ? this.#keptMs : undefined;
  }
}

/** The one cursor of metrics, logs and traces: the time looked at in one of them shows in the others. */
export const signalsCursor = new Cursor(true);
