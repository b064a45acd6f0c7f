import type { readLokiPush } from '#core/formats/index.ts';
import type { Ledger } from '../ledger.ts';
import type { LogThinning } from '../overload/log-thinning.ts';
import type { LogSink } from '../sink.ts';

export interface LogsTaken {
  readonly rejectedCount: number;
  /** Why the rejected ones were, for the sender; empty when none was. */
  readonly sentence: string;
}

/** Where received log records go. */
export interface LogIntake {
  readonly sink: LogSink;
  readonly ledger: Ledger;
  /** Everything is kept unless given. */
  readonly thinning: LogThinning | undefined;
}

/**
 * Stores the records that were read and accounts for all that were sent. Settles when what was stored is on stable storage. A line that
 * overload leaves out is none that its sender should send again.
 */
export async function takeLogs(reading: ReturnType<typeof readLokiPush>, { sink, ledger, thinning }: LogIntake, source: string): Promise<LogsTaken> {
  const { faultCount, firstFault } = reading;
  const records = thinning?.thin(reading.records) ?? reading.records;
  ledger.received(source, reading.records.length + faultCount);
  ledger.shed(source, 'thinned', reading.records.length - records.length);
  ledger.rejected(source, 'unreadable', faultCount);
  const refused = new Map<string, number>(faultCount === 0 ? [] : [['unreadable', faultCount]]);
  try {
    for (const verdict of await sink.append(records)) if (verdict !== 'stored') refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  } catch (error) {
    ledger.rejected(source, 'store_unavailable', records.length);
    throw error;
  }
  const rejectedCount = [...refused.values()].reduce((sum, count) => sum + count, 0);
  ledger.stored(source, records.length + faultCount - rejectedCount);
  for (const [reason, count] of refused) if (reason !== 'unreadable') ledger.rejected(source, reason, count);
  const reasons = [...refused].map(([reason, count]) => `${reason}: ${count}`).join(', ');
  const first = firstFault === '' ? '' : `; the first that is unreadable: ${firstFault}`;
  return { rejectedCount, sentence: rejectedCount === 0 ? '' : `${rejectedCount} records were refused (${reasons})${first}` };
}
