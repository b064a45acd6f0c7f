import { readFileSync } from 'node:fs';
import { parseMatchers } from '#core/formats/index.ts';
import { labelsFrom, labelsToRecord, parseDuration, parseTime, type Matcher } from '#core/model/index.ts';

/** A timetable, as timetables/README.md describes it. All times in ms from the start. */
export interface Timetable {
  readonly startMs: number;
  /** alertmanager.yml, with the receivers' URLs as they stand in the file. */
  readonly config: string;
  readonly steps: readonly Step[];
  readonly expected: readonly Told[];
  readonly untilMs: number;
}

export type Texts = Readonly<Record<string, string>>;

export type Step = { readonly atMs: number } & (
  | { readonly verb: 'fire'; readonly name: string; readonly labels: Texts; readonly annotations?: Texts; readonly forMs: number | undefined }
  | { readonly verb: 'resolve' | 'unsilence' | 'refuse' | 'accept'; readonly name: string }
  | { readonly verb: 'silence'; readonly name: string; readonly matchers: readonly Matcher[]; readonly forMs: number }
  | { readonly verb: 'restart' }
);

/** One notification: who is told of which alerts, by their names in the timetable, in the order of the message. */
export interface Told {
  readonly atMs: number;
  readonly receiver: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

/** What a receiver got: Alertmanager's webhook JSON. */
export interface Delivery {
  readonly atMs: number;
  readonly receiver: string;
  readonly body: WebhookBody;
}

export interface WebhookBody {
  readonly status: string;
  readonly receiver: string;
  readonly groupKey: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

export function readTimetable(path: string): Timetable {
  const sections: Record<string, string[]> = { config: [], timeline: [], expect: [] };
  let [section, start, until] = ['', '2026-01-05T03:00:00Z', ''];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [word, rest] = line.split(' ', 2) as [string, string?];
    if (line.startsWith(' ')) sections[section]!.push(line.slice(2));
    else if (word === 'start') start = rest!;
    else if (word === 'until') until = rest!;
    else if (word in sections) section = word;
    else if (line.trim() !== '' && !line.startsWith('#')) throw new Error(`${path}: what is ${JSON.stringify(line)}?`);
  }
  const lines = (name: string): string[] => sections[name]!.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  return {
    startMs: parseTime(start)!,
    config: sections['config']!.join('\n'),
    steps: lines('timeline').map(readStep),
    expected: lines('expect').map(readTold),
    untilMs: readTimeOffset(until),
  };
}

/** A duration whose last part may have decimals: `1h30s`, `0.5s`. */
function readTimeOffset(text: string): number {
  const found = /^(.*?)(\d+)\.(\d+)s$/.exec(text);
  if (found === null) return parseDuration(text === '0s' ? '0' : text)!;
  return (found[1] === '' ? 0 : parseDuration(found[1]!)!) + Math.round(Number(`${found[2]}.${found[3]}`) * 1000);
}

function readStep(line: string): Step {
  const found = /^(\S+)\s+(\w+)(?:\s+(\w+))?(?:\s+(\{.*\}))?(?:\s+for (\S+))?$/.exec(line);
  if (found === null) throw new Error(`what is ${JSON.stringify(line)}?`);
  const [, at, verb, name = '', braces = '', duration] = found as unknown as [string, string, string, string?, string?, string?];
  const base = { atMs: readTimeOffset(at), name };
  const forMs = duration === undefined ? undefined : readTimeOffset(duration);
  switch (verb) {
    case 'fire':
      return { ...base, verb, labels: labelsToRecord(labelsFrom(parseMatchers(braces).map((m) => [m.name, m.value] as const))), forMs };
    case 'silence':
      return { ...base, verb, matchers: parseMatchers(braces), forMs: forMs! };
    case 'resolve':
    case 'unsilence':
    case 'refuse':
    case 'accept':
    case 'restart':
      return { ...base, verb };
    default:
      throw new Error(`there is no verb ${verb}`);
  }
}

function readTold(line: string): Told {
  const [at, receiver, ...rest] = line.replaceAll(',', ' ').split(/\s+/) as [string, string, ...string[]];
  const cut = rest.includes('resolved') ? rest.indexOf('resolved') : rest.length;
  return { atMs: readTimeOffset(at), receiver, firing: rest.slice(0, cut), resolved: rest.slice(cut + 1) };
}

/** A delivery in the timetable's words. */
export function inWords(timetable: Timetable, { atMs, receiver, body }: Delivery): Told {
  const names = new Map(timetable.steps.flatMap((step) => (step.verb === 'fire' ? [[keyOf(step.labels), step.name] as const] : [])));
  const of = (status: string): string[] =>
    body.alerts.filter((a) => a.status === status).map(({ labels }) => names.get(keyOf(labels)) ?? keyOf(labels));
  return { atMs, receiver, firing: of('firing'), resolved: of('resolved') };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
