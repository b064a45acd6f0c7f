/** What the killed child appends and its parent looks for. */
import { labelsFromRecord, plainRecord, type Clock, type LogRecord } from '#core/model/index.ts';

const startMs = Date.UTC(2026, 0, 5);
const stepMs = 15_000;
const apps = Array.from({ length: 5 }, (_, i) => labelsFromRecord({ app: `app-${i}` }));

const appendRecords = 200;
export const appendTimeMs = (n: number): number => startMs + n * stepMs;

/** Append number `n`: lines of several kinds, some of the same time, some with fields beside them. */
export function recordsOf(n: number): LogRecord[] {
  return Array.from({ length: appendRecords }, (_, i) => {
    const timeNs = BigInt(appendTimeMs(n)) * 1_000_000n + BigInt(i >> 1);
    const line =
      i % 7 === 0 ? `panic in ${n}:${i}\n\tat step ${n * i}` : `{"append":${n},"row":${i},"id":"${(n * 1000 + i).toString(16).padStart(12, '0')}"}`;
    return {
      ...plainRecord(timeNs, apps[i % apps.length]!, line, i % 2 === 0 ? 'info' : 'error'),
      fields: i % 5 === 0 ? ['trace_id', String(n)] : [],
    };
  });
}

/** A clock that stands at the time of an append; `tick` runs what waits for a time. */
export function steppingClock(first: number): Clock & { at(n: number): void; tick(): void } {
  let n = first;
  let waiting: (() => void)[] = [];
  return {
    at: (next) => void (n = next),
    now: () => appendTimeMs(n),
    monotonicMs: () => n * stepMs,
    after: (_, act) => {
      waiting.push(act);
      return () => void (waiting = waiting.filter((one) => one !== act));
    },
    tick: () => {
      const due = waiting;
      waiting = [];
      for (const act of due) act();
    },
  };
}
