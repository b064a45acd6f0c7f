/** What is asked of the practice database, and how long it takes when all is well. */
import { Histogram } from 'prom-client';
import type { Span } from '@opentelemetry/api';
import type { Service } from './service.ts';
import { exemplarOf } from './telemetry.ts';

interface Statement {
  readonly sql: string;
  readonly workMs: number;
}

export const statements = {
  select_timeline: {
    sql: 'SELECT p.* FROM posts p JOIN follows f ON f.followee = p.author WHERE f.follower = $1 ORDER BY p.id DESC LIMIT 40',
    workMs: 600,
  },
  select_new_posts: { sql: 'SELECT count(*) FROM posts WHERE author = ANY($1) AND id > $2', workMs: 4 },
  select_author: { sql: 'SELECT name, avatar FROM users WHERE id = $1', workMs: 9 },
  insert_post: { sql: 'INSERT INTO posts (author, body, media) VALUES ($1, $2, $3) RETURNING id', workMs: 8 },
  insert_media: { sql: 'INSERT INTO media (owner, bytes, sha256) VALUES ($1, $2, $3)', workMs: 12 },
} as const satisfies Readonly<Record<string, Statement>>;
export type StatementName = keyof typeof statements;

/** The database, as another service sees it. */
export class Database {
  readonly #service: Service;
  readonly #took;

  constructor(service: Service) {
    this.#service = service;
    this.#took = new Histogram<string>({
      name: 'db_client_operation_duration_seconds',
      help: 'Time until the database answered',
      labelNames: ['db_operation_name'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      enableExemplars: true,
      registers: [service.telemetry.metrics],
    });
  }

  async query(name: StatementName, cause: Span): Promise<void> {
    const { sql } = statements[name];
    const [verb] = sql.split(' ', 1);
    const beganMs = this.#service.clock.monotonicMs();
    try {
      await this.#service.call('database', `/query?statement=${name}`, cause, {
        name: `${verb} ${name}`,
        attributes: { 'db.system.name': 'postgresql', 'db.operation.name': verb!, 'db.query.text': sql },
      });
    } finally {
      const value = (this.#service.clock.monotonicMs() - beganMs) / 1000;
      this.#took.observe({ labels: { db_operation_name: name }, value, exemplarLabels: exemplarOf(cause) });
    }
  }
}
