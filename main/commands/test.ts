/** `signalbox test`: unit tests of rules in promtool's form, and PromQL scripts in Prometheus' own. */
import { runScript } from '#core/promql/index.ts';
import { runRuleTests } from '#core/rules/index.ts';
import { readArgs, UsageError } from './arguments.ts';
import { filesBeside, readTextFile, type TextFile } from './files.ts';

interface Report {
  readonly passed: number;
  readonly failed: number;
  /** `FILE:LINE: sentence` each. */
  readonly failures: readonly string[];
}

const kinds: Readonly<Record<string, (file: TextFile) => Promise<Report>>> = {
  rules: (file) => runRuleTests(file, (pattern) => filesBeside(file.path, pattern)),
  promql: async ({ path, text }) => {
    const report = await runScript(text, path);
    return { ...report, failures: report.failures.map(({ line, message }) => `${path}:${line}: ${message}`) };
  },
};

export async function test(args: readonly string[]): Promise<number> {
  const { positionals } = readArgs(args, {});
  const [kind = '', ...paths] = positionals;
  const run = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (run === undefined || paths.length === 0) throw new UsageError('say what kind of test to run, and name its files');
  let passed = 0;
  let failed = 0;
  for (const path of paths) {
    const report = await run(readTextFile(path));
    for (const line of report.failures) process.stderr.write(`${line}\n`);
    passed += report.passed;
    failed += report.failed;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
