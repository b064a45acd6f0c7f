/** The cache: keys with a time to live, the least recently used dropped first; told of as an exporter for Redis does. */
import { Counter } from 'prom-client';
import type { Service } from './service.ts';

const keysMax = 20_000;
const livesMs = 600_000;
const stormEveryMs = 2_000;

export function runCache(service: Service, users: number): void {
  const held = new Map<string, number>();
  const registers = [service.telemetry.metrics];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const hits = counter('redis_keyspace_hits_total', 'Keys that were there');
  const misses = counter('redis_keyspace_misses_total', 'Keys that were not there');
  const evicted = counter('redis_evicted_keys_total', 'Keys dropped for want of room');
  const expired = counter('redis_expired_keys_total', 'Keys dropped for their age');
  const commands = new Counter({ name: 'redis_commands_total', help: 'Commands done', labelNames: ['cmd'], registers });
  service.telemetry.gauge('redis_db_keys', 'Keys held', () => [{ labels: {}, value: held.size }]);

  const put = (key: string, untilMs: number): void => {
    held.delete(key);
    held.set(key, untilMs);
    if (held.size <= keysMax) return;
    held.delete(held.keys().next().value!);
    evicted.inc();
  };
  // It comes back with what it held, as a cache with a dump does, the keys of all ages.
  for (let user = 0; user < users; user++) put(`timeline:${user}`, service.clock.monotonicMs() + (1 + service.random()) * livesMs);

  service.on('/get', async ({ query, span }) => {
    const key = query.get('key') ?? '';
    commands.inc({ cmd: 'get' });
    await service.work(0.5);
    const untilMs = held.get(key) ?? 0;
    const hit = untilMs > service.clock.monotonicMs();
    if (!hit && held.delete(key)) expired.inc();
    if (hit) put(key, untilMs);
    (hit ? hits : misses).inc();
    span.setAttribute('cache.hit', hit);
    return { hit };
  });
  service.on('/set', async ({ query }) => {
    commands.inc({ cmd: 'set' });
    await service.work(0.5);
    put(query.get('key') ?? '', service.clock.monotonicMs() + livesMs);
  });
  service.on('/push', async () => {
    commands.inc({ cmd: 'lpush' });
    await service.work(20);
  });
  const storm = (): void => {
    if (service.fault === 'cache-storm') {
      service.telemetry.log('warn', 'all keys dropped', undefined, { keys: held.size, cmd: 'flushall' });
      commands.inc({ cmd: 'flushall' });
      held.clear();
    }
    service.clock.after(stormEveryMs, storm);
  };
  storm();
}
