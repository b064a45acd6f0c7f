/** `signalbox backtest`: what rules would have fired on stored metrics, and when; with routes, who would have been told. */
import { replayPages, type Page, type ToldAlerts } from '#core/alerting/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
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
  const routes = values.alertmanager === undefined ? undefined : readTextFile(values.alertmanager);
  const config = routes === undefined ? undefined : parseAlertmanagerConfig(routes.text, routes.path);
  const files = values.rules.map(readTextFile);
  const told: ToldAlerts[] = [];
  const onAlerts = (alerts: ToldAlerts['alerts'], timeMs: UnixMs): void => void told.push({ timeMs, alerts });
  const report = await withStored(dataDirOf(values.data), values.case, (source) => run({ files, source, startMs, endMs, onAlerts }));
  const pages = config === undefined ? undefined : await replayPages({ config, told, startMs, endMs });
  process.stdout.write(values.json === true ? `${JSON.stringify(json(report, pages))}\n` : text(report, pages));
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

function json({ startMs, endMs, firings, rules }: BacktestReport, pages: readonly Page[] | undefined): object {
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
    ...(pages && { pages: pages.map(pageJson) }),
  };
}

function pageJson({ atMs, receiver, status, reason, groupLabels, alerts }: Page): object {
  return {
    time: formatTime(atMs),
    receiver,
    status,
    reason,
    group: labelsToRecord(groupLabels),
    alerts: alerts.map((alert) => ({ status: alert.status, labels: labelsToRecord(alert.labels) })),
  };
}

function text({ firings, rules }: BacktestReport, pages: readonly Page[] | undefined): string {
  const evaluations = rules.reduce((sum, rule) => sum + rule.evaluations, 0);
  const fired = `${firings.map(line).join('')}${firings.length} firings of ${rules.length} rules in ${evaluations} evaluations\n`;
  return pages === undefined ? fired : `${fired}${pages.map(pageLine).join('')}${pages.length} notifications\n`;
}

function pageLine({ atMs, receiver, status, reason, groupLabels, alerts }: Page): string {
  const firing = alerts.filter((alert) => alert.status === 'firing').length;
  const what = status === 'resolved' ? `${alerts.length} resolved` : `${firing} firing`;
  return `${formatTime(atMs)} -> ${receiver} ${formatLabels(groupLabels)} ${what} (${reason})\n`;
}

function line({ name, labels, firedMs, resolvedMs }: Firing): string {
  const until = resolvedMs === undefined ? 'still firing at the end' : `until ${formatTime(resolvedMs)}`;
  return `${formatTime(firedMs)} ${name} ${formatLabels(labels)} ${until}\n`;
}
