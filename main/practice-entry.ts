/** A process of the practice system; which one, the shell says. It may be killed at any time. */
import type { FromService, ToService } from '#core/practice/index.ts';
import { runService, type RunningService } from '#core/practice/system/index.ts';
import { systemClock } from './clock.ts';
import { parentOf } from './engine/parent.ts';

const parent = parentOf<ToService, FromService>();
let running: Promise<RunningService> | undefined;

parent.onMessage((message) => {
  if (message.k !== 'begin') return void running?.then((service) => service.take(message));
  running = runService(message, systemClock, Math.random);
  void running.then(({ port }) => parent.post({ k: 'up', port }));
});
parent.onGone(() => process.exit(0));
parent.post({ k: 'ready' });
