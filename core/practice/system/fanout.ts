/** Fan-out: a queue of posts in partitions, and workers that put each into the timelines of those who follow its author. */
import { ROOT_CONTEXT, SpanKind, type Span } from '@opentelemetry/api';
import type { Service } from './service.ts';
import { failed, type Reading } from './telemetry.ts';

const partitions = 4;
/** Followers served by one call. */
const batchFollowers = 500;
/** One worker serves some 25,000 followers a second. */
const celebrityFollowers = 250_000;
const celebrityEveryMs = 5_000;
const celebrity = '7';

interface Post {
  readonly author: string;
  left: number;
  readonly queuedMs: number;
  readonly cause: Span;
}

/** One partition and its worker. Offsets count deliveries. */
class Partition {
  readonly #service: Service;
  readonly #posts: Post[] = [];
  readonly #name: string;
  written = 0;
  read = 0;
  #busy = false;

  constructor(service: Service, name: string) {
    this.#service = service;
    this.#name = name;
  }

  get oldestMs(): number {
    const first = this.#posts[0];
    return first === undefined ? 0 : this.#service.clock.monotonicMs() - first.queuedMs;
  }

  add(post: Post): void {
    this.#posts.push(post);
    this.written += post.left;
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let post = this.#posts[0]; post !== undefined; post = this.#posts[0]) {
      await this.#deliver(post);
      this.#posts.shift();
    }
    this.#busy = false;
  }

  async #deliver(post: Post): Promise<void> {
    const { telemetry } = this.#service;
    const span = telemetry.linked('process posts', post.cause, {
      'messaging.system': 'kafka',
      'messaging.destination.name': 'posts',
      'messaging.destination.partition.id': this.#name,
      'app.author': post.author,
      'app.followers': post.left,
    });
    while (post.left > 0) {
      const count = Math.min(batchFollowers, post.left);
      try {
        await this.#service.call('cache', `/push?count=${count}`, span);
      } catch (error) {
        failed(span, error);
        telemetry.log('error', 'a batch of followers was left out', span, { author: post.author, count });
      }
      post.left -= count;
      this.read += count;
    }
    span.end();
  }
}

export function runFanout(service: Service): void {
  const queue = Array.from({ length: partitions }, (_, i) => new Partition(service, String(i)));
  metrics(service, queue);
  const add = (author: string, followers: number, cause: Span): void =>
    queue[Number(author) % partitions]!.add({ author, left: followers, queuedMs: service.clock.monotonicMs(), cause });
  service.on('/enqueue', async ({ query, span }) => {
    // Few have many followers: Pareto, at least 20.
    const followers = Math.min(20_000, Math.round(20 / (1 - service.random()) ** 0.8));
    add(query.get('author') ?? '0', followers, span);
    await service.work(1);
  });
  const posts = (): void => {
    if (service.fault === 'celebrity') {
      const span = service.telemetry.span('publish', SpanKind.PRODUCER, ROOT_CONTEXT, { 'app.author': celebrity });
      add(celebrity, celebrityFollowers, span);
      service.telemetry.log('info', 'post taken', span, { author: celebrity, followers: celebrityFollowers });
      span.end();
    }
    service.clock.after(celebrityEveryMs, posts);
  };
  posts();
}

function metrics({ telemetry }: Service, queue: readonly Partition[]): void {
  const consumergroup = 'fanout';
  const topic = 'posts';
  const gauge = (name: string, help: string, labels: Reading['labels'], value: (partition: Partition) => number): void =>
    telemetry.gauge(name, help, () => queue.map((one, i) => ({ labels: { ...labels, partition: String(i) }, value: value(one) })));
  gauge('kafka_topic_partition_current_offset', 'Deliveries asked for', { topic }, ({ written }) => written);
  gauge('kafka_consumergroup_current_offset', 'Deliveries done', { consumergroup, topic }, ({ read }) => read);
  gauge('kafka_consumergroup_lag', 'Deliveries that wait', { consumergroup, topic }, ({ written, read }) => written - read);
  gauge('queue_oldest_message_age_seconds', 'Age of the post that has waited longest', { consumergroup, topic }, ({ oldestMs }) => oldestMs / 1000);
  telemetry.gauge('kafka_consumergroup_members', 'Workers', () => [{ labels: { consumergroup }, value: queue.length }]);
}
