import type { RunbookStep, StepState } from '#core/model/index.ts';
import { IconBad, IconCheck, IconCurrent, IconOk, IconSkip, IconTodo, IconUnknown } from '../../ui/icons.ts';
import type { Picture, Tone } from '../../ui/tone.ts';

export interface StepLook {
  readonly tone: Tone;
  readonly icon: Picture;
  readonly word: string;
}

/** How a step's state is shown; the step to do now stands out. */
export function stepLook(state: StepState, current: boolean): StepLook {
  switch (state) {
    case 'pass':
      return { tone: 'ok', icon: IconOk, word: 'Passed' };
    case 'fail':
      return { tone: 'bad', icon: IconBad, word: 'Failed' };
    case 'unknown':
      return { tone: 'warn', icon: IconUnknown, word: 'Unknown' };
    case 'done':
      return { tone: 'ok', icon: IconCheck, word: 'Done' };
    case 'skipped':
      return { tone: 'quiet', icon: IconSkip, word: 'Skipped' };
    case 'todo':
      return current ? { tone: 'info', icon: IconCurrent, word: 'Now' } : { tone: 'quiet', icon: IconTodo, word: 'To do' };
  }
}

/** What the person is asked at a step: nothing but to do it, or a verdict too. */
export function asksVerdict(step: RunbookStep, state: StepState): boolean {
  return state === 'unknown' || (step.check === undefined && step.onFail !== undefined);
}

/** A branch as words: the title of the step that it leads to. */
export function branchTitle(target: string | undefined, steps: readonly RunbookStep[]): string | undefined {
  if (target === undefined) return undefined;
  return target === 'end' ? 'the end' : steps.find((step) => step.id === target)?.title;
}
