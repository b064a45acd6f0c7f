import type { Scraper } from '#core/intake/index.ts';
import {
  compareText,
  formatDuration,
  labelPairs,
  labelsKey,
  labelsToRecord,
  matcher,
  matchesLabels,
  messageOf,
  METRIC_NAME,
} from '#core/model/index.ts';
import type { HttpAnswer, Labels, Matcher, Target } from '#core/model/index.ts';
import { parseMatchers } from '#core/promql/syntax/index.ts';
import type { TsdbView } from '#core/tsdb/index.ts';
import { plainly, timeText } from './answer.ts';
import { numberParam, refused, type Params } from './params.ts';

type Targets = Pick<Scraper, 'targets' | 'jobs' | 'discovered'>;

/** GET /api/v1/targets, with `state` and `scrapePool`: those that are scraped, and those that relabelling dropped. */
export function listTargets(scraper: Targets, params: Params): HttpAnswer {
  const state = (params.get('state') ?? '').toLowerCase();
  const pool = params.get('scrapePool') ?? '';
  const wanted = (job: string): boolean => pool === '' || job === pool;
  const [showsActive, showsDropped] = [state !== 'dropped', state !== 'active'];
  const dropped = showsDropped ? droppedTargets(scraper) : [];
  return plainly({
    activeTargets: showsActive ? activeTargets(scraper, wanted) : [],
    droppedTargets: dropped.filter(({ scrapePool }) => wanted(scrapePool)),
    droppedTargetCounts: showsDropped ? countsOf(scraper.jobs(), dropped) : null,
  });
}

interface DroppedTarget {
  readonly discoveredLabels: object;
  readonly scrapePool: string;
}

function droppedTargets(scraper: Targets): DroppedTarget[] {
  return [...scraper.jobs()].sort(compareText).flatMap((job) =>
    scraper
      .discovered(job)
      .filter(({ target, problem }) => target === undefined && problem === '')
      .map(({ discovered }) => ({ discoveredLabels: labelsToRecord(discovered), scrapePool: job })),
  );
}

function countsOf(jobs: readonly string[], dropped: readonly DroppedTarget[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...jobs].sort(compareText).map((job) => [job, dropped.filter(({ scrapePool }) => scrapePool === job).length]));
}

function activeTargets(scraper: Targets, wanted: (job: string) => boolean): object[] {
  const key = (job: string, url: string, labels: Labels): string => `${job}\n${url}\n${labelsKey(labels)}`;
  const found = new Map(
    scraper
      .jobs()
      .flatMap((job) =>
        scraper
          .discovered(job)
          .flatMap(({ target, discovered }) => (target === undefined ? [] : [[key(job, target.url, target.labels), discovered] as const])),
      ),
  );
  return scraper
    .targets()
    .filter(({ job }) => wanted(job))
    .sort((a, b) => compareText(a.job, b.job))
    .map((target) => targetJson(target, found.get(key(target.job, target.url, target.labels)) ?? target.labels));
}

function targetJson(target: Target, discovered: Labels): object {
  return {
    discoveredLabels: labelsToRecord(discovered),
    labels: labelsToRecord(target.labels),
    scrapePool: target.job,
    scrapeUrl: target.url,
    globalUrl: target.url,
    lastError: target.lastError,
    lastScrape: timeText(target.lastScrapeMs),
    lastScrapeDuration: target.lastDurationMs / 1000,
    health: target.health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.timeoutMs),
  };
}

/** GET /api/v1/targets/metadata: what the metrics of each target are, as far as their expositions say it. */
export function listTargetMetadata(targets: readonly Target[], store: TsdbView, params: Params): HttpAnswer {
  const limit = numberParam(params, 'limit', 'limit must be a number') ?? -1;
  const matchers = targetMatchers(params);
  const metric = params.get('metric') ?? '';
  const metadata = store.metadata();
  const found: object[] = [];
  for (const { labels } of targets.filter((target) => matchesLabels(matchers, target.labels))) {
    const own = [...labelPairs(labels)].map(([name, value]) => matcher(name, '=', value));
    for (const name of namesWithMetadata(store.labelValues(METRIC_NAME, own), metadata)) {
      if (metric !== '' && name !== metric) continue;
      if (limit >= 0 && found.length >= limit) return plainly(found);
      const known = metadata.get(name);
      if (known !== undefined)
        found.push({
          target: labelsToRecord(labels),
          ...(metric === '' ? { metric: name } : {}),
          type: known.type,
          help: known.help,
          unit: known.unit,
        });
    }
  }
  return plainly(found);
}

/** The names of metadata: a histogram's is that of its series without their endings. */
function namesWithMetadata(names: readonly string[], metadata: ReadonlyMap<string, unknown>): Set<string> {
  return new Set(names.map((name) => (metadata.has(name) ? name : name.replace(/_(bucket|sum|count|total|info)$/, ''))));
}

function targetMatchers(params: Params): readonly Matcher[] {
  const text = params.get('match_target') ?? '';
  if (text === '') return [];
  try {
    return parseMatchers(text);
  } catch (error) {
    throw refused('match_target', messageOf(error));
  }
}
