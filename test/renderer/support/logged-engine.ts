/** The scripted engine with a real log store behind its questions about logs. */
import { LogDesk } from '#core/answers/index.ts';
import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import { LogLines } from '#core/formats/index.ts';
import { openLogs, type Logs } from '#core/logs/index.ts';
import { systemClock } from '../../../main/clock.ts';
import { LineMaker } from '../../bench/log-data.ts';
import { ScriptedEngine } from './scripted-engine.ts';

const chunkLines = 5000;

export class LoggedEngine extends ScriptedEngine {
  readonly logs: Logs;
  readonly #desk: LogDesk;

  constructor(folder: string) {
    super('busy');
    this.logs = openLogs({ folder, clock: systemClock, limits: { futureMs: Infinity, retentionMs: Infinity, retentionBytes: Infinity } });
    const datasets = { of: () => ({ logs: this.logs }) };
    this.#desk = new LogDesk({ datasets, clock: systemClock, overload: () => ({ level: 0, reasons: [], causes: [], shedding: [] }) });
  }

  /** Lines of a made shop, with its seed. */
  async fill(count: number): Promise<void> {
    const maker = new LineMaker(1);
    const lines = new LogLines({ labels: ['filename', 'shop.log'], nowMs: systemClock.now() });
    for (let made = 0; made < count; made += chunkLines) {
      this.logs.loadBatch(lines.push(maker.chunk(Math.min(chunkLines, count - made))));
      await this.logs.settle();
    }
    this.logs.loadBatch(lines.end());
    await this.logs.flush();
  }

  override handlers(): Handlers<SignalboxContract> {
    return { ...super.handlers(), ...this.#desk.handlers() };
  }
}
