/** A small real contract for tests of the shells: what the engine's process does is the trial's, everything between is the product's. */
import * as v from 'valibot';
import { procedure, stream } from '#core/contract/rpc.ts';

export const trial = {
  'sum.of': procedure<{ readonly sum: number; readonly squares: Float64Array }>()(v.object({ parts: v.array(v.number()) })),
  'bytes.of': procedure<Uint8Array>()(v.object({ length: v.number() })),
  'wait.forever': procedure<null>()(v.strictObject({})),
  /** How many of `wait.forever`, and of requests for `/api/v1/query?query=forever`, have come. */
  'wait.begun': procedure<number>()(v.strictObject({})),
  /** How many of them were cancelled. */
  'wait.cancelled': procedure<number>()(v.strictObject({})),
  'html.of': procedure<string>()(v.object({ markdown: v.string() })),
  'environment.names': procedure<readonly string[]>()(v.strictObject({})),
  'count.watch': stream<{ readonly count: number }>()(v.object({ everyMs: v.number() })),
  'die.now': procedure<null>()(v.strictObject({})),
};
export type Trial = typeof trial;
