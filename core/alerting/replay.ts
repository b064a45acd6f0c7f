/** Who would have been told of alerts of the past, and when: the alerting half itself, on a clock that runs as fast as it can. */
import { EngineError, type Alert, type Cancel, type Clock, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { closeDb, openDb } from '#core/db/index.ts';
import type { AlertmanagerConfig } from '#core/formats/index.ts';
import { createAlerting, type Alerting } from './alerting.ts';
import type { Notification, NotifyReason } from './notification.ts';

/** Alerts as rules handed them on at a time. */
export interface ToldAlerts {
  readonly timeMs: UnixMs;
  readonly alerts: readonly Alert[];
}

/** One notification that would have gone out. */
export interface Page {
  readonly atMs: UnixMs;
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly reason: NotifyReason;
  readonly groupLabels: Labels;
  readonly alerts: readonly { readonly status: 'firing' | 'resolved'; readonly labels: Labels }[];
}

export interface ReplayOptions {
  readonly config: AlertmanagerConfig;
  /** In order of time. */
  readonly told: readonly ToldAlerts[];
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  readonly breathe?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Steps between two breaths. */
const breathEvery = 200;

/** What would have been told in [startMs, endMs]; alerts from before count as they stood. Throws EngineError `cancelled`. */
export async function replayPages(options: ReplayOptions): Promise<Page[]> {
  const { config, told, startMs, endMs } = options;
  const db = openDb(':memory:', 'journal');
  const clock = new RunningClock(Math.min(startMs, told[0]?.timeMs ?? startMs));
  const pages: Page[] = [];
  const alerting = createAlerting({
    db,
    clock,
    random: () => 0.5,
    config,
    send: () => Promise.resolve({ ok: true }),
    onNotify: (notification) => void (notification.atMs >= startMs && pages.push(pageOf(notification))),
  });
  try {
    for (const { timeMs, alerts } of told) {
      await runTo(clock, alerting, Math.min(timeMs, endMs), options);
      if (timeMs > endMs) break;
      alerting.put(alerts);
    }
    await runTo(clock, alerting, endMs, options);
  } finally {
    alerting.stop();
    closeDb(db);
  }
  return pages;
}

async function runTo(clock: RunningClock, alerting: Alerting, untilMs: UnixMs, { signal, breathe }: ReplayOptions): Promise<void> {
  await delivered(alerting);
  for (let step = 1; clock.stepTo(untilMs); step++) {
    await delivered(alerting);
    if (step % breathEvery === 0) await breathe?.();
    if (signal?.aborted === true) throw new EngineError('cancelled', 'the replay was cancelled');
  }
}

/** Every send succeeds at once; its outcome is a turn or two of promises away, and then a timer that is due. */
async function delivered(alerting: Alerting): Promise<void> {
  for (let turn = 0; turn < 3 && alerting.undeliveredCount > 0; turn++) await Promise.resolve();
}

function pageOf({ atMs, receiver, status, reason, groupLabels, alerts }: Notification): Page {
  return { atMs, receiver, status, reason, groupLabels, alerts: alerts.map(({ status: at, labels }) => ({ status: at, labels })) };
}

/** A clock that jumps from timer to timer. */
class RunningClock implements Clock {
  readonly #startMs: UnixMs;
  #nowMs: UnixMs;
  /** In order of time; those of one time in the order in which they were set. */
  readonly #timers: { readonly atMs: UnixMs; readonly act: () => void }[] = [];

  constructor(startMs: UnixMs) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  now(): UnixMs {
    return this.#nowMs;
  }

  monotonicMs(): DurationMs {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: DurationMs, act: () => void): Cancel {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), act };
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.atMs > timer.atMs) at--;
    this.#timers.splice(at, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Runs the next timer that is due by `untilMs`; without one, goes there and gives false. */
  stepTo(untilMs: UnixMs): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.atMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#timers.shift();
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.act();
    return true;
  }
}
