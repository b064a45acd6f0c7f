/**
 * Forwards the alerts of our rules to real Alertmanagers, as a Prometheus does: at once when one fires or ends, again each minute while
 * it fires, and its end for a quarter of an hour. Nothing is queued: the next minute's message holds all that a lost one held.
 */
import {
  labelsToRecord,
  messageOf,
  formatTime,
  type Alert,
  type Cancel,
  type Clock,
  type DurationMs,
  type Labels,
  type UnixMs,
} from '#core/model/index.ts';
import type { HttpSettings } from '#core/formats/index.ts';
import { post, resultOf, type Http, type ReadSecret } from './notify/http.ts';

export interface ForwardTarget {
  /** Where alerts are posted: it ends in /api/v2/alerts. */
  readonly url: string;
  readonly http: HttpSettings;
  readonly timeoutMs: DurationMs;
  /** What becomes of an alert's labels on the way there; undefined keeps the alert here. */
  readonly prepare: (labels: Labels) => Labels | undefined;
}

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly http: Http;
  readonly readSecret: ReadSecret;
  /** Those that there are now. */
  readonly targets: () => readonly ForwardTarget[];
  /** Where the source link of an alert leads. */
  readonly graphUrl: (alert: Alert) => string;
}

export interface ForwardState {
  readonly url: string;
  readonly sentCount: number;
  readonly failedCount: number;
  readonly lastError: string;
}

type Counted = { -readonly [K in keyof ForwardState]: ForwardState[K] };

const resendMs = 60_000;
/** A firing alert is valid for four resends, so that a few lost messages do not end it. */
const validMs = 4 * resendMs;
const endsToldForMs = 15 * 60_000;
/** Alerts of one evaluation go together. */
const gatherMs = 1000;
const alertsPerMessageMax = 256;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #alerts = new Map<string, { alert: Alert; dueMs: UnixMs }>();
  readonly #states = new Map<string, Counted>();
  #cancel: Cancel | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Of the targets that there are now. */
  get states(): readonly ForwardState[] {
    return this.#options.targets().map(({ url }) => this.#state(url));
  }

  /** Takes rules' alerts as they now are; pending ones stay here. */
  put(alerts: readonly Alert[]): void {
    if (this.#options.targets().length === 0) return;
    const nowMs = this.#options.clock.now();
    let news = false;
    for (const alert of alerts) {
      if (alert.firedAtMs === undefined || alert.state === 'pending') continue;
      const known = this.#alerts.get(alert.id);
      if (known === undefined && alert.state === 'resolved') continue;
      const changed = known?.alert.state !== alert.state;
      news ||= changed;
      this.#alerts.set(alert.id, { alert, dueMs: changed ? nowMs : known.dueMs });
    }
    if (news) this.#wake(gatherMs);
  }

  stop(): void {
    this.#cancel?.();
  }

  #wake(delayMs: number): void {
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(delayMs, () => this.#send());
  }

  #send(): void {
    const nowMs = this.#options.clock.now();
    const due: Alert[] = [];
    for (const [id, held] of this.#alerts) {
      const endedMs = held.alert.state === 'resolved' ? (held.alert.resolvedAtMs ?? nowMs) : undefined;
      if (endedMs !== undefined && nowMs - endedMs > endsToldForMs) this.#alerts.delete(id);
      else if (held.dueMs <= nowMs) {
        due.push(held.alert);
        held.dueMs = nowMs + resendMs;
      }
    }
    for (let i = 0; i < due.length; i += alertsPerMessageMax) this.#sendAll(due.slice(i, i + alertsPerMessageMax), nowMs);
    if (this.#alerts.size > 0) this.#wake(Math.max(gatherMs, Math.min(...[...this.#alerts.values()].map(({ dueMs }) => dueMs)) - nowMs));
  }

  #sendAll(alerts: readonly Alert[], nowMs: UnixMs): void {
    for (const target of this.#options.targets()) {
      const body = this.#bodyFor(target, alerts, nowMs);
      if (body.length > 0) void this.#sendOne(target, body, this.#state(target.url));
    }
  }

  #state(url: string): Counted {
    const known = this.#states.get(url);
    if (known !== undefined) return known;
    const state = { url, sentCount: 0, failedCount: 0, lastError: '' };
    this.#states.set(url, state);
    return state;
  }

  #bodyFor({ prepare }: ForwardTarget, alerts: readonly Alert[], nowMs: UnixMs): object[] {
    const { graphUrl } = this.#options;
    const prepared = alerts.map((alert) => ({ alert, labels: prepare(alert.labels) }));
    return prepared.flatMap(({ alert, labels }) =>
      labels === undefined || labels.length === 0
        ? []
        : [
            {
              labels: labelsToRecord(labels),
              annotations: labelsToRecord(alert.annotations),
              startsAt: formatTime(alert.firedAtMs!),
              endsAt: formatTime(alert.state === 'resolved' ? (alert.resolvedAtMs ?? nowMs) : nowMs + validMs),
              generatorURL: graphUrl(alert),
            },
          ],
    );
  }

  async #sendOne(target: ForwardTarget, body: readonly unknown[], counted: Counted): Promise<void> {
    try {
      const { url, http, timeoutMs } = target;
      const result = resultOf(await post(this.#options.http, this.#options.readSecret, http, { url, body, timeoutMs }));
      if (!result.ok) throw new Error(result.error);
      counted.sentCount += body.length;
      counted.lastError = '';
    } catch (error) {
      counted.failedCount += body.length;
      counted.lastError = messageOf(error);
    }
  }
}
