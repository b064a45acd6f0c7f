/** `signalbox rootcause`: ranked suspects of a case and a window, with the evidence for each. */
import { AttributeFile } from '#core/config/index.ts';
import { Attributes, rankRootCauses, readCase, type RootCauseAnswer, type Suspect, type TimeWindow } from '#core/correlate/index.ts';
import { existingCase, openCase } from '#core/intake/index.ts';
import { formatTime, parseTime, type UnixMs } from '#core/model/index.ts';
import { systemClock } from '../clock.ts';
import { readArgs, refusePositionals, UsageError } from './arguments.ts';
import { dataDirOf } from './stored.ts';

const options = {
  case: { type: 'string' },
  start: { type: 'string' },
  end: { type: 'string' },
  data: { type: 'string' },
  json: { type: 'boolean' },
} as const;
const suspectsShown = 10;
const metricsShown = 10;

export async function rootcause(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, options);
  refusePositionals(positionals);
  if (values.case === undefined) throw new UsageError('name the case with --case');
  const window = { startMs: timeOf('--start', values.start), endMs: timeOf('--end', values.end) };
  if (window.endMs <= window.startMs) throw new UsageError('--end must be after --start');
  const dataDir = dataDirOf(values.data);
  const stores = openCase(existingCase(dataDir, values.case), systemClock);
  try {
    const attributes = new Attributes(new AttributeFile(dataDir).map);
    const answer = await rankRootCauses(await readCase(stores, window, { attributes }), window);
    process.stdout.write(values.json === true ? `${JSON.stringify(jsonOf(answer))}\n` : textOf(answer));
  } finally {
    await stores.close();
  }
  return 0;
}

function timeOf(option: string, given: string | undefined): UnixMs {
  if (given === undefined) throw new UsageError(`a ranking needs ${option}`);
  const timeMs = parseTime(given);
  if (timeMs === undefined) throw new UsageError(`${option} "${given}" is neither RFC 3339 nor Unix seconds`);
  return timeMs;
}

const rangeOf = ({ startMs, endMs }: TimeWindow): { start: string; end: string } => ({ start: formatTime(startMs), end: formatTime(endMs) });

function jsonOf({ window, baseline, suspects, metrics, notes }: RootCauseAnswer): object {
  return {
    window: rangeOf(window),
    baseline: rangeOf(baseline),
    suspects: suspects.map((suspect, i) => ({ rank: i + 1, ...suspect })),
    metrics: metrics.map((metric, i) => ({ rank: i + 1, ...metric })),
    notes,
  };
}

function textOf({ window, baseline, suspects, metrics, notes }: RootCauseAnswer): string {
  const head = `${rangeOf(window).start} to ${rangeOf(window).end}, compared with ${rangeOf(baseline).start} to ${rangeOf(baseline).end}\n`;
  const body = suspects.slice(0, suspectsShown).map((suspect, i) => suspectText(suspect, i + 1));
  const none = suspects.length === 0 ? 'not enough data: no series, span or log line of a service lies in the window\n' : '';
  const series = metrics.slice(0, metricsShown).map(({ name, score }, i) => `${i + 1}. ${name} (${score.toFixed(2)})\n`);
  const bySeries = series.length === 0 ? '' : `by metric:\n${series.join('')}`;
  return head + none + body.join('') + bySeries + notes.map((note) => `note: ${note}\n`).join('');
}

const suspectText = ({ service, score, evidence }: Suspect, rank: number): string =>
  `${rank}. ${service} (${score.toFixed(2)})\n${evidence.map(({ text }) => `   ${text}\n`).join('')}`;
