/** `signalbox backtest`: what rules would have fired on stored metrics, and when. */
import { EngineError, formatLabels, formatTime, labelsToRecord, parseTime, type UnixMs } from '#core/model/index.ts';
import { backtest as run, type BacktestReport, type Firing } from '#core/rules/index.ts';
import { readArgs, refusePositionals, UsageError } from './arguments.ts';
import { readTextFile } from './files.ts';
import { dataDirOf, withStored } from './stored.ts';

const options = {
  rules: { type: 'string', multiple: true },
  start: { type: 'string' },
  end: { type: 'string' },
  alertmanager: { type: 'string' },
  data: { type: 'string' },
  case: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export async function backtest(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, options);
  refusePositionals(positionals);
  if (values.rules === undefined) throw new UsageError('name a rule file with --rules');
  const startMs = timeOf('--start', values.start);
  const endMs = timeOf('--end', values.end);
  if (endMs <= startMs) throw new UsageError('--end must be after --start');
  for (const name of ['alertmanager', 'case'] as const) if (values[name] !== undefined) throw new UsageError(`--${name} is not yet supported`);
  const files = values.rules.map(readTextFile);
  const report = await withStored(dataDirOf(values.data), (source) => run({ files, source, startMs, endMs }));
  process.stdout.write(values.json === true ? `${JSON.stringify(json(report))}\n` : text(report));
  const failing = report.rules.find(({ failures }) => failures > 0);
  if (failing !== undefined)
    throw new EngineError('invalid', `${failing.file}:${failing.line}: ${failing.name} failed ${failing.failures} times, last: ${failing.lastError}`);
  return 0;
}

function timeOf(option: string, given: string | undefined): UnixMs {
  if (given === undefined) throw new UsageError(`a backtest needs ${option}`);
  const timeMs = parseTime(given);
  if (timeMs === undefined) throw new UsageError(`${option} "${given}" is neither RFC 3339 nor Unix seconds`);
  return timeMs;
}

function json({ startMs, endMs, firings, rules }: BacktestReport): object {
  return {
    start: formatTime(startMs),
    end: formatTime(endMs),
    firings: firings.map(({ labels, pendingMs, firedMs, resolvedMs, name, group, file }) => ({
      name,
      labels: labelsToRecord(labels),
      group,
      file,
      pending: formatTime(pendingMs),
      fired: formatTime(firedMs),
      resolved: resolvedMs === undefined ? null : formatTime(resolvedMs),
    })),
    rules,
  };
}

function text({ firings, rules }: BacktestReport): string {
  const evaluations = rules.reduce((sum, rule) => sum + rule.evaluations, 0);
  return `${firings.map(line).join('')}${firings.length} firings of ${rules.length} rules in ${evaluations} evaluations\n`;
}

function line({ name, labels, firedMs, resolvedMs }: Firing): string {
  const until = resolvedMs === undefined ? 'still firing at the end' : `until ${formatTime(resolvedMs)}`;
  return `${formatTime(firedMs)} ${name} ${formatLabels(labels)} ${until}\n`;
}
