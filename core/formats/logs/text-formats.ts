import { stringEnd } from './json-scan.ts';
import { levelOfSeverity, levelOfStatus, levelOfText, levelOfWord } from './level.ts';
import type { LineFormat, Reading } from './reading.ts';
import { digits } from './time-forms.ts';
import type { TimeReader } from './time.ts';

/** `2021-01-01T00:00:00.000000000Z stdout F text`: what containerd and CRI-O write (kubernetes, CRI logging format). */
export const cri: LineFormat = (line, into, time) => {
  if (!time.iso(line, 0)) return false;
  const { end } = time;
  const stream = line.startsWith(' stdout ', end) ? 'stdout' : line.startsWith(' stderr ', end) ? 'stderr' : undefined;
  const flag = line.charAt(end + 8);
  if (stream === undefined || (flag !== 'F' && flag !== 'P')) return false;
  into.format = 'CRI';
  into.takeTime(time);
  into.stream = ['stream', stream];
  into.isPartial = flag === 'P';
  into.line = line.slice(end + 10);
  return true;
};

const klogForm = /^([IWEF])(?:\d{4})?\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\s:]+:\d+\]/;

/** klog and glog: `E0517 15:04:22.619632 1952452992 file.cc:253] text`. */
export const klog: LineFormat = (line, into, time) => {
  const found = klogForm.exec(line);
  if (found === null || !time.at(line, 0)) return false;
  into.format = 'klog';
  into.takeTime(time);
  into.level = levelOfWord(found[1]!) ?? 'unknown';
  return true;
};

const syslog5424 = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|\[)/;

/** RFC 5424. */
export const syslogNew: LineFormat = (line, into, time) => {
  const [whole, priority, , host, app] = line.charCodeAt(0) === 0x3c ? (syslog5424.exec(line) ?? []) : [];
  if (whole === undefined) return false;
  into.format = 'syslog (RFC 5424)';
  if (time.iso(line, line.indexOf(' ') + 1)) into.takeTime(time);
  into.level = levelOfSeverity(Number(priority) & 7);
  into.stream = named('host', host, 'service_name', app);
  return true;
};

const syslogHead = /^ ([A-Za-z0-9_.:-]+) (?:([A-Za-z0-9_./-]{1,64}?)(?:\[[^\]]{1,32}\])?: )?/;

/** RFC 3164, with its priority or without, and with the times that rsyslog can be told to write instead. */
export const syslogOld: LineFormat = (line, into, time) => {
  const priority = line.charCodeAt(0) === 0x3c ? (/^<(\d{1,3})>/.exec(line)?.[1] ?? '') : '';
  const from = priority === '' ? 0 : priority.length + 2;
  const c = line.charCodeAt(from);
  const isWord = !(c >= 0x30 && c <= 0x39);
  if ((isWord && !/^\S{3,5} /.test(line.slice(from, from + 6))) || (!isWord && line.charCodeAt(from + 4) !== 0x2d) || !time.at(line, from))
    return false;
  const { end } = time;
  const [head, host, app] = syslogHead.exec(line.slice(end, end + 200)) ?? [];
  if (head === undefined || (!time.isPartial && app === undefined) || levelOfWord(host!) !== undefined) return false;
  into.format = 'syslog (RFC 3164)';
  into.takeTime(time);
  into.level = priority === '' ? levelOfText(line, end + head.length) : levelOfSeverity(Number(priority) & 7);
  into.stream = named('host', host, 'service_name', app);
  return true;
};

function named(...pairs: (string | undefined)[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const value = pairs[i + 1];
    if (value !== undefined && value !== '' && value !== '-') out.push(pairs[i]!, value);
  }
  return out;
}

const [slash, colon, bracketEnd, dash] = '/:]-'.split('').map((text) => text.charCodeAt(0)) as [number, number, number, number];
/** What may stand between the time and the request of an access log. */
const betweenCharsMax = 200;

/** Apache's and nginx' access logs: common, combined, with a host before or times behind. */
export const access: LineFormat = (line, into, time) => {
  const bracket = line.indexOf('[');
  if (bracket === 0) return line.startsWith('[pid: ') ? applied(line, into, time) : proxied(line, into, time);
  if (bracket < 0 && cached(line, into, time)) return true;
  if (bracket < 3 || bracket > 300) return balanced(line, into, time);
  const isCommon = line.charCodeAt(bracket + 3) === slash && line.charCodeAt(bracket + 7) === slash && line.charCodeAt(bracket + 12) === colon;
  return isCommon && time.at(line, bracket + 1) && (requested(line, into, time) || balancedByHaproxy(line, into, time));
};

/** Takes over the time that was read last and the level of a status. */
function answered(status: number, into: Reading, time: TimeReader): true {
  into.format = 'access log';
  into.takeTime(time);
  into.level = levelOfStatus(status);
  return true;
}

/** HAProxy's `httplog`: frontend, backend and server, five durations, the status (-1 when there is none) and the bytes. */
function balancedByHaproxy(line: string, into: Reading, time: TimeReader): boolean {
  const found = /^\] \S+ \S+\/\S+ [-+\d]+(?:\/[-+\d]+){2,6} (-1|\d{3}) \+?\d+ /.exec(line.slice(time.end, time.end + 300));
  return found !== null && answered(found[1] === '-1' ? 503 : Number(found[1]), into, time);
}

/** Squid's own form: seconds since 1970, the duration, the client, what the cache did and the status. */
function cached(line: string, into: Reading, time: TimeReader): boolean {
  const found = line.charCodeAt(10) === 0x2e ? /^\d{10}\.\d{3} +\d+ \S+ [A-Z_]+\/(\d{3}) \d+ [A-Z]+ /.exec(line.slice(0, 200)) : null;
  return found !== null && time.at(line, 0) && answered(Number(found[1]), into, time);
}

/** uWSGI's: the time stands in the middle, the status at the end. */
function applied(line: string, into: Reading, time: TimeReader): boolean {
  const bracket = line.indexOf('} [');
  const status = /\(HTTP\/[\d.]+ (\d{3})\)/.exec(line)?.[1];
  return bracket > 0 && status !== undefined && time.at(line, bracket + 3) && answered(Number(status), into, time);
}

/** Envoy's: `[2026-01-05T03:00:00.123Z] "GET / HTTP/1.1" 503 UF ...`. */
function proxied(line: string, into: Reading, time: TimeReader): boolean {
  return time.iso(line, 1) && requested(line, into, time);
}

/** Reads what stands behind the time, which must be in brackets: the request in quotes, and the status. */
function requested(line: string, into: Reading, time: TimeReader): boolean {
  if (line.charCodeAt(time.end) !== bracketEnd) return false;
  const opening = line.indexOf('"', time.end);
  const closing = opening < 0 || opening - time.end > betweenCharsMax ? -1 : stringEnd(line, opening);
  let at = closing;
  while (isBlank(line.charCodeAt(at))) at++;
  if (closing < 0 || at === closing) return false;
  const status = line.charCodeAt(at) === dash ? 0 : digits(line, at, 3);
  if (status < 0 || !isBlank(line.charCodeAt(status === 0 ? at + 1 : at + 3))) return false;
  return answered(status, into, time);
}

const isBlank = (c: number): boolean => c === 0x20 || c === 0x09;

const balancerForm =
  /^(?:(?:https?|h2|grpcs?|wss?) )?(?=(\d{4}-\d\d-\d\dT\S+Z) )\S+ \S+ \S+:\d+ (?:\S+:\d+|-) -?[\d.]+ -?[\d.]+ -?[\d.]+ (\d{3}|-) (?:\d{3}|-) \d+ \d+ "/;

/** AWS' load balancers, application and classic: the status that the client got stands behind three durations. */
function balanced(line: string, into: Reading, time: TimeReader): boolean {
  const found = line.endsWith('Z') || !line.includes('Z ') ? null : balancerForm.exec(line.slice(0, 400));
  if (found === null || !time.iso(found[1]!, 0)) return false;
  return answered(Number(found[2]), into, time);
}

/** What stands before the brackets: a priority (`dmesg --raw`), or facility and level (`dmesg --decode`). */
const kernelHead = /^(?:<(\d{1,3})>|[a-z]+\d? {0,6}:(\w{3,6}) {0,4}: )?/;

/** What the kernel writes with seconds since it started: `[12345.678901] usb 1-1: text`. They are no times of day. */
export const kernel: LineFormat = (line, into, time) => {
  const c = line.charCodeAt(0);
  const head = c === 0x5b || c === 0x3c || (c >= 0x61 && c <= 0x7a) ? kernelHead.exec(line) : null;
  if (head === null || !(line.charCodeAt(head[0].length) === 0x5b)) return false;
  const [before, priority, word] = head;
  const seconds = /^\[ {0,4}\d{1,9}\.\d{6}\](?: |$)/.exec(line.slice(before.length, before.length + 20));
  const isDated = seconds === null && before !== '' && time.at(line, before.length + 1) && line.charCodeAt(time.end) === bracketEnd;
  if (seconds === null && !isDated) return false;
  into.format = 'kernel log';
  if (isDated) into.takeTime(time);
  if (word !== undefined) into.level = levelOfWord(word) ?? 'unknown';
  else if (priority !== undefined) into.level = levelOfSeverity(Number(priority) & 7);
  else into.level = levelOfText(line, seconds?.[0].length);
  return true;
};

const composePrefix = /^(?:\p{Cc}\[[0-9;]*[A-Za-z])*([A-Za-z0-9][A-Za-z0-9_.-]{0,63})\s*\| ?/u;

/** What docker compose puts before each line: `web-1  | `. The length of it; 0 when there is none. */
export function composeHead(line: string): { readonly service: string; readonly length: number } | undefined {
  const found = line.indexOf('|') < 0 ? null : composePrefix.exec(line);
  return found === null ? undefined : { service: found[1]!, length: found[0].length };
}

/** A timestamp is looked for in this much of a line: levels, threads, process ids and addresses may stand before it. */
const headChars = 100;
const escapes = /^(?:\p{Cc}\[[0-9;]*[A-Za-z])+/u;

/** Text with a timestamp of any common form near its beginning. */
export const dated: LineFormat = (line, into, time) => {
  const skipped = line.charCodeAt(0) === 0x1b ? (escapes.exec(line)?.[0].length ?? 0) : 0;
  const c = line.charCodeAt(skipped);
  // Lines that are indented belong to the one before them, whatever they hold.
  if (c === 0x20 || c === 0x09) return false;
  const from = timeWithin(line, skipped, time);
  if (from < 0) return false;
  into.format = 'text';
  into.takeTime(time);
  const ahead = from > skipped + 1 ? levelOfText(line.slice(skipped, from)) : 'unknown';
  into.level = ahead === 'unknown' ? levelOfText(line, time.end) : ahead;
  return true;
};

const marks = new Set('[(*<.'.split('').map((c) => c.charCodeAt(0)));

/** Where the first timestamp of the line begins; -1 when there is none. */
function timeWithin(line: string, from: number, time: TimeReader): number {
  if (time.at(line, from)) return from;
  if (line.charCodeAt(from) <= 0x39 && time.clockOnly(line, from)) return from;
  // Apache's and Cisco's: a mark, then a weekday or a month.
  if (marks.has(line.charCodeAt(from)) && (time.at(line, from + 1) || time.clockOnly(line, from + 1))) return from + 1;
  const end = Math.min(line.length, from + headChars);
  let before = line.charCodeAt(from);
  for (let at = from + 1; at < end; at++) {
    const c = line.charCodeAt(at);
    if (c >= 0x30 && c <= 0x39 && !isWordCode(before) && before !== 0x2e && before !== 0x3d && time.at(line, at)) return at;
    before = c;
  }
  // The Raft library of etcd glues its name to the time.
  const [glued] = /^[a-z]{1,16}(?=\d{4}\/\d\d\/)/.exec(line.slice(from, from + 32)) ?? [];
  if (glued !== undefined && time.at(line, from + glued.length)) return from + glued.length;
  const [, lead] = /^(\[?[A-Za-z][\w-]{0,15}\]? )\d\d:\d\d/.exec(line.slice(from, from + 32)) ?? [];
  return lead !== undefined && time.clockOnly(line, from + lead.length) ? from + lead.length : -1;
}

function isWordCode(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x5f;
}
