import { EngineError, noLabels, withLabel, type Labels, type Runbook, type RunbookEvent, type RunbookRun } from '#core/model/index.ts';
import type { RunbookCheck, RunbookStep, UnixMs } from '#core/model/index.ts';
import { judge, unasked, type CheckSample, type Judgement } from './check.ts';
import { openLibrary, type Library, type RunbookMatch } from './library.ts';
import { lintRule, lintRunbook, type AlertRule, type DataNames, type Finding, type Uncovered } from './lint.ts';
import { bindQuery, prefill, type ParamValue } from './params.ts';
import { leave } from './run.ts';
import { Runs, type RunsOptions } from './runs.ts';
import { usageOf, type Usage } from './usage.ts';

export interface RunbooksOptions extends RunsOptions {
  /** Read for `*.md`; a later folder's file hides an earlier one of the same name. */
  readonly folders: readonly string[];
  /** PromQL at one time. Rejects with EngineError for what a person can understand; the check is then `unknown`. */
  readonly query: (expr: string, timeMs: UnixMs, signal?: AbortSignal) => Promise<{ readonly samples: readonly CheckSample[] }>;
}

interface StartInput {
  readonly runbook: string;
  readonly incident?: number | undefined;
  /** The alert's labels: they fill the params of their name. */
  readonly labels?: Labels | undefined;
  /** Given by hand; they win over labels and defaults. */
  readonly params?: readonly ParamValue[] | undefined;
  readonly by: string;
}

const noteCharsMax = 20_000;
/** Values beyond this are no label of Prometheus' world and would only bloat queries. */
const valueCharsMax = 4_096;

/**
 * Runbooks on disk and their runs in the journal. Every method that changes a run answers with it as it then stands,
 * committed. All throw EngineError: `not-found` for an unknown runbook, run or step, `invalid` for what cannot be done.
 */
export class Runbooks {
  readonly #options: RunbooksOptions;
  readonly #library: Library;
  readonly #runs: Runs;

  constructor(options: RunbooksOptions) {
    this.#options = options;
    this.#library = openLibrary(options.folders, options.clock);
    this.#runs = new Runs(options);
  }

  /** In order of title. */
  list(): readonly Runbook[] {
    return this.#library.list();
  }

  get(id: string): Runbook {
    const found = this.#library.get(id);
    if (found === undefined) throw new EngineError('not-found', `there is no runbook "${id}"; see the list of runbooks`);
    return found;
  }

  /** The surest first; empty when no runbook is for this alert. */
  forAlert(labels: Labels, annotations: Labels): readonly RunbookMatch[] {
    return this.#library.forAlert(labels, annotations);
  }

  start(input: StartInput): RunbookRun {
    const runbook = this.get(input.runbook);
    if (runbook.steps.length === 0) throw new EngineError('invalid', `the runbook "${runbook.title}" has no steps: ${runbook.problems.join('; ')}`);
    return this.#runs.start(runbook, startParams(runbook, input), input.incident, input.by);
  }

  run(id: string): RunbookRun {
    return this.#runs.load(id);
  }

  /** The newest first, at most 200. */
  runs(filter: { readonly incident?: number | undefined; readonly limit?: number } = {}): readonly RunbookRun[] {
    return this.#runs.list(filter.incident, filter.limit ?? Number.POSITIVE_INFINITY);
  }

  /** A step's query with the run's params filled in, to graph it. Throws EngineError `invalid` when a param has no usable value. */
  queryOf(runId: string, stepId: string): string {
    const run = this.run(runId);
    return bindQuery(checkOf(stepOf(run, stepId)).query, run.params, run.runbook.params);
  }

  /** Post-mortem templates, their texts by id. */
  templates(): ReadonlyMap<string, string> {
    return this.#library.templates();
  }

  /** How runbooks are used: which never, which steps are always skipped, how long steps take. From the newest 200 runs. */
  usage(): readonly Usage[] {
    return usageOf(this.list(), this.#runs.logs());
  }

  /** Metrics and labels that checks name and the data does not have. */
  lint(names: DataNames): readonly Finding[] {
    return this.list().flatMap((runbook) => lintRunbook(runbook, names));
  }

  /** Alerting rules that no runbook is for. */
  uncovered(rules: readonly AlertRule[]): readonly Uncovered[] {
    return rules.flatMap((rule) => lintRule(rule, this.forAlert(withLabel(rule.labels, 'alertname', rule.alert), rule.annotations).length));
  }

  /** Evaluates a step's check now without recording it: what the light beside the step shows. */
  async look(runId: string, stepId: string, signal?: AbortSignal): Promise<Judgement> {
    const run = this.run(runId);
    return this.#evaluate(run, stepOf(run, stepId), signal);
  }

  /** Evaluates a step's check now and records the evidence. The run moves on when the step is its current one and the answer is clear. */
  async check(runId: string, stepId: string, by: string, signal?: AbortSignal): Promise<RunbookRun> {
    const before = this.run(runId);
    const step = stepOf(before, stepId);
    const { state, evidence } = await this.#evaluate(before, step, signal);
    return this.#runs.append(runId, by, (run) => [
      { kind: 'checked', step: step.id, title: step.title, state, evidence },
      ...(state === 'unknown' ? [] : moveOn(run, step, state, evidence.sentence)),
    ]);
  }

  /** A person did the step or, with `answer`, says how it stands. */
  tick(runId: string, stepId: string, note: string, by: string, answer?: 'pass' | 'fail'): RunbookRun {
    return this.#runs.append(runId, by, (run) => {
      const step = stepOf(run, stepId);
      const ticked = { kind: 'ticked', step: step.id, title: step.title, note: note.slice(0, noteCharsMax) } as const;
      const said = note === '' ? `${by} says ${answer ?? 'done'}` : note;
      return [answer === undefined ? ticked : { ...ticked, answer }, ...moveOn(run, step, answer ?? 'done', said)];
    });
  }

  skip(runId: string, stepId: string, why: string, by: string): RunbookRun {
    return this.#runs.append(runId, by, (run) => {
      const step = stepOf(run, stepId);
      if (why.trim() === '') throw new EngineError('invalid', `say in a word why "${step.title}" is skipped`);
      return [{ kind: 'skipped', step: step.id, title: step.title, why: why.slice(0, noteCharsMax) }, ...moveOn(run, step, 'done', why)];
    });
  }

  /** Moves to any step, back or forth; a run that was over is open again. */
  goTo(runId: string, stepId: string, why: string, by: string): RunbookRun {
    return this.#runs.append(runId, by, (run) => {
      const { id, title } = stepOf(run, stepId);
      return [{ kind: 'went', from: run.current ?? '', to: id, title, why: why || 'by hand' }];
    });
  }

  /** Ends a run before its last step. */
  finish(runId: string, by: string): RunbookRun {
    return this.#runs.append(runId, by, (run) => {
      if (run.finishedMs !== undefined) throw new EngineError('conflict', 'the run is already over');
      return [{ kind: 'finished' }];
    });
  }

  async #evaluate(run: RunbookRun, step: RunbookStep, signal: AbortSignal | undefined): Promise<Judgement> {
    const check = checkOf(step);
    const atMs = this.#options.clock.now();
    let query = check.query;
    try {
      query = bindQuery(check.query, run.params, run.runbook.params);
      const { samples } = await this.#options.query(query, atMs, signal);
      return judge(check, query, samples, atMs);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'cancelled') throw error;
      return unasked(query, error.message, atMs);
    }
  }
}

export function createRunbooks(options: RunbooksOptions): Runbooks {
  return new Runbooks(options);
}

/** Only the current step moves the run; what is done at another is recorded where it is. */
function moveOn(run: RunbookRun, step: RunbookStep, outcome: 'pass' | 'fail' | 'done', why: string): readonly RunbookEvent[] {
  return run.current === step.id ? [leave(run.runbook, step, outcome, why)] : [];
}

function stepOf(run: RunbookRun, id: string): RunbookStep {
  const step = run.runbook.steps.find((other) => other.id === id);
  if (step === undefined) throw new EngineError('not-found', `the runbook "${run.runbook.title}" has no step "${id}"`);
  return step;
}

function checkOf(step: RunbookStep): RunbookCheck {
  if (step.check === undefined) throw new EngineError('invalid', `"${step.title}" has no check; tick it by hand`);
  return step.check;
}

function startParams(runbook: Runbook, input: StartInput): readonly ParamValue[] {
  const given = input.params ?? [];
  const unknown = given.find(({ name }) => !runbook.params.some((param) => param.name === name));
  if (unknown !== undefined) throw new EngineError('invalid', `the runbook "${runbook.title}" has no param "${unknown.name}"`);
  return prefill(runbook.params, input.labels ?? noLabels).map(({ name, value }) => {
    const chosen = given.find((param) => param.name === name)?.value ?? value;
    if (chosen.length > valueCharsMax) throw new EngineError('limit', `the value of $${name} is longer than ${valueCharsMax} characters`);
    return { name, value: chosen };
  });
}
