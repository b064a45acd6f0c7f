/** What past runs say of the runbooks: which are never opened, where people leave them, how long a step takes. */
import type { DurationMs, Runbook, UnixMs } from '#core/model/index.ts';
import type { RunLog } from './runs.ts';

export interface Usage {
  readonly runbook: string;
  readonly title: string;
  readonly runCount: number;
  readonly lastRunMs: UnixMs | undefined;
  /** Runs that came to an end; the others were left. */
  readonly finishedCount: number;
  /** In the order of the runbook as it is now; steps that it no longer has are left out. */
  readonly steps: readonly StepUsage[];
}

interface StepUsage {
  readonly step: string;
  readonly title: string;
  /** Runs in which it was checked, ticked or skipped. */
  readonly doneCount: number;
  readonly skippedCount: number;
  /** Runs in which its check could not tell, and nobody answered for it. */
  readonly unknownCount: number;
  /** From when the run stood at it until something was done; undefined when that never happened. */
  readonly medianMs: DurationMs | undefined;
}

/** One entry a runbook, in the given order. */
export function usageOf(runbooks: readonly Runbook[], logs: readonly RunLog[]): readonly Usage[] {
  return runbooks.map((runbook) => {
    const own = logs.filter(({ run }) => run.runbook.id === runbook.id);
    const started = own.map(({ run }) => run.startedMs);
    return {
      runbook: runbook.id,
      title: runbook.title,
      runCount: own.length,
      lastRunMs: started.length === 0 ? undefined : Math.max(...started),
      finishedCount: own.filter(({ run }) => run.finishedMs !== undefined).length,
      steps: runbook.steps.map(({ id, title }) => ({ step: id, title, ...stepUsage(id, own) })),
    };
  });
}

function stepUsage(step: string, logs: readonly RunLog[]): Omit<StepUsage, 'step' | 'title'> {
  const states = logs.flatMap(({ run }) => run.steps.filter(({ id }) => id === step).map(({ state }) => state));
  return {
    doneCount: states.filter((state) => state !== 'todo').length,
    skippedCount: states.filter((state) => state === 'skipped').length,
    unknownCount: states.filter((state) => state === 'unknown').length,
    medianMs: median(logs.flatMap((log) => spentAt(step, log))),
  };
}

/** How long the run stood at a step each time before something was done at it. */
function spentAt(step: string, { run, events }: RunLog): readonly DurationMs[] {
  const spent: DurationMs[] = [];
  let sinceMs: UnixMs | undefined = run.runbook.steps[0]?.id === step ? run.startedMs : undefined;
  for (const { atMs, event } of events) {
    if (event.kind === 'went') sinceMs = event.to === step ? atMs : undefined;
    else if (sinceMs !== undefined && 'step' in event && event.step === step) {
      spent.push(atMs - sinceMs);
      sinceMs = undefined;
    }
  }
  return spent;
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : sorted.length === 0 ? undefined : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
