import { join } from 'node:path';
import { labelsFromRecord, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import { evaluateInstant, memorySource, samplesOf } from '#core/promql/index.ts';
import { createRunbooks } from '#core/runbooks/index.ts';
import { describe, expect, test } from 'vitest';
import { desk } from './desk.ts';

const shipped = join(import.meta.dirname, '../../../runbooks');
const minuteMs = 60_000;
const scrapeMs = 15_000;
type Named = Readonly<Record<string, string>>;
/** A value at so many minutes before (negative) or after the page. */
type Over = (minute: number) => number;

/** Two hours and a half of scraped series around a page. */
class World {
  readonly series: SeriesColumns[] = [];
  readonly #times: Float64Array;
  readonly #pageMs: UnixMs;

  constructor(pageMs: UnixMs) {
    this.#pageMs = pageMs;
    this.#times = Float64Array.from({ length: 600 }, (_, i) => pageMs - 120 * minuteMs + i * scrapeMs);
  }

  gauge(name: string, labels: Named, value: Over): this {
    const values = this.#times.map((timeMs) => value((timeMs - this.#pageMs) / minuteMs));
    this.series.push({ labels: labelsFromRecord({ __name__: name, ...labels }), timesMs: this.#times, values });
    return this;
  }

  counter(name: string, labels: Named, perSecond: Over): this {
    let total = 0;
    return this.gauge(name, labels, (minute) => (total += (perSecond(minute) * scrapeMs) / 1000));
  }

  /** A classic histogram of ten observations a second, all of about that many seconds. */
  histogram(name: string, labels: Named, seconds: Over): this {
    for (const le of ['0.01', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf']) {
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      this.counter(name, { ...labels, le }, (minute) => (seconds(minute) <= bound ? 10 : 0));
    }
    return this;
  }
}

const from =
  (start: number, before: number, after: number): Over =>
  (minute) =>
    minute < start ? before : after;
const between =
  (start: number, end: number, usual: number, then: number): Over =>
  (minute) =>
    minute >= start && minute < end ? then : usual;

/** Two instances of a service with `errors` of 5xx (0..1), `traffic` a second, started `age` minutes before the page. */
function service(world: World, errors: readonly [Over, Over], traffic: Over = () => 50, ageMinutes = 600, pageMs = 0): World {
  ['a:1', 'b:1'].forEach((instance, i) => {
    world
      .counter('http_requests_total', { job: 'api', instance, code: '200' }, (minute) => traffic(minute) * (1 - errors[i]!(minute)))
      .counter('http_requests_total', { job: 'api', instance, code: '500' }, (minute) => traffic(minute) * errors[i]!(minute))
      .counter('http_requests_total', { job: 'other', instance: 'z:1', code: '500' }, () => 50)
      .gauge('up', { job: 'api', instance }, () => 1)
      .gauge('process_start_time_seconds', { job: 'api', instance }, () => pageMs / 1000 - ageMinutes * 60);
  });
  return world;
}

function cache(world: World, hitRate: Over, leaving: Over): World {
  return world
    .counter('redis_keyspace_hits_total', { job: 'redis' }, (minute) => 1000 * hitRate(minute))
    .counter('redis_keyspace_misses_total', { job: 'redis' }, (minute) => 1000 * (1 - hitRate(minute)))
    .counter('redis_evicted_keys_total', { job: 'redis' }, () => 1)
    .counter('redis_expired_keys_total', { job: 'redis' }, () => 5)
    .counter('redis_commands_total', { job: 'redis', cmd: 'del' }, leaving);
}

function latencies(world: World, database: Over, callee: Over, own: Over): World {
  return world
    .histogram('db_client_operation_duration_seconds_bucket', { job: 'timeline' }, database)
    .histogram('http_client_request_duration_seconds_bucket', { job: 'timeline', server_address: 'users' }, () => 0.02)
    .histogram('http_client_request_duration_seconds_bucket', { job: 'timeline', server_address: 'fanout' }, callee)
    .histogram('http_server_request_duration_seconds_bucket', { job: 'timeline' }, own);
}

/** Four partitions; `made` and `read` messages a second each, the first partition `hot` times busier. */
function queue(world: World, made: Over, read: Over, hot: number, members: Over): World {
  for (const partition of ['0', '1', '2', '3']) {
    const factor = partition === '0' ? hot : 1;
    let lag = 0;
    world
      .counter('kafka_topic_partition_current_offset', { topic: 'posts', partition }, (minute) => made(minute) * factor)
      .counter('kafka_consumergroup_current_offset', { topic: 'posts', consumergroup: 'fanout', partition }, read)
      .gauge('kafka_consumergroup_lag', { topic: 'posts', consumergroup: 'fanout', partition }, (minute) => {
        lag = Math.max(0, lag + ((made(minute) * factor - read(minute)) * scrapeMs) / 1000);
        return lag;
      });
  }
  return world.gauge('kafka_consumergroup_members', { consumergroup: 'fanout' }, members);
}

function database(world: World, used: Over, idle: Over, longestSeconds: Over): World {
  return world
    .gauge('pg_stat_activity_count', { instance: 'db:1', datname: 'app', state: 'active' }, (minute) => used(minute) - idle(minute))
    .gauge('pg_stat_activity_count', { instance: 'db:1', datname: 'app', state: 'idle in transaction' }, idle)
    .gauge('pg_settings_max_connections', { instance: 'db:1' }, () => 100)
    .gauge('pg_stat_activity_max_tx_duration', { instance: 'db:1', state: 'active' }, longestSeconds);
}

const calm: Over = () => 0;
const pageMs = Date.UTC(2026, 0, 5, 3, 0, 0);
const never = 600;

interface Scenario {
  readonly runbook: string;
  readonly name: string;
  readonly labels: Named;
  readonly build: (world: World) => World;
  /** Title and state of each step in the order walked; a step ticked by hand takes eight minutes. */
  readonly path: readonly string[];
}

const scenarios: readonly Scenario[] = [
  {
    runbook: 'http-error-rate',
    name: 'a release breaks every instance; rolled back',
    labels: { job: 'api' },
    build: (world) => service(world, [between(-10, 1, 0, 0.2), between(-10, 1, 0, 0.2)], () => 50, 12, pageMs),
    path: [
      'Do users still get errors? fail',
      'Are all instances there? pass',
      'Is every instance hit? pass',
      'Was anything released? fail',
      'Mitigate done',
      'Is it over? pass',
    ],
  },
  {
    runbook: 'http-error-rate',
    name: 'one instance is ill',
    labels: { job: 'api' },
    build: (world) => service(world, [between(-10, 1, 0, 0.5), calm], () => 50, never, pageMs),
    path: [
      'Do users still get errors? fail',
      'Are all instances there? pass',
      'Is every instance hit? fail',
      'Replace what is ill done',
      'Is it over? pass',
    ],
  },
  {
    runbook: 'http-error-rate',
    name: 'one instance is gone',
    labels: { job: 'api' },
    build: (world) => service(world, [between(-10, 1, 0, 0.5), calm], () => 50, never, pageMs).gauge('up', { job: 'api', instance: 'c:1' }, () => 0),
    path: ['Do users still get errors? fail', 'Are all instances there? fail', 'Replace what is ill done', 'Is it over? pass'],
  },
  {
    runbook: 'http-error-rate',
    name: 'three times the traffic',
    labels: { job: 'api' },
    build: (world) => service(world, [between(-10, 1, 0, 0.1), between(-10, 1, 0, 0.1)], from(-10, 50, 150), never, pageMs),
    path: [
      'Do users still get errors? fail',
      'Are all instances there? pass',
      'Is every instance hit? pass',
      'Was anything released? pass',
      'Is there more traffic than usual? fail',
      'Mitigate done',
      'Is it over? pass',
    ],
  },
  {
    runbook: 'http-error-rate',
    name: 'the first mitigation does not help',
    labels: { job: 'api', service: '' },
    build: (world) => service(world, [between(-10, 10, 0, 0.2), between(-10, 10, 0, 0.2)], () => 50, 12, pageMs),
    path: [
      'Do users still get errors? fail',
      'Are all instances there? pass',
      'Is every instance hit? pass',
      'Was anything released? fail',
      'Mitigate done',
      'Is it over? fail',
      'Mitigate done',
      'Is it over? pass',
    ],
  },
  {
    runbook: 'http-error-rate',
    name: 'it is over already, with no 5xx ever seen',
    labels: { job: 'quiet' },
    build: (world) => world.counter('http_requests_total', { job: 'quiet', code: '200' }, () => 50),
    path: ['Do users still get errors? pass', 'Is it over? pass'],
  },
  {
    runbook: 'latency-spike',
    name: 'a storm of invalidations',
    labels: { job: 'timeline' },
    build: (world) =>
      latencies(
        cache(world, between(-10, 1, 0.97, 0.4), between(-10, 1, 10, 500)),
        () => 0.02,
        () => 0.02,
        between(-10, 1, 0.02, 2),
      ),
    path: ['Does the cache still answer? fail', 'Is something emptying the cache? fail', 'Stop the storm done', 'Is latency back? pass'],
  },
  {
    runbook: 'latency-spike',
    name: 'the database is slow',
    labels: { job: 'timeline' },
    build: (world) =>
      latencies(
        cache(
          world,
          () => 0.97,
          () => 10,
        ),
        between(-10, 1, 0.02, 0.2),
        () => 0.02,
        between(-10, 1, 0.02, 2),
      ),
    path: ['Does the cache still answer? pass', 'Is the database slow? fail', 'Relieve the database done', 'Is latency back? pass'],
  },
  {
    runbook: 'latency-spike',
    name: 'a callee is slow, and stays so for a while',
    labels: { job: 'timeline' },
    build: (world) =>
      latencies(
        cache(
          world,
          () => 0.97,
          () => 10,
        ),
        () => 0.02,
        from(-10, 0.02, 2),
        from(-10, 0.02, 2),
      ),
    path: [
      'Does the cache still answer? pass',
      'Is the database slow? pass',
      'Is a downstream service slow? fail',
      'Is latency back? fail',
      'Does the cache still answer? pass',
      'Is the database slow? pass',
      'Is a downstream service slow? fail',
      'Is latency back? fail',
    ],
  },
  {
    runbook: 'queue-backlog',
    name: 'the consumers are gone',
    labels: { consumergroup: 'fanout', topic: 'posts' },
    build: (world) => queue(world, () => 100, between(-10, 2, 100, 0), 1, between(-10, 2, 8, 0)),
    path: [
      'Does it still grow? fail',
      'Do the consumers run? fail',
      'Add workers done',
      'How long until it is empty? fail',
      'Add workers done',
      'How long until it is empty? fail',
    ],
  },
  {
    runbook: 'queue-backlog',
    name: 'a celebrity posts; the limit lets it drain',
    labels: { consumergroup: 'fanout', topic: 'posts' },
    build: (world) =>
      queue(
        world,
        (minute) => (minute < -10 ? 25 : minute < 1 ? 100 : 10),
        () => 100,
        20,
        () => 8,
      ),
    path: [
      'Does it still grow? fail',
      'Do the consumers run? pass',
      'Does one key or account fill it? fail',
      'Limit the fan-out done',
      'How long until it is empty? fail',
    ],
  },
  {
    runbook: 'queue-backlog',
    name: 'it drains by itself',
    labels: { consumergroup: 'fanout', topic: 'posts' },
    build: (world) =>
      queue(
        world,
        between(-30, -10, 50, 300),
        () => 200,
        1,
        () => 8,
      ),
    path: ['Does it still grow? pass', 'How long until it is empty? pass'],
  },
  {
    runbook: 'connection-exhaustion',
    name: 'sessions leak until somebody ends them',
    labels: { instance: 'db:1' },
    build: (world) => database(world, between(-10, 1, 40, 95), between(-10, 1, 1, 60), () => 2),
    path: ['How full is it? fail', 'Do sessions leak? fail', 'End what blocks done', 'How full is it? pass', 'Watch the pools done'],
  },
  {
    runbook: 'connection-exhaustion',
    name: 'one statement runs for an hour',
    labels: { instance: 'db:1' },
    build: (world) => database(world, between(-10, 1, 40, 95), () => 1, between(-10, 1, 2, 3600)),
    path: [
      'How full is it? fail',
      'Do sessions leak? pass',
      'Does one statement run for very long? fail',
      'End what blocks done',
      'How full is it? pass',
      'Watch the pools done',
    ],
  },
  {
    runbook: 'connection-exhaustion',
    name: 'there are simply too many clients',
    labels: {},
    build: (world) =>
      database(
        world,
        from(-10, 40, 95),
        () => 1,
        () => 2,
      ),
    path: ['How full is it? fail', 'Do sessions leak? pass', 'Does one statement run for very long? pass', 'Make room done', 'Watch the pools done'],
  },
  {
    runbook: 'first-five-minutes',
    name: 'one target does not answer',
    labels: {},
    build: (world) => world.gauge('up', { job: 'a' }, () => 1).gauge('up', { job: 'b' }, () => 0),
    path: ['Who is hurt? done', 'Is it everywhere? fail', 'Since when? done', 'Tell people done', 'Mitigate first done'],
  },
  {
    runbook: 'first-five-minutes',
    name: 'all targets answer',
    labels: {},
    build: (world) => world.gauge('up', { job: 'a' }, () => 1),
    path: ['Who is hurt? done', 'Is it everywhere? pass', 'Since when? done', 'Tell people done', 'Mitigate first done'],
  },
];

describe('walked on data, with PromQL as it is', () => {
  test.each(scenarios)('$runbook: $name', async ({ runbook, labels, build, path }) => {
    const d = desk({});
    d.clock.jump(pageMs - d.clock.now());
    const source = memorySource(build(new World(pageMs)).series);
    const runbooks = createRunbooks({
      folders: [shipped],
      db: d.db,
      clock: d.clock,
      query: async (expr, timeMs) => ({ samples: samplesOf(await evaluateInstant(source, expr, timeMs)) }),
    });
    let run = runbooks.start({ runbook, labels: labelsFromRecord(labels), by: 'Ada' });
    const walked: string[] = [];
    while (run.current !== undefined && walked.length < path.length) {
      const step = run.runbook.steps.find(({ id }) => id === run.current)!;
      if (step.check === undefined) await d.clock.advance(8 * minuteMs);
      run = step.check === undefined ? runbooks.tick(run.id, step.id, '', 'Ada') : await runbooks.check(run.id, step.id, 'Ada');
      const after = run.steps.find(({ id }) => id === step.id)!;
      walked.push(`${step.title} ${after.state}${after.state === 'unknown' ? `: ${after.evidence!.sentence}` : ''}`);
      if (after.state === 'unknown') break;
    }
    expect(walked).toEqual(path);
  });
});
