import * as v from 'valibot';
import { durationMs, line, unixMs, words } from './inputs.ts';
import { procedure } from './rpc.ts';

/** A multi-window burn-rate alert that an objective can have. */
export interface BurnAlertView {
  readonly severity: 'page' | 'ticket';
  readonly longMs: number;
  readonly shortMs: number;
  /** How many times faster than it lasts the period the budget has to burn. */
  readonly factor: number;
}

/** An objective with its budget. Numbers are undefined while there are no events. */
export interface SloView {
  readonly id: string;
  readonly service: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly file: string;
  readonly line: number;
  /** Per cent, in (0, 100). */
  readonly objective: number;
  readonly periodMs: number;
  readonly indicator: 'events' | 'ratio' | 'threshold' | 'latency';
  readonly alerts: readonly BurnAlertView[];
  readonly minEvents: number;
  /** Share of bad events over the period, 0..1. */
  readonly errorRatio: number | undefined;
  /** Share of the budget that is left; below 0 when it is overspent. */
  readonly remaining: number | undefined;
  readonly burnRates: readonly { readonly windowMs: number; readonly rate: number | undefined }[];
  /** Events of the last hour; undefined where none are counted. */
  readonly eventsLastHour: number | undefined;
  /** "at this pace the budget is gone in 2 d 4 h" */
  readonly forecast: string;
  readonly goneInMs: number | undefined;
  readonly firingCount: number;
  /** Why the numbers are not known; empty when they are. */
  readonly problem: string;
  /** What the form begins with; undefined where the file has to be edited as text. */
  readonly draft: SloDraft | undefined;
  /** Why it has to be; empty where the form will do. */
  readonly byText: string;
  /** PromQL for charts. */
  readonly budgetExpr: string;
  readonly burnExpr: string;
}

export interface SlosView {
  readonly slos: readonly SloView[];
  /** Files that could not be read, a sentence each. */
  readonly problems: readonly string[];
  readonly folder: string;
}

/** What an objective from the form would be. */
export interface SloDraftView {
  /** Why it cannot be one yet; empty when it can. */
  readonly problem: string;
  /** The OpenSLO file. */
  readonly text: string;
  readonly fileName: string;
  readonly errorRatio: number | undefined;
  readonly remaining: number | undefined;
  readonly eventsLastHour: number | undefined;
}

/** What a text would make of a file of objectives. */
export interface SloFileCheck {
  /** Why it would be refused, a sentence each with its line; 0 where none is to blame. */
  readonly problems: readonly { readonly line: number; readonly sentence: string }[];
  /** Those that would be new, other than now, or gone. Empty while there are problems. */
  readonly effects: readonly SloEffect[];
}

export interface SloEffect {
  readonly id: string;
  readonly change: 'new' | 'changed' | 'gone';
  /** Share of the budget that is left by what is in force, and by the text; undefined without events. */
  readonly remainingNow: number | undefined;
  readonly remaining: number | undefined;
  /** Why the new number is not known; empty when it is. */
  readonly problem: string;
}

const name = v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is no name: use a-z, 0-9 and -'));
const query = v.pipe(v.string(), v.trim(), v.minLength(1, 'is empty'), v.maxLength(4096));
const draft = v.object({
  service: name,
  name,
  title: v.pipe(v.string(), v.maxLength(200)),
  description: v.pipe(words, v.maxLength(2000)),
  objective: v.pipe(v.number(), v.gtValue(0), v.ltValue(100)),
  periodMs: durationMs,
  indicator: v.variant('kind', [
    v.object({ kind: v.literal('events'), of: v.picklist(['good', 'bad']), query, total: query }),
    v.object({
      kind: v.literal('latency'),
      metric: v.pipe(v.string(), v.regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'is no metric name')),
      matchers: v.pipe(v.string(), v.maxLength(1000)),
      seconds: v.pipe(v.number(), v.gtValue(0)),
      histogram: v.picklist(['classic', 'native']),
    }),
    v.object({ kind: v.literal('threshold'), query, op: v.picklist(['<', '<=', '>', '>=']), value: v.number() }),
  ]),
  /** Long windows of the alerts that are on. */
  alerts: v.pipe(v.array(durationMs), v.maxLength(4)),
  minEvents: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

const sloId = v.pipe(v.string(), v.minLength(1), v.maxLength(300));
const filePath = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const fileText = v.pipe(v.string(), v.maxLength(1_000_000, 'is longer than 1,000,000 characters'));

export type SloDraft = v.InferOutput<typeof draft>;

export const slosContract = {
  /** By remaining budget, the least first. */
  'slos.list': procedure<SlosView>()(v.object({ timeMs: v.optional(unixMs) })),
  'slos.draft': procedure<SloDraftView>()(draft),
  /** Writes it as an OpenSLO file into the folder of objectives; its rules are in force within seconds. `replaces` is the id of the one that was edited. */
  'slos.save': procedure<{ readonly path: string }>()(v.object({ draft, replaces: v.optional(sloId), by: line })),
  /** Takes an objective with a file of its own away. */
  'slos.remove': procedure<null>()(v.object({ id: sloId, by: line })),
  /** The text of a file of objectives in force; `editable` when it may be saved here. */
  'slos.file': procedure<{ readonly text: string; readonly editable: boolean }>()(v.object({ file: filePath })),
  'slos.check': procedure<SloFileCheck>()(v.object({ file: filePath, text: fileText })),
  'slos.saveFile': procedure<null>()(v.object({ file: filePath, text: fileText, by: line })),
};
