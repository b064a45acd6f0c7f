import { labelsFrom, type LogLevel } from '#core/model/index.ts';
import { JsonScan, stringEnd, type Member } from './json-scan.ts';
import { levelOfOtlp, levelOfSeverity, levelOfTens, levelOfText, levelOfWord } from './level.ts';
import type { Reading } from './reading.ts';
import type { TimeReader } from './time.ts';

export type Role = 'time' | 'level' | 'service' | 'message' | 'severity' | 'realtime' | 'docker' | 'stream' | 'unit' | 'host' | 'wrapped' | 'labels';

/** Keys by what they mean, of zap, zerolog, logrus, slog, pino, bunyan, winston, Serilog, ECS, GELF, log4j, structlog, journald, Docker. */
const roles: Readonly<Record<string, Role>> = {
  time: 'time',
  ts: 'time',
  timestamp: 'time',
  '@timestamp': 'time',
  '@t': 'time',
  datetime: 'time',
  date: 'time',
  asctime: 'time',
  eventTime: 'time',
  timeMillis: 'time',
  '@time': 'time',
  T: 'time',
  level: 'level',
  lvl: 'level',
  severity: 'level',
  'log.level': 'level',
  loglevel: 'level',
  logLevel: 'level',
  levelname: 'level',
  level_name: 'level',
  '@level': 'level',
  '@l': 'level',
  severity_text: 'level',
  severityText: 'level',
  error_severity: 'level',
  L: 'level',
  'service.name': 'service',
  service_name: 'service',
  service: 'service',
  app: 'service',
  application: 'service',
  msg: 'message',
  message: 'message',
  PRIORITY: 'severity',
  __REALTIME_TIMESTAMP: 'realtime',
  _SYSTEMD_UNIT: 'unit',
  SYSLOG_IDENTIFIER: 'service',
  _HOSTNAME: 'host',
  MESSAGE: 'wrapped',
  log: 'docker',
  stream: 'stream',
  line: 'wrapped',
  labels: 'labels',
};

/** What the value of a key means; undefined for most keys. */
export function roleOf(key: string): Role | undefined {
  if (Object.hasOwn(roles, key)) return roles[key];
  // .NET writes names with capitals.
  const lower = key.toLowerCase();
  return Object.hasOwn(roles, lower) && lower !== 'log' && lower !== 'line' ? roles[lower] : undefined;
}

/** Labels of the stream that are named by members. */
export const nameLabels: Readonly<Partial<Record<Role, string>>> = { service: 'service_name', unit: 'unit', host: 'host', stream: 'stream' };

/** A name for the stream; longer ones, and ones with blanks, are no names. */
export const nameForm = /^[^\s"\\]{1,100}$/;
const nestedDepthMax = 3;

/** Lines that are one JSON object each, and what container runtimes, journald and Loki's own client write so. */
export class JsonLines {
  readonly #scan = new JsonScan(roleOf);

  /** False when the line is no whole JSON object. */
  read(line: string, into: Reading, time: TimeReader): boolean {
    const first = line.charCodeAt(0);
    if ((first !== 0x7b && first !== 0x20) || !this.#scan.scan(line)) return false;
    into.format = 'JSON';
    const { members } = this.#scan;
    for (let i = 0; i < members.length; i++) take(members[i]!, line, into, time);
    if (members.length > 1) this.#unwrap(line, members, into);
    if (!into.hasTime || into.level === 'unknown') lookDeeper(line, into, time);
    return true;
  }

  /** The line inside the line, of wrappers that are known by their keys. */
  #unwrap(line: string, members: readonly Member<Role>[], into: Reading): void {
    const wrapper = members.find(({ role }) => role === 'docker' || role === 'wrapped');
    if (wrapper === undefined || line.charCodeAt(wrapper.from) !== 0x22) return;
    const has = (role: Role): boolean => members.some((member) => member.role === role);
    if (wrapper.role === 'docker' && has('stream') && has('time')) into.format = 'Docker json-file';
    else if (wrapper.role === 'wrapped' && has('realtime')) into.format = 'journald JSON';
    else if (wrapper.role === 'wrapped' && has('labels') && has('time')) into.format = 'logcli JSON lines';
    else return;
    const inner = JSON.parse(line.slice(wrapper.from, wrapper.to)) as string;
    into.isPartial = wrapper.role === 'docker' && !inner.endsWith('\n');
    into.line = inner.endsWith('\n') ? inner.slice(0, -1) : inner;
    if (into.format === 'logcli JSON lines')
      into.stream = labelsOf(
        line,
        members.find(({ role }) => role === 'labels')!,
      );
  }
}

function take({ role, from, to }: Member<Role>, line: string, into: Reading, time: TimeReader): void {
  switch (role) {
    case 'time':
      if (!into.hasTime && timeOf(line, from, to, time)) into.takeTime(time);
      return;
    case 'realtime':
      if (time.number(Number(textOf(line, from, to)))) into.takeTime(time);
      return;
    case 'level':
      if (into.level === 'unknown') into.level = levelOf(line, from, to);
      return;
    case 'severity':
      into.level = levelOfSeverity(Number(textOf(line, from, to)));
      return;
    case 'service':
    case 'unit':
    case 'host':
    case 'stream':
      return name(nameLabels[role]!, line, from, to, into);
    case 'message':
    case 'docker':
    case 'wrapped':
    case 'labels':
  }
}

function textOf(line: string, from: number, to: number): string {
  return line.charCodeAt(from) === 0x22 ? line.slice(from + 1, to - 1) : line.slice(from, to);
}

function name(label: string, line: string, from: number, to: number, into: Reading): void {
  if (line.charCodeAt(from) !== 0x22) return;
  const text = line.slice(from + 1, to - 1);
  if (!into.stream.includes(label) && nameForm.test(text)) into.stream = [...into.stream, label, text];
}

function timeOf(line: string, from: number, to: number, time: TimeReader): boolean {
  if (line.charCodeAt(from) === 0x22) return time.at(line, from + 1) && time.end <= to;
  const c = line.charCodeAt(from);
  return c >= 0x30 && c <= 0x39 && time.numberText(line.slice(from, to));
}

function levelOf(line: string, from: number, to: number): LogLevel {
  const text = textOf(line, from, to);
  if (line.charCodeAt(from) === 0x22) return levelOfWord(text) ?? (/^\d+$/.test(text) ? levelOfNumber(Number(text), line) : 'unknown');
  return levelOfNumber(Number(text), line);
}

/** Tens are bunyan's and pino's; small numbers are syslog's in GELF and mean nothing certain elsewhere. */
function levelOfNumber(value: number, line: string): LogLevel {
  if (value >= 10) return levelOfTens(value);
  return line.includes('"short_message"') ? levelOfSeverity(value) : 'unknown';
}

function labelsOf(line: string, { from, to }: Member<Role>): readonly string[] {
  const json = JSON.parse(line.slice(from, to)) as Record<string, unknown>;
  return labelsFrom(Object.entries(json).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])));
}

const timeKey = /time|date|^ts$|_at$/i;

/** For lines whose time or level is in an inner object, or under a key that only sounds like one. */
function lookDeeper(line: string, into: Reading, time: TimeReader): void {
  const document = parsed(line);
  if (document === undefined) return;
  if (!into.hasTime && findTime(document, time, 0)) into.takeTime(time);
  if (into.level === 'unknown') into.level = findLevel(document, 0) ?? 'unknown';
  if (into.level === 'unknown') into.level = levelOfMessage(document);
}

function parsed(line: string): object | undefined {
  try {
    return JSON.parse(line) as object;
  } catch {
    // Balanced, but with a bad number or escape inside: it stays a line of text.
    return undefined;
  }
}

function findTime(json: object, time: TimeReader, depth: number): boolean {
  const { epochSecond, nanoOfSecond } = json as { epochSecond?: unknown; nanoOfSecond?: unknown };
  if (typeof epochSecond === 'number' && typeof nanoOfSecond === 'number') {
    time.seconds = epochSecond;
    time.nanos = nanoOfSecond;
    return true;
  }
  const { seconds, nanos } = json as { seconds?: unknown; nanos?: unknown };
  if (typeof seconds === 'number' && typeof nanos === 'number' && time.number(seconds)) {
    time.nanos = nanos;
    return true;
  }
  for (const [key, value] of Object.entries(json)) {
    if (typeof value === 'string' && (timeKey.test(key) || roles[key] === 'time') && time.whole(value)) return true;
    if (typeof value === 'number' && timeKey.test(key) && time.number(value)) return true;
  }
  return depth < nestedDepthMax && Object.values(json).some((value) => isInner(value) && findTime(value, time, depth + 1));
}

function findLevel(json: object, depth: number): LogLevel | undefined {
  for (const [key, value] of Object.entries(json)) {
    if (typeof value === 'string' && roleOf(key) === 'level') return levelOfWord(value);
    if (typeof value === 'number' && (key === 'severityNumber' || key === 'SeverityNumber')) return levelOfOtlp(value);
  }
  if (depth === 0) {
    const { s, c, '@t': at, '@mt': template, '@m': message } = json as Record<string, unknown>;
    // MongoDB's severity beside its component; Serilog leaves out the level of information.
    if (typeof s === 'string' && typeof c === 'string' && /^(?:[FEWI]|D\d?)$/.test(s)) return levelOfWord(s);
    if (typeof at === 'string' && (template ?? message) !== undefined) return 'info';
  }
  if (depth >= nestedDepthMax) return undefined;
  for (const value of Object.values(json)) {
    const found = isInner(value) ? findLevel(value, depth + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function levelOfMessage(json: object): LogLevel {
  const { msg, message, MESSAGE, log } = json as Record<string, unknown>;
  const text = msg ?? message ?? MESSAGE ?? log;
  return typeof text === 'string' ? levelOfText(text) : 'unknown';
}

function isInner(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a line begins as a JSON object does: one that is not whole was cut. */
export function beginsAsJson(line: string): boolean {
  return line.charCodeAt(0) === 0x7b && stringEnd(line, line.indexOf('"')) > 0;
}
