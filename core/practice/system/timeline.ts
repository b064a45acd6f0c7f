/** The timeline: what a user sees, put together from cache and database; and where a post is taken. */
import type { Span } from '@opentelemetry/api';
import type { Service } from './service.ts';
import { Database } from './statements.ts';

/** The release that asks for the author of every post by itself. */
const badVersion = '1.5.0';
/** It was released to some of the users first. */
const badShare = 0.12;
const postsShown = 40;
const leakBytes = 512 << 10;
/** What the machine's owner allows the process; beyond it the system ends it. */
const memoryBytesMax = 420 << 20;

export function runTimeline(service: Service, version: string): void {
  const database = new Database(service);
  const kept: Buffer[] = [];
  service.on('/home', async ({ query, span }) => {
    const user = query.get('user') ?? '';
    if (service.fault === 'leak') leak(service, kept);
    if (service.fault === 'errors' && service.chance(0.3)) rank([]);
    const { hit } = await service.call<{ hit: boolean }>('cache', `/get?key=timeline:${user}`, span);
    if (hit) await database.query('select_new_posts', span);
    else await readThrough(service, database, user, span);
    if (version === badVersion && service.chance(badShare)) for (let post = 0; post < postsShown; post++) await database.query('select_author', span);
    await service.work(2);
    return { posts: postsShown };
  });
  service.on('/publish', async ({ query, span }) => {
    await database.query('insert_post', span);
    await service.call('fanout', `/enqueue?author=${query.get('user')}`, span);
  });
}

async function readThrough(service: Service, database: Database, user: string, span: Span): Promise<void> {
  service.telemetry.log('debug', 'timeline not in the cache', span, { user });
  await database.query('select_timeline', span);
  await service.call('cache', `/set?key=timeline:${user}`, span);
}

function rank(scores: readonly number[]): number {
  const best = scores[0];
  if (best === undefined) throw new Error('the ranking model returned no scores');
  return best;
}

function leak(service: Service, kept: Buffer[]): void {
  kept.push(Buffer.alloc(leakBytes, 1));
  if (process.memoryUsage.rss() < memoryBytesMax) return;
  service.telemetry.log('error', 'out of memory', undefined, { rss: process.memoryUsage.rss() });
  process.exit(137);
}
