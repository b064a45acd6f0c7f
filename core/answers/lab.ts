/** Rules and routes tried on stored time, beside those in force. */
import { replayPages, type Page, type ToldAlerts } from '#core/alerting/index.ts';
import type { In, LabAnswer, LabRun, RuleCheckView, RulePreview, SignalboxContract } from '#core/contract/index.ts';
import { parseAlertmanagerConfig, readRuleFile } from '#core/formats/index.ts';
import { EngineError, messageOf, type UnixMs } from '#core/model/index.ts';
import { samplesOf } from '#core/promql/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { backtest, compareFirings, lintRules, type BacktestReport } from '#core/rules/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import type { Parts } from './parts.ts';

type Question = In<SignalboxContract['rules.lab']>;

const firingsShown = 500;
const pagesShown = 500;
const samplesShown = 20;
/** More rules than this are not asked while somebody types. */
const previewsMax = 40;
/** Two months at an evaluation a minute take some ten seconds for a handful of rules. */
const spanMaxMs = 62 * 86_400_000;

interface Trial {
  readonly report: BacktestReport;
  readonly pages: readonly Page[];
}

/** Throws EngineError `invalid` for rules or routes that cannot be read, `limit` for too long a time. */
export async function labAnswer(parts: Parts, { dataset, before, after, startMs, endMs }: Question, signal: AbortSignal): Promise<LabAnswer> {
  if (endMs - startMs > spanMaxMs) throw new EngineError('limit', 'the lab tries at most 62 days at a time');
  const source = parts.datasets.of(dataset).metrics;
  const tried = (one: Question['before']): Promise<Trial> => attempt(parts, source, one, startMs, endMs, signal);
  const [old, now] = [await tried(before), await tried(after)];
  const rules = compareFirings(old.report.firings, now.report.firings).map(({ name, sentence }) => ({ name, sentence }));
  return { before: runView(old), after: runView(now), differences: [{ name: '', sentence: pagesSentence(old.pages, now.pages) }, ...rules] };
}

async function attempt(
  parts: Parts,
  source: Tsdb,
  { rules, routes }: Question['before'],
  startMs: UnixMs,
  endMs: UnixMs,
  signal: AbortSignal,
): Promise<Trial> {
  const { clock, alerting, config } = parts;
  const breathe = (): Promise<void> => new Promise((done) => void clock.after(0, done));
  const told: ToldAlerts[] = [];
  const { settings } = config();
  const report = await backtest({
    files: [{ path: 'rules', text: rules }],
    source,
    startMs,
    endMs,
    signal,
    externalLabels: settings.externalLabels,
    ...(settings.evaluationIntervalMs !== undefined && { intervalMs: settings.evaluationIntervalMs }),
    query: { clock, breathe },
    onAlerts: (alerts, timeMs) => void told.push({ alerts, timeMs }),
  });
  const routing = routes.trim() === '' ? alerting.config : parseAlertmanagerConfig(routes, 'alertmanager.yml');
  return { report, pages: await replayPages({ config: routing, told, startMs, endMs, breathe, signal }) };
}

function runView({ report, pages }: Trial): LabRun {
  const firing = pages.filter(({ status }) => status === 'firing');
  return {
    firings: report.firings
      .slice(0, firingsShown)
      .map(({ name, labels, pendingMs, firedMs, resolvedMs }) => ({ name, labels, pendingMs, firedMs, resolvedMs })),
    firingCount: report.firings.length,
    pages: pages.slice(0, pagesShown).map(({ atMs, receiver, reason, status, groupLabels, alerts }) => ({
      atMs,
      receiver,
      reason,
      resolved: status === 'resolved',
      labels: groupLabels,
      alertCount: alerts.length,
    })),
    pageCount: firing.length,
    failures: report.rules
      .filter(({ failures }) => failures > 0)
      .map(({ name, failures, lastError }) => `${name} failed ${failures} times: ${lastError}`),
  };
}

function pagesSentence(before: readonly Page[], after: readonly Page[]): string {
  const [old, now] = [before, after].map((pages) => pages.filter(({ status }) => status === 'firing')) as [Page[], Page[]];
  const count = (pages: readonly Page[]): string => (pages.length === 0 ? 'nobody' : pages.length === 1 ? 'once' : `${pages.length} times`);
  if (old.length === 0 || now.length === 0)
    return old.length === now.length ? 'nobody is paged either way' : `pages ${count(now)} instead of ${count(old)}`;
  const earlierMs = old[0]!.atMs - now[0]!.atMs;
  const minutes = Math.abs(earlierMs) < 60_000 ? `${Math.abs(earlierMs) / 1000} s` : `${Math.round(Math.abs(earlierMs) / 60_000)} min`;
  const when = earlierMs === 0 ? 'first at the same time' : `first ${minutes} ${earlierMs > 0 ? 'earlier' : 'later'}`;
  return old.length === now.length ? `pages ${count(now)} as before, ${when}` : `pages ${count(now)} instead of ${old.length}, ${when}`;
}

/** A rule file in the making: what is wrong with it, what is doubtful, and what it gives now. */
export async function checkView({ live, queries, clock }: Parts, file: string, text: string, signal: AbortSignal): Promise<RuleCheckView> {
  const { groups, problems } = readRuleFile(text, file, parseExpr);
  const metadata = live.metadata();
  const findings = lintRules(groups, (metric) => metadata.get(metric)?.type);
  const refused = problems.map((problem) => problemView(file, problem));
  if (problems.length > 0) return { problems: refused, findings, now: [] };
  const timeMs = clock.now();
  const asked = groups.flatMap(({ rules }) => rules).slice(0, previewsMax);
  const now = asked.map(async ({ name, line, kind, parsed }): Promise<RulePreview> => {
    try {
      const samples = samplesOf(await queries.instant(parsed, timeMs, { signal }));
      const shown = samples.slice(0, samplesShown).map(({ labels, value }) => ({ labels, value }));
      return { name, line, kind, count: samples.length, samples: shown, problem: '' };
    } catch (error) {
      return { name, line, kind, count: 0, samples: [], problem: messageOf(error) };
    }
  });
  return { problems: refused, findings, now: await Promise.all(now) };
}

/** `FILE:LINE: reason` taken apart. */
function problemView(file: string, problem: Error): RuleCheckView['problems'][number] {
  const sentence = messageOf(problem);
  const match = /^(\d+): ([\s\S]*)$/.exec(sentence.startsWith(`${file}:`) ? sentence.slice(file.length + 1) : sentence);
  return match === null ? { line: 0, sentence } : { line: Number(match[1]), sentence: match[2]! };
}
