import { request } from 'node:http';
import type { Cancel, Clock } from '#core/model/index.ts';

const shipEveryMs = 1_000;
/** A receiver that is away costs this much memory and no more; the oldest lines go first. */
const linesKept = 5_000;

/** Sends a process's log lines to Loki's push path, a second's worth at a time, as an agent beside it would. */
export class LogShipper {
  readonly #clock: Clock;
  readonly #url: string;
  readonly #stream: Readonly<Record<string, string>>;
  #lines: [timeNs: string, line: string][] = [];
  #cancel: Cancel;

  constructor(service: string, appUrl: string, clock: Clock) {
    this.#clock = clock;
    this.#url = `${appUrl}/loki/api/v1/push`;
    this.#stream = { service_name: service, job: service, system: 'practice' };
    this.#cancel = this.#wait();
  }

  add(timeMs: number, line: string): void {
    this.#lines.push([`${timeMs}000000`, line]);
    if (this.#lines.length > linesKept) this.#lines.splice(0, this.#lines.length - linesKept);
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.#ship();
  }

  #wait(): Cancel {
    return this.#clock.after(shipEveryMs, () => {
      void this.#ship();
      this.#cancel = this.#wait();
    });
  }

  #ship(): Promise<void> {
    if (this.#lines.length === 0) return Promise.resolve();
    const sent = this.#lines;
    this.#lines = [];
    const body = JSON.stringify({ streams: [{ stream: this.#stream, values: sent }] });
    return new Promise((done) => {
      const again = (): void => {
        this.#lines = [...sent, ...this.#lines].slice(-linesKept);
        done();
      };
      const asked = request(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, timeout: 5_000 }, (answer) => {
        answer.resume().on('end', () => (answer.statusCode === 429 || answer.statusCode === 503 ? again() : done()));
      });
      asked.on('timeout', () => asked.destroy()).on('error', again);
      asked.end(body);
    });
  }
}
