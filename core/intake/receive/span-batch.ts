import type { SpanReading } from '#core/formats/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SpanSink } from '../sink.ts';

export interface SpansTaken {
  readonly rejectedCount: number;
  /** Why the rejected ones were, for the sender; empty when none was. */
  readonly sentence: string;
}

/** Stores the spans that were read and accounts for all that were sent. Settles when what was stored is on stable storage. */
export async function takeSpans(reading: SpanReading, sink: SpanSink, ledger: Ledger, source: string): Promise<SpansTaken> {
  const verdicts = await sink.append(reading.spans);
  const refused = new Map<string, number>(reading.faultCount === 0 ? [] : [['unreadable', reading.faultCount]]);
  let stored = 0;
  for (const verdict of verdicts) {
    if (verdict === 'stored' || verdict === 'duplicate') stored++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  ledger.received(source, verdicts.length + reading.faultCount);
  ledger.stored(source, stored);
  for (const [reason, count] of refused) ledger.rejected(source, reason, count);
  const first = reading.faults[0];
  const reasons = [...refused].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return {
    rejectedCount: verdicts.length - stored + reading.faultCount,
    sentence: refused.size === 0 ? '' : `${reasons}${first === undefined ? '' : `; the first: ${first.reason}`}`,
  };
}
