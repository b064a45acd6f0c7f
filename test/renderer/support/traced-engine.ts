/** The scripted engine with a real span store behind its questions about traces. */
import { TraceDesk } from '#core/answers/index.ts';
import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import type { Span } from '#core/model/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { ScriptedEngine } from './scripted-engine.ts';

export class TracedEngine extends ScriptedEngine {
  readonly traces: Traces;
  readonly #desk: TraceDesk;

  constructor(folder: string, spans: Iterable<readonly Span[]>) {
    super('busy');
    const clock = new ManualClock();
    this.traces = openTraces({ folder, clock, limits: { futureMs: Infinity } });
    for (const batch of spans) this.traces.load(batch);
    this.#desk = new TraceDesk({ datasets: { of: () => ({ traces: this.traces }) }, clock });
  }

  override handlers(): Handlers<SignalboxContract> {
    return { ...super.handlers(), ...this.#desk.handlers() };
  }
}
