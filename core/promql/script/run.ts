import { messageOf } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from '../query.ts';
import { parseScript, type EvalCommand } from './commands.ts';
import { compareInstant, compareNotes, compareSeries, matches } from './compare.ts';
import { nativeFromClassic } from './nhcb.ts';
import { ScriptStore } from './store.ts';

/** How a script went. Each `eval` counts as one test, and so does what could not be read. */
export interface ScriptReport {
  readonly fileName: string;
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly ScriptFailure[];
}

export interface ScriptFailure {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Metric names go late, as in the engine that Prometheus' own scripts were written for. */
const options: QueryOptions = { delayedNames: true, limits: { samplesMax: 50_000_000 } };

/** Runs a script in Prometheus' PromQL script format on series in memory. Never throws for what the script contains. */
export async function runScript(text: string, fileName: string): Promise<ScriptReport> {
  const store = new ScriptStore();
  const failures: ScriptFailure[] = [];
  let passed = 0;
  for (const command of parseScript(text)) {
    if (command.kind === 'clear') store.clear();
    else if (command.kind === 'load') {
      store.load(command.series, command.intervalMs);
      if (command.nhcb) store.load(nativeFromClassic(command.series), command.intervalMs);
    } else {
      const problem = command.kind === 'broken' ? command.message : await runEval(store, command);
      if (problem === undefined) passed++;
      else failures.push({ line: command.line, message: problem });
    }
  }
  return { fileName, passed, failed: failures.length, failures };
}

async function runEval(store: ScriptStore, command: EvalCommand): Promise<string | undefined> {
  const fail = command.expects.filter((expect) => expect.kind === 'fail');
  try {
    const problem = await evaluate(store, command);
    return fail.length > 0 ? `expected ${command.query} to fail, but it did not` : prefixed(command, problem);
  } catch (error) {
    const message = messageOf(error);
    if (fail.length === 0) return `error evaluating ${command.query}: ${message}`;
    const unmet = fail.find((expect) => !matches(expect, message));
    return unmet === undefined ? undefined : `expected the error ${JSON.stringify(unmet.match?.text)} but got ${JSON.stringify(message)}`;
  }
}

function prefixed(command: EvalCommand, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${command.query}: ${problem}`;
}

async function evaluate(store: ScriptStore, command: EvalCommand): Promise<string | undefined> {
  const source = store.source();
  if (command.stepMs === 0) {
    const result = await evaluateInstant(source, command.query, command.startMs, options);
    return compareNotes(command.expects, result.notes) ?? compareInstant(command, result);
  }
  const result = await evaluateRange(source, command.query, command, options);
  return compareNotes(command.expects, result.notes) ?? compareSeries(command.series, result.series, command);
}
