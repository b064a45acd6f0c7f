import { join } from 'node:path';
import { closeDb, openDb, type WriteDb } from '#core/db/index.ts';
import { EngineError, formatLabels, isStale, labelsFromRecord, type Alert, type DurationMs } from '#core/model/index.ts';
import { createRules, type Rules, type RuleSample, type RuleSeries, type RulesOptions, type Transition } from '#core/rules/index.ts';
import { printExpr } from '#core/promql/syntax/index.ts';
import { onTestFinished } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

/** What an expression answers: label text -> value, or the sentence of a failure. */
export type Answer = Readonly<Record<string, number>> | string;

/** Rules over expressions whose answers a test sets by hand, with everything that they tell and write noted down. */
export class World {
  readonly clock: ManualClock;
  readonly answers = new Map<string, Answer>();
  readonly told: string[] = [];
  readonly edges: Transition[] = [];
  readonly written: string[] = [];
  readonly path = join(tempFolder(), 'journal.db');
  db: WriteDb;
  rules: Rules;
  readonly #options: Partial<RulesOptions>;

  constructor(options: Partial<RulesOptions> = {}, startMs = 0) {
    this.#options = options;
    this.clock = new ManualClock(startMs);
    this.db = openDb(this.path, 'journal');
    onTestFinished(() => closeDb(this.db));
    this.rules = this.#create();
  }

  #create(): Rules {
    return createRules({
      query: (expr, timeMs) => this.#answer(printExpr(expr), timeMs),
      append: (series) => void this.written.push(...lines(series)),
      db: this.db,
      clock: this.clock,
      resendMs: 3_600_000,
      onAlerts: (alerts) => this.told.push(...alerts.map(alertLine)),
      onTransitions: (transitions) => this.edges.push(...transitions),
      ...this.#options,
    });
  }

  #answer(expr: string, timeMs: number): Promise<readonly RuleSample[]> {
    const answer = this.answers.get(expr) ?? {};
    if (expr === 'time()') return Promise.resolve([{ labels: [], value: timeMs / 1000 }]);
    if (typeof answer === 'string') return Promise.reject(new EngineError('invalid', answer));
    return Promise.resolve(Object.entries(answer).map(([labels, value]) => ({ labels: labelsOf(labels), value })));
  }

  async load(text: string): Promise<readonly string[]> {
    return this.rules.load([{ path: 'rules.yml', text }]);
  }

  /** Ends the process without a word, and begins anew `afterMs` later. */
  async crash(afterMs: DurationMs, text: string): Promise<readonly string[]> {
    this.rules.stop();
    closeDb(this.db);
    await this.clock.advance(afterMs);
    this.db = openDb(this.path, 'journal');
    this.rules = this.#create();
    return this.load(text);
  }

  states(): string[] {
    return this.rules.groups().flatMap((group) => group.rules.flatMap((rule) => rule.alerts.map(alertLine)));
  }

  /** Takes what has been noted since the last call. */
  take(notes: string[]): string[] {
    return notes.splice(0);
  }
}

function labelsOf(text: string): readonly string[] {
  const pairs = text === '' ? [] : text.split(',').map((pair) => pair.split('=') as [string, string]);
  return labelsFromRecord(Object.fromEntries(pairs));
}

function alertLine(alert: Alert): string {
  return `${alert.state} ${formatLabels(alert.labels)}`;
}

function lines(series: RuleSeries): string[] {
  return series.labels.map((labels, i) => {
    const value = series.histograms?.[i] !== undefined ? 'histogram' : isStale(series.values, i) ? 'stale' : String(series.values[i]);
    return `${series.timeMs / 1000} ${formatLabels(labels)} ${value}`;
  });
}
