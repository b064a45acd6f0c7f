import { removeFile, saveFile, saveSloFile, sloFolderOf, type NamedText } from '#core/config/index.ts';
import type { Handlers, SignalboxContract, SloDraft, SloDraftView, SloEffect, SloFileCheck, SlosView, SloView } from '#core/contract/index.ts';
import { readSloFile, writeOpenSlo, type SloFileReading, type SloSpec } from '#core/formats/index.ts';
import { EngineError, labelValue, messageOf, type UnixMs } from '#core/model/index.ts';
import { samplesOf } from '#core/promql/index.ts';
import { budgetForecast, sloQueries, type SloQueries } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';
import { draftOf, specOf } from './slo-draft.ts';

type Names = Extract<keyof SignalboxContract, `slos.${string}`>;

const hour = 3_600_000;
const burnShownMs = [hour, 6 * hour, 72 * hour];
/** A period's worth of samples is read for each objective; a screen that looks oftener gets the same answer. */
const freshMs = 10_000;
/** A file may hold hundreds of objectives; each of these is asked for twice. */
const effectsShown = 20;

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
      'slos.save': ({ draft, replaces }) => ({ path: this.#save(draft, replaces) }),
      'slos.remove': ({ id }) => this.#remove(id),
      'slos.file': ({ file }) => {
        const { text, isBuiltIn } = this.#file(file);
        return { text, editable: isBuiltIn !== true };
      },
      'slos.check': ({ file, text }) => this.#check(this.#file(file), text),
      'slos.saveFile': ({ file, text }) => this.#saveFile(this.#file(file), text),
    };
  }

  async #list(timeMs: UnixMs | undefined): Promise<SlosView> {
    const { config, info } = this.#parts;
    const readings = this.#readings();
    const views = await Promise.all(
      readings.flatMap(({ slos, text }) => slos.map((slo) => this.#view(slo, draftOf(slo, text, slos.length), timeMs))),
    );
    return {
      slos: views.sort((a, b) => (a.remaining ?? Infinity) - (b.remaining ?? Infinity) || (a.id < b.id ? -1 : 1)),
      problems: readings.flatMap(({ problems }) => problems.map(messageOf)),
      folder: sloFolderOf(config(), info.dataDir),
    };
  }

  #readings(): (SloFileReading & NamedText)[] {
    return this.#parts.config().sloFiles.map(({ path, text }) => ({ path, text, ...readSloFile(text, path) }));
  }

  async #view(slo: SloSpec, editing: ReturnType<typeof draftOf>, timeMs: UnixMs | undefined): Promise<SloView> {
    const { service, name, title, description, file, line, objective, periodMs, alerting } = slo;
    const id = idOf(slo);
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
      draft: 'draft' in editing ? editing.draft : undefined,
      byText: 'why' in editing ? editing.why : '',
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

  /** Throws EngineError `conflict` where something else would be lost: another objective of that name, or what the form does not know. */
  #save(draft: SloDraft, replaces: string | undefined): string {
    const { config, info } = this.#parts;
    const { spec, fileName, text } = this.#fileOf(draft);
    const old = replaces === undefined ? undefined : this.#ofForm(replaces);
    const same = this.#readings()
      .flatMap(({ slos }) => slos)
      .find((slo) => idOf(slo) === idOf(spec) && idOf(slo) !== replaces);
    if (same !== undefined) throw new EngineError('conflict', `there is an objective ${idOf(spec)} already: ${same.file}:${same.line}`);
    if (old !== undefined && idOf(spec) === replaces) {
      saveFile(old.path, text);
      return old.path;
    }
    const path = saveSloFile(config(), info.dataDir, fileName, text);
    if (old !== undefined) removeFile(old.path);
    return path;
  }

  #remove(id: string): null {
    removeFile(this.#ofForm(id).path);
    return null;
  }

  /** The file of an objective of which the form loses nothing. Throws EngineError `not-found`, `conflict`. */
  #ofForm(id: string): NamedText {
    for (const { path, text, slos } of this.#readings()) {
      const slo = slos.find((one) => idOf(one) === id);
      if (slo === undefined) continue;
      const editing = draftOf(slo, text, slos.length);
      if ('why' in editing) throw new EngineError('conflict', `${path} is to be edited as text: ${editing.why}`);
      return { path, text };
    }
    throw new EngineError('not-found', `there is no objective ${id}`);
  }

  #file(path: string): NamedText {
    const found = this.#parts.config().sloFiles.find((one) => one.path === path);
    if (found === undefined) throw new EngineError('not-found', `${path} is no file of objectives`);
    return found;
  }

  #saveFile({ path, isBuiltIn }: NamedText, text: string): null {
    if (isBuiltIn) throw new EngineError('conflict', `${path} can be tried, not saved: it comes with Signalbox; make an objective of your own`);
    const [problem] = readSloFile(text, path).problems;
    if (problem !== undefined) throw problem;
    saveFile(path, text);
    return null;
  }

  async #check({ path, text: before }: NamedText, text: string): Promise<SloFileCheck> {
    const { slos, problems } = readSloFile(text, path);
    const told = problems.map((problem) => ({ line: Number(/:(\d+): /.exec(problem.message)?.[1] ?? 0), sentence: problem.message }));
    if (told.length > 0) return { problems: told, effects: [] };
    const old = new Map(readSloFile(before, path).slos.map((slo) => [idOf(slo), slo]));
    const now = new Map(slos.map((slo) => [idOf(slo), slo]));
    const touched = [...new Set([...old.keys(), ...now.keys()])].filter((id) => meaning(old.get(id)) !== meaning(now.get(id)));
    return { problems: [], effects: await Promise.all(touched.slice(0, effectsShown).map((id) => this.#effect(id, old.get(id), now.get(id)))) };
  }

  async #effect(id: string, old: SloSpec | undefined, made: SloSpec | undefined): Promise<SloEffect> {
    const atMs = this.#parts.clock.now();
    const ask = (slo: SloSpec | undefined): Promise<Numbers | undefined> =>
      slo === undefined ? Promise.resolve(undefined) : this.#ask(slo, sloQueries(slo), atMs);
    const [before, after] = await Promise.all([ask(old), ask(made)]);
    const change = old === undefined ? 'new' : made === undefined ? 'gone' : 'changed';
    return { id, change, remainingNow: before?.remaining, remaining: after?.remaining, problem: after?.problem ?? '' };
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

const idOf = ({ service, name }: Pick<SloSpec, 'service' | 'name'>): string => `${service}-${name}`;

/** Equal where two objectives ask and alert alike; where they stand is no part of it. */
const meaning = (slo: SloSpec | undefined): string => (slo === undefined ? '' : JSON.stringify({ ...slo, file: '', line: 0 }));
