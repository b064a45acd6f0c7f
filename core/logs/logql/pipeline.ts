import type { LogRecord } from '#core/model/index.ts';
import type { Evidence } from '../evidence.ts';
import type { LogExpr, Stage } from './ast.ts';
import { Entry } from './entry.ts';
import { evidenceOf } from './evidence-of.ts';
import { stepOf, type Step } from './stages.ts';

/** The stages of a query, ready to run. */
export class Pipeline {
  readonly expr: LogExpr;
  readonly evidence: Evidence;
  readonly #steps: readonly Step[];
  /** Whether lines come out as they went in and no labels are added. */
  readonly #isPlain: boolean;

  /** Throws EngineError `invalid` for a bad pattern, regular expression or template. */
  constructor(expr: LogExpr) {
    this.expr = expr;
    this.evidence = evidenceOf(expr.stages);
    this.#steps = expr.stages.map(stepOf);
    this.#isPlain = expr.stages.every(({ kind }) => kind === 'line' || kind === 'filter');
  }

  get stages(): readonly Stage[] {
    return this.expr.stages;
  }

  /** Whether every record of the streams passes without its line being looked at. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** Whether every line with these texts in it passes, whatever stands between them. */
  passesAll(texts: readonly string[]): boolean {
    return this.stages.every((stage) => {
      if (stage.kind !== 'line' || stage.op !== '|=') return false;
      return stage.texts.some((wanted) =>
        texts.some((text) => (stage.caseless === true ? text.toLowerCase().includes(wanted.toLowerCase()) : text.includes(wanted))),
      );
    });
  }

  /** The entry behind the last stage; undefined when one of them took it out. */
  run(record: LogRecord): Entry | undefined {
    const entry = new Entry(record);
    for (const step of this.#steps) if (!step(entry)) return undefined;
    return entry;
  }

  /** The number of the stage that takes the record out; as many as there are when none does. */
  rejectedBy(record: LogRecord): number {
    const entry = new Entry(record);
    const by = this.#steps.findIndex((step) => !step(entry));
    return by < 0 ? this.#steps.length : by;
  }

  /** The record as it is to be shown; what parsers made is in its fields. */
  sieve = (record: LogRecord): LogRecord | undefined => {
    const entry = this.run(record);
    if (entry === undefined || this.#isPlain) return entry && record;
    const made = [...entry.made].filter(([, value]) => value !== '').flat();
    return { ...record, line: entry.line, fields: [...record.fields, ...made] };
  };
}
