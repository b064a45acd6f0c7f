import { join } from 'node:path';
import { createAlerting, createSender, Templates, type Alerting, type Http } from '#core/alerting/index.ts';
import { closeDb, openDb } from '#core/db/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { ManualClock } from '../../../support/clock.ts';
import type { Delivery, Step, Texts, Timetable, WebhookBody } from './timetable.ts';

/** Runs a timetable on our alerting half, its own webhook sender and a manual clock, with its journal in `folder`. */
export async function runOurs(timetable: Timetable, folder: string): Promise<Delivery[]> {
  const path = join(folder, 'journal.sqlite');
  const clock = new ManualClock(timetable.startMs);
  const run = new OurRun(timetable, clock, path);
  for (const step of timetable.steps) {
    await clock.advance(timetable.startMs + step.atMs - clock.now());
    await run.take(step);
    await clock.advance(0);
  }
  await clock.advance(timetable.startMs + timetable.untilMs - clock.now());
  run.close();
  return run.deliveries;
}

class OurRun {
  readonly deliveries: Delivery[] = [];
  readonly #timetable: Timetable;
  readonly #clock: ManualClock;
  readonly #path: string;
  readonly #refusing = new Set<string>();
  readonly #labels = new Map<string, Texts>();
  readonly #silences = new Map<string, string>();
  #alerting: Alerting;

  constructor(timetable: Timetable, clock: ManualClock, path: string) {
    this.#timetable = timetable;
    this.#clock = clock;
    this.#path = path;
    this.#alerting = this.#open();
  }

  async take(step: Step): Promise<void> {
    const nowMs = this.#clock.now();
    switch (step.verb) {
      case 'fire':
        this.#labels.set(step.name, step.labels);
        return this.#post(step.labels, nowMs, step.forMs === undefined ? undefined : nowMs + step.forMs, step.annotations);
      case 'resolve':
        return this.#post(this.#labels.get(step.name)!, undefined, nowMs);
      case 'silence': {
        const request = { matchers: step.matchers, startsMs: nowMs, endsMs: nowMs + step.forMs, createdBy: 'timetable', comment: step.name };
        this.#silences.set(step.name, this.#alerting.setSilence(request).id);
        return;
      }
      case 'unsilence':
        this.#alerting.expireSilence(this.#silences.get(step.name)!);
        return;
      case 'refuse':
        this.#refusing.add(step.name);
        return;
      case 'accept':
        this.#refusing.delete(step.name);
        return;
      case 'restart':
        this.close();
        this.#alerting = this.#open();
    }
  }

  close(): void {
    this.#alerting.stop();
    closeDb(this.#alerting.db);
  }

  #post(labels: Texts, startsMs: number | undefined, endsMs: number | undefined, annotations: Texts = {}): void {
    this.#alerting.post([{ labels: labelsFromRecord(labels), annotations: labelsFromRecord(annotations), startsMs, endsMs, generatorUrl: '' }]);
  }

  #open(): Alerting {
    const clock = this.#clock;
    const templates = new Templates();
    const nothing = (): Promise<void> => Promise.resolve();
    const send = createSender({
      clock,
      templates: () => templates,
      externalUrl: () => 'http://signalbox',
      http: this.#http,
      readSecret: () => Promise.resolve(''),
      mail: () => Promise.reject(new Error('no mail here')),
      desktop: nothing,
      log: () => undefined,
    });
    const config = parseAlertmanagerConfig(this.#timetable.config, 'alertmanager.yml');
    return createAlerting({ db: openDb(this.#path, 'journal'), clock, random: () => 0.5, config, send });
  }

  readonly #http: Http = ({ url, body }) => {
    const { pathname, search } = new URL(url);
    const receiver = `${pathname.slice(1)}${search}`;
    if (this.#refusing.has(receiver)) return Promise.resolve({ status: 503, headers: {}, body: 'away' });
    this.deliveries.push({ atMs: this.#clock.now() - this.#timetable.startMs, receiver, body: JSON.parse(body) as WebhookBody });
    return Promise.resolve({ status: 200, headers: {}, body: '' });
  };
}
