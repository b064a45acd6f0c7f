/** A practice system of plain data. */
import type { Handlers, PracticeView, SignalboxContract } from '#core/contract/index.ts';
import { faults, services } from '#core/practice/index.ts';

export function practiceAnswers(): Pick<Handlers<SignalboxContract>, Extract<keyof SignalboxContract, `practice.${string}`>> {
  let state = { running: false, users: 0, fault: '' };
  let tell = (): void => undefined;
  const set = (change: Partial<typeof state>): null => {
    state = { ...state, ...change };
    tell();
    return null;
  };
  const view = (): PracticeView => ({ available: true, ...state, services: services.map((name) => ({ name, up: true })), faults, restarts: 0 });
  return {
    'practice.watch': (_input, emit) => {
      tell = () => emit(view());
      tell();
      return () => undefined;
    },
    'practice.start': ({ users }) => set({ running: true, users: users ?? 1_000 }),
    'practice.stop': () => set({ running: false }),
    'practice.fault': ({ name }) => set({ fault: name }),
  };
}
