/** A small system of real processes to watch and to break: its plan, and how it is watched. What runs in its processes is `system/`. */
export { faults, practiceStopped, services, usersDefault, usersMost } from './plan.ts';
export type { Fault, FromService, Ports, PracticeState, PracticeWish, Receivers, ServiceName, ToService } from './plan.ts';
export { practiceRules, practiceScrapes, practiceSlos, practiceUsersAffected } from './watch.ts';
