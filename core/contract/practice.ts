import * as v from 'valibot';
import { nothing } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

/** The practice system: a small system of real processes to watch and to break. */
export interface PracticeView {
  /** Whether this host can run one. */
  readonly available: boolean;
  readonly running: boolean;
  readonly users: number;
  /** Name of the fault that is on; empty when none is. */
  readonly fault: string;
  readonly services: readonly { readonly name: string; readonly up: boolean }[];
  readonly faults: readonly { readonly name: string; readonly title: string; readonly does: string }[];
  /** Processes that ended by themselves since the start. */
  readonly restarts: number;
}

export const practiceContract = {
  'practice.watch': stream<PracticeView>()(nothing),
  'practice.start': procedure<null>()(v.object({ users: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5_000))) })),
  'practice.stop': procedure<null>()(nothing),
  /** Breaks something, and mends what was broken before; empty: mends only. */
  'practice.fault': procedure<null>()(v.object({ name: v.pipe(v.string(), v.maxLength(64)) })),
};
