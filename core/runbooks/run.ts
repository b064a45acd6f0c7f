/**
 * A run is the fold of its events. A step's state comes from what was done at it (`checked`, `ticked`, `skipped`); where the
 * run stands comes from `went` and `finished` alone, so an old run reads the same whatever later versions decide on branches.
 */
import type { Runbook, RunbookEvent, RunbookRun, RunbookStep, RunStep, UnixMs } from '#core/model/index.ts';

export interface LoggedRunEvent {
  readonly atMs: UnixMs;
  readonly by: string;
  readonly event: RunbookEvent;
}

export interface RunHead {
  readonly id: string;
  readonly incident: number | undefined;
  readonly runbook: Runbook;
  readonly startedMs: UnixMs;
}

/** The run as it stands after `events`, the oldest first. */
export function foldRun(head: RunHead, events: readonly LoggedRunEvent[]): RunbookRun {
  const steps = new Map<string, RunStep>(
    head.runbook.steps.map(({ id }) => [id, { id, state: 'todo', atMs: undefined, by: '', note: '', evidence: undefined }]),
  );
  let run: RunbookRun = { ...head, params: [], finishedMs: undefined, current: head.runbook.steps[0]?.id, steps: [] };
  for (const { atMs, by, event } of events) {
    if (event.kind === 'started') run = { ...run, params: event.params };
    else if (event.kind === 'went') run = { ...run, current: event.to, finishedMs: undefined };
    else if (event.kind === 'finished') run = { ...run, current: undefined, finishedMs: atMs };
    else {
      const before = steps.get(event.step);
      if (before !== undefined) steps.set(event.step, { ...before, ...stepAfter(event, before), atMs, by });
    }
  }
  return { ...run, steps: [...steps.values()] };
}

type StepEvent = Extract<RunbookEvent, { step: string }>;

function stepAfter(event: StepEvent, before: RunStep): Pick<RunStep, 'state' | 'note' | 'evidence'> {
  switch (event.kind) {
    case 'checked':
      return { state: event.state, note: before.note, evidence: event.evidence };
    case 'ticked':
      return { state: event.answer ?? 'done', note: event.note, evidence: before.evidence };
    case 'skipped':
      return { state: 'skipped', note: event.why, evidence: before.evidence };
  }
}

/**
 * Where the run goes from `step` after this outcome: the branch that the runbook names, else the next step. Events, because
 * they are what is recorded; the reason of `went` is empty when it is only the next step.
 */
export function leave(runbook: Runbook, step: RunbookStep, outcome: 'pass' | 'fail' | 'done', why: string): RunbookEvent {
  const branch = outcome === 'fail' ? step.onFail : step.onPass;
  const at = runbook.steps.findIndex((other) => other.id === step.id);
  const to = branch === undefined ? runbook.steps[at + 1] : runbook.steps.find(({ id }) => id === branch);
  if (to === undefined) return { kind: 'finished' };
  return { kind: 'went', from: step.id, to: to.id, title: to.title, why: branch === undefined ? '' : why };
}
