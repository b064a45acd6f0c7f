/** The time of day as the engine has it, one tick a second, for ages and clocks. */
class Now {
  #offsetMs = 0;
  ms = $state(Date.now());

  constructor() {
    setInterval(() => this.#tick(), 1_000);
  }

  /** Follows the engine's clock, so that ages are right on a machine whose browser clock differs (a tunnel). */
  follow(engineMs: number): void {
    this.#offsetMs = engineMs - Date.now();
    this.#tick();
  }

  #tick(): void {
    this.ms = Date.now() + this.#offsetMs;
  }
}

export const now = new Now();
