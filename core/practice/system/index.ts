/** What runs in a process of the practice system. Apart from the plan, so that the engine loads none of its libraries. */
export { runService } from './run.ts';
export type { RunningService } from './run.ts';
