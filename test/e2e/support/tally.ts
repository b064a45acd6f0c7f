import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

/** Says why tests were skipped, which the list does not, and leaves the counts for test/run.ts in the file that TALLY_FILE names. */
export default class Tally implements Reporter {
  readonly #reasons = new Map<string, number>();
  readonly #outcomes = new Map<string, 'passed' | 'failed' | 'skipped'>();

  onTestEnd(test: TestCase, result: TestResult): void {
    const outcome = result.status === 'skipped' ? 'skipped' : test.ok() ? 'passed' : 'failed';
    this.#outcomes.set(test.id, outcome);
    if (outcome !== 'skipped') return;
    const reason = result.annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason given';
    const line = `${test.parent.project()?.name ?? ''}: ${reason}`;
    this.#reasons.set(line, (this.#reasons.get(line) ?? 0) + 1);
  }

  onEnd(): void {
    for (const [line, count] of this.#reasons) process.stdout.write(`skipped ${count} in ${line}\n`);
    const file = process.env['TALLY_FILE'];
    if (file === undefined) return;
    const count = (outcome: string): number => [...this.#outcomes.values()].filter((held) => held === outcome).length;
    writeFileSync(file, JSON.stringify({ passed: count('passed'), failed: count('failed'), skipped: count('skipped') }));
  }

  printsToStdio(): boolean {
    return false;
  }
}
