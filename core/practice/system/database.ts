/** The database: a pool of connections, and statements that hold one for as long as they take. */
import { Counter } from 'prom-client';
import { Refused, type Service } from './service.ts';
import { statements } from './statements.ts';
import type { Reading } from './telemetry.ts';

const connectionsMax = 30;
const waitMsMax = 2_000;
const slowMs = 250;
/** How long the report of the fault `pool-exhausted` keeps each connection. */
const reportMs = 15_000;

class Pool {
  readonly #service: Service;
  /** When each connection in use was taken, monotonic ms. */
  readonly #takenMs = new Set<{ readonly sinceMs: number }>();
  readonly #waiting: (() => void)[] = [];
  reports = 0;

  constructor(service: Service) {
    this.#service = service;
  }

  get inUse(): number {
    return this.#takenMs.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get longestMs(): number {
    const nowMs = this.#service.clock.monotonicMs();
    return Math.max(0, ...[...this.#takenMs].map(({ sinceMs }) => nowMs - sinceMs));
  }

  /** Runs `work` with a connection; throws Refused when none is free in time. */
  async with(work: () => Promise<void>): Promise<void> {
    if (this.#takenMs.size >= connectionsMax) await this.#turn();
    const taken = { sinceMs: this.#service.clock.monotonicMs() };
    this.#takenMs.add(taken);
    try {
      await work();
    } finally {
      this.#takenMs.delete(taken);
      this.#waiting.shift()?.();
    }
  }

  #turn(): Promise<void> {
    return new Promise((done, fail) => {
      const cancel = this.#service.clock.after(waitMsMax, () => {
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        fail(new Refused(503, `no connection within ${waitMsMax / 1000} s: ${this.inUse} of ${connectionsMax} in use, ${this.waiting} wait`));
      });
      const next = (): void => {
        cancel();
        done();
      };
      this.#waiting.push(next);
    });
  }
}

export function runDatabase(service: Service): void {
  const pool = new Pool(service);
  const ran = metrics(service, pool);
  service.on('/query', async ({ query, span }) => {
    const name = query.get('statement') ?? '';
    const statement = Object.hasOwn(statements, name) ? statements[name as keyof typeof statements] : undefined;
    if (statement === undefined) throw new Refused(400, `there is no statement ${name}`);
    span.setAttribute('db.query.text', statement.sql);
    if (pool.inUse >= connectionsMax) span.addEvent('waits for a connection', { 'pool.waiting': pool.waiting });
    await pool.with(() => service.work(statement.workMs + (service.fault === 'latency' ? slowMs : 0)));
    ran.inc({ statement: name });
  });
  const look = (): void => {
    while (service.fault === 'pool-exhausted' && pool.reports < connectionsMax) report(service, pool);
    service.clock.after(1_000, look);
  };
  look();
}

/** A connection of the yearly report, held for much too long. */
function report(service: Service, pool: Pool): void {
  pool.reports++;
  const held = pool.with(() => new Promise((done) => void service.clock.after(reportMs, done)));
  void held.catch(() => service.telemetry.log('warn', 'the report found no connection')).finally(() => pool.reports--);
}

function metrics({ telemetry }: Service, pool: Pool): Counter<'statement'> {
  const one = (value: number, labels = {}): Reading[] => [{ labels, value }];
  const active = { state: 'active' };
  telemetry.gauge('pg_settings_max_connections', 'Connections that may be open', () => one(connectionsMax));
  telemetry.gauge('pg_stat_activity_count', 'Connections by what they do', () => one(pool.inUse, active));
  telemetry.gauge('pg_stat_activity_max_tx_duration', 'Age of the oldest transaction in seconds', () => one(pool.longestMs / 1000, active));
  telemetry.gauge('db_client_connections_waiting', 'Queries that wait for a connection', () => one(pool.waiting));
  return new Counter({ name: 'db_statements_total', help: 'Statements done', labelNames: ['statement'], registers: [telemetry.metrics] });
}
