/** `signalbox check`: what is wrong in a configuration, a rule file or an Alertmanager configuration, and where. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseAlertmanagerConfig, parseSignalboxConfig, readRuleFile } from '#core/formats/index.ts';
import { messageOf } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/index.ts';
import { readArgs, UsageError } from './arguments.ts';
import { filesBeside, readTextFile, type TextFile } from './files.ts';

/** One line each, as `FILE:LINE: sentence`. */
interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** What the file holds, when nothing is wrong. */
  readonly holds: string;
}

const checks: Readonly<Record<string, (file: TextFile) => Findings>> = { config: checkConfig, rules: checkRules, alertmanager: checkAlertmanager };

export async function check(args: readonly string[]): Promise<number> {
  const { positionals } = readArgs(args, {});
  const [kind = '', ...paths] = positionals;
  const run = Object.hasOwn(checks, kind) ? checks[kind] : undefined;
  if (run === undefined || paths.length === 0) throw new UsageError('say what to check, and name a file');
  const failed = paths.filter((path) => !report(path, run(readTextFile(path))));
  return failed.length === 0 ? 0 : 1;
}

function report(path: string, { problems, warnings, holds }: Findings): boolean {
  for (const line of problems) process.stderr.write(`${line}\n`);
  for (const line of warnings) process.stderr.write(`warning: ${line}\n`);
  if (problems.length === 0) process.stdout.write(`${path}: good, ${holds}\n`);
  return problems.length === 0;
}

/** With the files that it names. */
function checkConfig({ path, text }: TextFile): Findings {
  try {
    const config = parseSignalboxConfig(text, path, (patterns) => patterns.flatMap((pattern) => filesBeside(path, pattern)));
    const rules = config.ruleFiles.flatMap((pattern) => filesBeside(path, pattern)).map(checkRules);
    const alertmanager = resolve(dirname(path), config.alertmanagerFile);
    const beside = existsSync(alertmanager) ? [checkAlertmanager(readTextFile(alertmanager))] : [];
    const problems = [...rules, ...beside].flatMap((found) => found.problems);
    return { problems, warnings: config.warnings, holds: `${config.scrapeConfigs.length} scrape configs, ${rules.length} rule files` };
  } catch (error) {
    return fault(error);
  }
}

function checkRules({ path, text }: TextFile): Findings {
  const { groups, problems } = readRuleFile(text, path, parseExpr);
  const rules = groups.reduce((count, group) => count + group.rules.length, 0);
  return { problems: problems.map(messageOf), warnings: [], holds: `${rules} rules in ${groups.length} groups` };
}

function checkAlertmanager({ path, text }: TextFile): Findings {
  try {
    const config = parseAlertmanagerConfig(text, path);
    return { problems: [], warnings: [], holds: `${config.receivers.length} receivers, ${config.inhibitRules.length} inhibition rules` };
  } catch (error) {
    return fault(error);
  }
}

const fault = (error: unknown): Findings => ({ problems: [messageOf(error)], warnings: [], holds: '' });
