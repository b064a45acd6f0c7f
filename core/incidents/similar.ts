/** Incidents of the past that look like this one, and what helped then. Everything comes from the logs on this machine. */
import { labelPairs, type Incident } from '#core/model/index.ts';
import type { Folded } from './fold.ts';

export interface Similar {
  readonly incident: Incident;
  /** 0..1; 1 is the same alerts on the same services with the same words. */
  readonly score: number;
  /** What they share, a few words each. */
  readonly shared: readonly string[];
  /** How that one was mitigated or resolved; empty when nobody wrote it down. */
  readonly helped: string;
}

/** What an incident is made of, each group of features with its share of the score. The alert's name says most. */
const weights = { alert: 0.5, place: 0.3, word: 0.2 } as const;
type Kind = keyof typeof weights;
type Features = Readonly<Record<Kind, ReadonlySet<string>>>;

const placeLabels = new Set(['service', 'job', 'namespace', 'cluster', 'instance', 'queue', 'topic', 'route', 'handler']);
/** Below this two incidents share hardly more than chance. */
const scoreMin = 0.2;
const wordCharsMin = 4;

/** The most similar ones, the best first; only those that began before this one. */
export function similarIncidents(to: Folded, all: readonly Folded[], limit: number): readonly Similar[] {
  const mine = featuresOf(to);
  return all
    .filter(({ incident }) => incident.id !== to.incident.id && incident.startedMs <= to.incident.startedMs)
    .map((other) => compare(mine, other))
    .filter(({ score }) => score >= scoreMin)
    .sort((a, b) => b.score - a.score || b.incident.startedMs - a.incident.startedMs)
    .slice(0, limit);
}

function compare(mine: Features, other: Folded): Similar {
  const theirs = featuresOf(other);
  const kinds = (Object.keys(weights) as Kind[]).filter((kind) => mine[kind].size > 0);
  const whole = kinds.reduce((sum, kind) => sum + weights[kind], 0);
  const score = kinds.reduce((sum, kind) => sum + weights[kind] * jaccard(mine[kind], theirs[kind]), 0) / (whole || 1);
  const shared = kinds.flatMap((kind) => [...mine[kind]].filter((feature) => theirs[kind].has(feature)));
  return { incident: other.incident, score, shared, helped: other.helped };
}

function featuresOf({ incident, alerts }: Folded): Features {
  const alert = new Set<string>();
  const place = new Set<string>();
  for (const { labels } of alerts.values()) {
    for (const [name, value] of labelPairs(labels)) {
      if (name === 'alertname') alert.add(value);
      else if (placeLabels.has(name)) place.add(`${name}=${value}`);
    }
  }
  const words = incident.title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return { alert, place, word: new Set(words.filter((word) => word.length >= wordCharsMin)) };
}

/** Shared of all; 0 for two empty sets. */
function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const bothCount = [...a].filter((feature) => b.has(feature)).length;
  return bothCount === 0 ? 0 : bothCount / (a.size + b.size - bothCount);
}
