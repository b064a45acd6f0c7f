import { messageOf, type UnixMs } from '#core/model/index.ts';
import { readRuleFile, readRuleTestFile, type RuleTest, type RuleTestFile } from '#core/formats/index.ts';
import { evaluateInstant, parseExpr, parseSeries, samplesOf, ScriptStore, type InstantResult } from '#core/promql/index.ts';
import { GroupRunner } from '../group-runner.ts';
import { GrowingStore } from '../growing-store.ts';
import type { RuleFile } from '../rules.ts';
import { unscheduled } from '../still-clock.ts';
import type { GroupSpec } from '../types.ts';
import { compareAlerts, compareSamples } from './compare.ts';

/** How a file of unit tests went. Each alert_rule_test and promql_expr_test counts as one; so does a test that could not be run. */
export interface RuleTestReport {
  readonly passed: number;
  readonly failed: number;
  /** "FILE:LINE: what was expected and what came" each. */
  readonly failures: readonly string[];
}

/**
 * Runs promtool's unit tests of rules on series in memory. `readFiles` gives the files that a glob, relative to the test file, stands for.
 * Never throws for what is in the files.
 */
export async function runRuleTests(file: RuleFile, readFiles: (glob: string) => readonly RuleFile[]): Promise<RuleTestReport> {
  const failures: string[] = [];
  let passed = 0;
  try {
    const tests = readRuleTestFile(file.text, file.path);
    const groups = ruleGroups(tests, readFiles);
    for (const test of tests.tests) {
      const outcome = await new TestRun(file.path, tests, test, groups).run();
      passed += outcome.passed;
      failures.push(...outcome.failures);
    }
  } catch (error) {
    failures.push(messageOf(error));
  }
  return { passed, failed: failures.length, failures };
}

function ruleGroups(tests: RuleTestFile, readFiles: (glob: string) => readonly RuleFile[]): GroupSpec[] {
  const groups = tests.ruleFiles.flatMap((glob) => {
    const files = readFiles(glob);
    if (files.length === 0) throw new Error(`no file matches the rule_files entry ${JSON.stringify(glob)}`);
    return files.flatMap(({ path, text }) => {
      const { groups, problems } = readRuleFile(text, path, parseExpr);
      if (problems[0] !== undefined) throw problems[0];
      return groups;
    });
  });
  const order = (group: GroupSpec): number => {
    const at = tests.groupOrder.indexOf(group.name);
    return at === -1 ? tests.groupOrder.length : at;
  };
  return groups.sort((a, b) => order(a) - order(b));
}

class TestRun {
  readonly #path: string;
  readonly #file: RuleTestFile;
  readonly #test: RuleTest;
  readonly #store = new GrowingStore();
  readonly #runners: GroupRunner[];
  readonly #failures: string[] = [];
  #passed = 0;

  constructor(path: string, file: RuleTestFile, test: RuleTest, groups: readonly GroupSpec[]) {
    this.#path = path;
    this.#file = file;
    this.#test = test;
    const environment = {
      query: async (expr: Parameters<typeof evaluateInstant>[1], timeMs: UnixMs) => samplesOf(await this.#query(expr, timeMs)),
      append: this.#store.append.bind(this.#store),
      db: undefined,
      clock: unscheduled,
      externalLabels: test.externalLabels,
      externalUrl: test.externalUrl,
      resendMs: Infinity,
      breathe: () => Promise.resolve(),
      onAlerts: () => undefined,
      isBlind: () => false,
      onTransitions: () => undefined,
    };
    this.#runners = groups.map((group) => new GroupRunner(group, file.intervalMs, 0, environment));
  }

  async run(): Promise<{ passed: number; failures: readonly string[] }> {
    try {
      if (await this.#evaluate(this.#inputs())) await this.#checkQueries();
    } catch (error) {
      this.#fail(this.#test.line, messageOf(error));
    }
    return { passed: this.#passed, failures: this.#failures };
  }

  #query(expr: Parameters<typeof evaluateInstant>[1], timeMs: UnixMs): Promise<InstantResult> {
    return evaluateInstant(this.#store, expr, timeMs, { subqueryStepMs: this.#file.intervalMs });
  }

  #inputs(): ScriptStore {
    const inputs = new ScriptStore();
    const intervalMs = this.#test.intervalMs ?? this.#file.intervalMs;
    for (const { line, series, values } of this.#test.series) {
      try {
        inputs.load([parseSeries(`${series} ${values}`)], intervalMs);
      } catch (error) {
        throw new Error(`${JSON.stringify(series)} (line ${line}): ${messageOf(error)}`, { cause: error });
      }
    }
    return inputs;
  }

  /** Evaluates up to the last time that a test asks about, checking alerts on the way. False when a rule failed: then nothing more can be said. */
  async #evaluate(inputs: ScriptStore): Promise<boolean> {
    const { startMs, alerts, queries } = this.#test;
    const lastMs = Math.max(0, ...alerts.map((alert) => alert.atMs), ...queries.map((query) => query.atMs));
    const columns = await inputs.source().select([], 0, Infinity);
    const shifted = columns.map((one) => ({ ...one, timesMs: one.timesMs.map((timeMs) => timeMs + startMs) }));
    for (let atMs = 0; atMs <= lastMs; atMs += this.#file.intervalMs) {
      for (const one of shifted) this.#store.load(one, startMs + atMs - this.#file.intervalMs, startMs + atMs);
      for (const runner of this.#runners) await runner.evaluate(startMs + atMs);
      if (this.#reportErrors(atMs)) return false;
      for (const alert of alerts) if (alert.atMs >= atMs && alert.atMs < atMs + this.#file.intervalMs) this.#checkAlert(alert);
    }
    for (const one of shifted) this.#store.load(one, startMs, startMs + lastMs);
    return true;
  }

  #reportErrors(atMs: number): boolean {
    const broken = this.#runners.flatMap((runner) => runner.rules).filter((rule) => rule.lastError !== '');
    for (const { rule, lastError } of broken) this.#fail(this.#test.line, `rule ${rule.name} at ${atMs / 1000} s: ${lastError}`);
    return broken.length > 0;
  }

  #checkAlert(alert: RuleTest['alerts'][number]): void {
    const firing = this.#runners
      .flatMap((runner) => runner.rules)
      .filter((rule) => rule.rule.kind === 'alerting' && rule.rule.name === alert.alertname)
      .flatMap((rule) => [...rule.states!.held.values()])
      .filter((state) => state.state === 'firing');
    this.#judge(alert.line, compareAlerts(alert, firing));
  }

  async #checkQueries(): Promise<void> {
    for (const test of this.#test.queries) {
      try {
        const samples = samplesOf(await this.#query(parseExpr(test.expr), this.#test.startMs + test.atMs));
        this.#judge(test.line, compareSamples(test, samples, this.#file.fuzzy));
      } catch (error) {
        this.#fail(test.line, `${test.expr} at ${test.atMs / 1000} s: ${messageOf(error)}`);
      }
    }
  }

  #judge(line: number, problem: string | undefined): void {
    if (problem === undefined) this.#passed++;
    else this.#fail(line, problem);
  }

  #fail(line: number, sentence: string): void {
    const name = this.#test.name === '' ? '' : `${this.#test.name}: `;
    this.#failures.push(`${this.#path}:${line}: ${name}${sentence}`);
  }
}
