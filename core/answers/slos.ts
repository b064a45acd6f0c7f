import { saveSloFile, sloFolderOf } from '#core/config/index.ts';
import type { Handlers, SignalboxContract, SloDraft, SloDraftView, SlosView, SloView } from '#core/contract/index.ts';
import { burnWindows, readSloFile, writeOpenSlo, type SloIndicator, type SloSpec } from '#core/formats/index.ts';
import { labelValue, messageOf, type UnixMs } from '#core/model/index.ts';
import { samplesOf } from '#core/promql/index.ts';
import { budgetForecast, sloQueries, type SloQueries } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';

type Names = Extract<keyof SignalboxContract, `slos.${string}`>;

const hour = 3_600_000;
const burnShownMs = [hour, 6 * hour, 72 * hour];
/** A period's worth of samples is read for each objective; a screen that looks oftener gets the same answer. */
const freshMs = 10_000;

type Numbers = Pick<SloView, 'errorRatio' | 'remaining' | 'burnRates' | 'eventsLastHour' | 'forecast' | 'goneInMs' | 'problem'>;

/** Objectives: what is left of their budgets, and new ones from a form. */
export class SloDesk {
  readonly #parts: Parts;
  readonly #known = new Map<string, { readonly atMs: number; readonly numbers: Promise<Numbers> }>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'slos.list': ({ timeMs }) => this.#list(timeMs),
      'slos.draft': (draft) => this.#draft(draft),
      'slos.save': ({ draft }) => {
        const { fileName, text } = this.#fileOf(draft);
        return { path: saveSloFile(this.#parts.config(), this.#parts.info.dataDir, fileName, text) };
      },
    };
  }

  async #list(timeMs: UnixMs | undefined): Promise<SlosView> {
    const { config, info } = this.#parts;
    const readings = config().sloFiles.map(({ path, text }) => readSloFile(text, path));
    const views = await Promise.all(readings.flatMap(({ slos }) => slos).map((slo) => this.#view(slo, timeMs)));
    return {
      slos: views.sort((a, b) => (a.remaining ?? Infinity) - (b.remaining ?? Infinity) || (a.id < b.id ? -1 : 1)),
      problems: readings.flatMap(({ problems }) => problems.map(messageOf)),
      folder: sloFolderOf(config(), info.dataDir),
    };
  }

  async #view(slo: SloSpec, timeMs: UnixMs | undefined): Promise<SloView> {
    const { service, name, title, description, file, line, objective, periodMs, alerting } = slo;
    const id = `${service}-${name}`;
    const queries = sloQueries(slo);
    const firing = this.#parts.alerts().filter(({ state, labels }) => state === 'firing' && labelValue(labels, 'sloth_id') === id);
    return {
      id,
      service,
      name,
      title,
      description,
      file,
      line,
      objective,
      periodMs,
      indicator: slo.indicator.kind,
      alerts: alerting.windows.map(({ severity, longMs, shortMs, share }) => ({ severity, longMs, shortMs, factor: (periodMs / longMs) * share })),
      minEvents: alerting.minEvents,
      ...(await this.#numbers(id, slo, queries, timeMs)),
      firingCount: firing.length,
      budgetExpr: queries.budgetRemaining,
      burnExpr: queries.burnRate(hour),
    };
  }

  #numbers(id: string, slo: SloSpec, queries: SloQueries, timeMs: UnixMs | undefined): Promise<Numbers> {
    const { clock } = this.#parts;
    if (timeMs !== undefined) return this.#ask(slo, queries, timeMs);
    const key = `${id} ${JSON.stringify(slo)}`;
    const known = this.#known.get(key);
    if (known !== undefined && clock.monotonicMs() - known.atMs < freshMs) return known.numbers;
    for (const [old, { atMs }] of this.#known) if (clock.monotonicMs() - atMs > 10 * freshMs) this.#known.delete(old);
    const numbers = this.#ask(slo, queries, clock.now());
    this.#known.set(key, { atMs: clock.monotonicMs(), numbers });
    return numbers;
  }

  async #ask(slo: SloSpec, queries: SloQueries, timeMs: UnixMs): Promise<Numbers> {
    try {
      const eventsExpr = queries.eventCount(hour);
      const [errorRatio, eventsLastHour, ...rates] = await Promise.all([
        this.#one(queries.periodErrorRatio, timeMs),
        eventsExpr === undefined ? undefined : this.#one(eventsExpr, timeMs),
        ...burnShownMs.map((windowMs) => this.#one(queries.burnRate(windowMs), timeMs)),
      ]);
      const remaining = errorRatio === undefined ? undefined : 1 - errorRatio / (1 - slo.objective / 100);
      const { sentence, goneInMs } = budgetForecast(remaining ?? Number.NaN, rates[0] ?? Number.NaN, slo.periodMs);
      const burnRates = burnShownMs.map((windowMs, i) => ({ windowMs, rate: rates[i] }));
      return { errorRatio, remaining, burnRates, eventsLastHour, forecast: sentence, goneInMs, problem: '' };
    } catch (error) {
      const unknown = { errorRatio: undefined, remaining: undefined, burnRates: [], eventsLastHour: undefined, goneInMs: undefined };
      return { ...unknown, forecast: '', problem: messageOf(error) };
    }
  }

  /** The value of a query that gives one; undefined without events. */
  async #one(expr: string, timeMs: UnixMs): Promise<number | undefined> {
    const value = samplesOf(await this.#parts.queries.instant(expr, timeMs))[0]?.value;
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  async #draft(draft: SloDraft): Promise<SloDraftView> {
    const nothing = { text: '', fileName: '', errorRatio: undefined, remaining: undefined, eventsLastHour: undefined };
    try {
      const { spec, text, fileName } = this.#fileOf(draft);
      const { errorRatio, remaining, eventsLastHour, problem } = await this.#ask(spec, sloQueries(spec), this.#parts.clock.now());
      return { problem, text, fileName, errorRatio, remaining, eventsLastHour };
    } catch (error) {
      return { ...nothing, problem: messageOf(error) };
    }
  }

  /** Read back as it will be from disk: what the form promises is what will be in force. Throws EngineError `invalid`. */
  #fileOf(draft: SloDraft): { spec: SloSpec; text: string; fileName: string } {
    const fileName = `${draft.service}-${draft.name}.yml`;
    const text = writeOpenSlo(specOf(draft));
    const { slos, problems } = readSloFile(text, fileName);
    if (problems[0] !== undefined) throw problems[0];
    return { spec: slos[0]!, text, fileName };
  }
}

function specOf(draft: SloDraft): SloSpec {
  const { service, name, title, description, objective, periodMs, minEvents } = draft;
  const none = { labels: [], annotations: [] };
  const indicator: SloIndicator = draft.indicator.kind === 'events' ? { ...draft.indicator, counter: true } : draft.indicator;
  const windows = burnWindows.filter(({ longMs }) => draft.alerts.includes(longMs));
  const head = { file: '', line: 1, form: 'openslo/v1' as const, labels: [] };
  return {
    ...head,
    service,
    name,
    title,
    description,
    objective,
    periodMs,
    indicator,
    alerting: { name: title || name, windows, page: none, ticket: none, minEvents },
  };
}
