import type { LogLevel } from '#core/model/index.ts';

/** Words for levels by senders: syslog, log4j, Python, Go, MySQL, java.util.logging, Monolog, Rust's tracing. */
const words: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  trc: 'trace',
  finest: 'trace',
  finer: 'trace',
  verbose: 'trace',
  vrb: 'trace',
  silly: 'trace',
  debug: 'debug',
  dbg: 'debug',
  dbug: 'debug',
  fine: 'debug',
  config: 'debug',
  info: 'info',
  inf: 'info',
  information: 'info',
  informational: 'info',
  notice: 'info',
  note: 'info',
  log: 'info',
  stats: 'info',
  statement: 'info',
  detail: 'info',
  hint: 'info',
  warn: 'warning',
  wrn: 'warning',
  warning: 'warning',
  error: 'error',
  err: 'error',
  eror: 'error',
  severe: 'error',
  failure: 'error',
  fail: 'error',
  crit: 'critical',
  critical: 'critical',
  fatal: 'critical',
  ftl: 'critical',
  alert: 'critical',
  emerg: 'critical',
  emergency: 'critical',
  panic: 'critical',
  dpanic: 'critical',
};

const wordCharsMax = 16;
/** Words whose level is remembered: names of hosts and services are asked for line by line. */
const wordsKept = 4096;
const kept = new Map<string, LogLevel | undefined>();

/** The level that a word such as `WARN`, `DEBUG5` or slog's `WARN+2` names; undefined when it names none. */
export function levelOfWord(word: string): LogLevel | undefined {
  if (word.length > wordCharsMax) return undefined;
  const known = kept.get(word);
  if (known !== undefined || kept.has(word)) return known;
  const level = levelOfNewWord(word);
  if (kept.size < wordsKept) kept.set(word, level);
  return level;
}

function levelOfNewWord(word: string): LogLevel | undefined {
  const lower = word.toLowerCase();
  if (Object.hasOwn(words, lower)) return words[lower];
  const bare = lower.replace(/[+-]?\d+$/, '');
  if (Object.hasOwn(words, bare)) return words[bare];
  return single[word];
}

const single: Readonly<Record<string, LogLevel | undefined>> = {
  T: 'trace',
  D: 'debug',
  I: 'info',
  N: 'info',
  W: 'warning',
  E: 'error',
  F: 'critical',
  C: 'critical',
};

/** Of bunyan and pino: tens from 10 trace to 60 fatal. */
export function levelOfTens(value: number): LogLevel {
  if (value >= 60) return 'critical';
  if (value >= 50) return 'error';
  if (value >= 40) return 'warning';
  if (value >= 30) return 'info';
  return value >= 20 ? 'debug' : value >= 10 ? 'trace' : 'unknown';
}

/** Of syslog: 0 emergency to 7 debug (RFC 5424, section 6.2.1). */
export function levelOfSeverity(value: number): LogLevel {
  if (value <= 2) return 'critical';
  return value === 3 ? 'error' : value === 4 ? 'warning' : value <= 6 ? 'info' : value === 7 ? 'debug' : 'unknown';
}

/** Of OpenTelemetry: 1 trace to 24 fatal, four numbers a level (logs data model, "SeverityNumber"). */
export function levelOfOtlp(value: number): LogLevel {
  if (!(value >= 1 && value <= 24)) return 'unknown';
  return (['trace', 'debug', 'info', 'warning', 'error', 'critical'] as const)[(value - 1) >> 2]!;
}

/** Of an HTTP status: what the server did wrong is an error, what the client did is a warning. */
export function levelOfStatus(status: number): LogLevel {
  return status >= 500 ? 'error' : status >= 400 ? 'warning' : 'info';
}

/** Only the beginning of a line says its level; further on the words are part of what is told. */
const headChars = 160;
const upper =
  /(?:^|[^A-Za-z0-9_])(TRACE|TRC|VRB|FINEST|FINER|DEBUG\d?|DBG|FINE|INFO?|NOTICE|WRN|WARN(?:ING)?|ERR(?:OR)?|SEVERE|FATAL|FTL|CRIT(?:ICAL)?|ALERT|EMERG(?:ENCY)?|PANIC|(?:LOG|STATEMENT|DETAIL|HINT)(?=:))(?![A-Za-z0-9_])/;
const marked =
  /(?:[[(<|]|\blevel[=:]\s*"?|\[[\d:]+\]:?\s|^)\s*(trace|debug|information|info|notice|note|fail|warn|warning|error|err|crit|critical|fatal|alert|emerg|panic)\s*(?:[\])>|:"]|\s|$)/i;
/** Cisco's `%ASA-4-106023:`: the severity of syslog. */
const mnemonic = /%[A-Z][A-Z0-9_]*-([0-7])-[A-Z0-9_]+:/;
/** Python's servers: `[W 2026-01-05 ...`; only what stands before the time is looked at. */
const initial = /^\[([DIWECF])\b/;
/** A letter behind the time: etcd's `E |`, Telegraf's `E! `, MongoDB's `E NETWORK`, Android's `E/Tag`. */
const letterBehind = /^[\])]?\s{1,3}([DIWEFNC])(?:!\s|\s\|\s|\/[A-Za-z]|\s{1,2}[A-Z]{3,}\s)/;
/** Redis' marks of its levels, behind `pid:role date`. */
const redisMark = /^\s([.*#-])\s/;
const redisLevels: Readonly<Record<string, LogLevel | undefined>> = { '.': 'debug', '-': 'debug', '*': 'info', '#': 'warning' };
const redisHead = /^\d{1,7}:[XCSM]\s/;
const saidError = /\b(?:error|exception|fatal|panic|traceback|failed|failure)\b/i;
const namedError = /[a-z](?:Error|Exception)\b/;
const saidWarning = /\bwarn(?:ing)?\b/i;

/** The level of a line of free text, from behind its timestamp. */
export function levelOfText(text: string, from = 0): LogLevel {
  const head = text.slice(from, from + headChars);
  const name = upper.exec(head)?.[1] ?? marked.exec(head)?.[1];
  if (name !== undefined) return levelOfWord(name) ?? 'unknown';
  const severity = head.includes('%') ? mnemonic.exec(head)?.[1] : undefined;
  if (severity !== undefined) return levelOfSeverity(Number(severity));
  const letter = head.charCodeAt(0) === 0x5b ? initial.exec(head)?.[1] : undefined;
  if (letter !== undefined) return levelOfWord(letter) ?? 'unknown';
  const behind = from > 0 ? letterBehind.exec(head)?.[1] : undefined;
  if (behind !== undefined) return levelOfWord(behind) ?? 'unknown';
  const mark = from > 0 && redisHead.test(text) ? redisMark.exec(head)?.[1] : undefined;
  if (mark !== undefined) return redisLevels[mark] ?? 'unknown';
  if (saidError.test(head) || namedError.test(head)) return 'error';
  return saidWarning.test(head) ? 'warning' : 'unknown';
}
