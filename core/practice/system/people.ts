/** The people who use the practice system, one loop each: they look, wait a while, now and then post or upload. */
import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { Counter } from 'prom-client';
import type { Service } from './service.ts';

/** Mean pause of a person between two acts. */
const thinkMs = 12_000;
/** They come one after the other. */
const arriveMs = 15_000;
/** A person who got an error, or waited for longer than this, within the last minute is affected. */
const patienceMs = 1_000;
const affectedMs = 60_000;

export function runPeople(service: Service, users: number): void {
  const badMs = new Map<number, number>();
  const registers = [service.telemetry.metrics];
  let here = 0;
  const acts = new Counter({ name: 'user_actions_total', help: 'What users did, and how it went', labelNames: ['action', 'outcome'], registers });
  const affected = (): number => {
    const sinceMs = service.clock.monotonicMs() - affectedMs;
    for (const [user, timeMs] of badMs) if (timeMs < sinceMs) badMs.delete(user);
    return badMs.size;
  };
  service.telemetry.gauge('users_active', 'Users who are here', () => [{ labels: {}, value: here }]);
  service.telemetry.gauge('users_affected', 'Users with an error or a wait of more than a second within the last minute', () => [
    { labels: {}, value: affected() },
  ]);
  const act = async (user: number): Promise<void> => {
    const dice = service.random();
    const action = dice < 0.82 ? 'timeline' : dice < 0.94 ? 'post' : 'media';
    const span = service.telemetry.span(action, SpanKind.INTERNAL, ROOT_CONTEXT, { 'enduser.id': String(user) });
    const beganMs = service.clock.monotonicMs();
    let outcome = 'ok';
    try {
      await service.call('gateway', `/${action}?user=${user}`, span);
    } catch {
      outcome = 'error'; // counted, and told of by the span of the call
    }
    const nowMs = service.clock.monotonicMs();
    if (outcome === 'ok' && nowMs - beganMs > patienceMs) outcome = 'slow';
    if (outcome !== 'ok') badMs.set(user, nowMs);
    acts.inc({ action, outcome });
    span.end();
  };
  const live = async (user: number): Promise<void> => {
    here++;
    for (;;) {
      await new Promise<void>((done) => void service.clock.after(-thinkMs * Math.log(1 - service.random()), done));
      await act(user);
    }
  };
  // Nobody comes before the doors are open.
  const open = (): void => {
    if (!service.knows('gateway') || !service.knows('timeline') || !service.knows('database')) return void service.clock.after(500, open);
    for (let user = 0; user < users; user++) service.clock.after((user / users) * arriveMs, () => void live(user));
  };
  open();
}
