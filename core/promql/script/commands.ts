import { EngineError, messageOf, parseDuration } from '#core/model/index.ts';
import { unquote } from '../syntax/index.ts';
import { parseNumber, parseSeries, type SeriesDescription } from './series.ts';

/** What a script asks for, one after the other. */
export type Command =
  | { readonly kind: 'clear'; readonly line: number }
  | { readonly kind: 'load'; readonly line: number; readonly intervalMs: number; readonly nhcb: boolean; readonly series: SeriesDescription[] }
  | EvalCommand
  | { readonly kind: 'broken'; readonly line: number; readonly message: string };

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0: an instant query. */
  readonly stepMs: number;
  readonly expects: readonly Expectation[];
  readonly series: readonly SeriesDescription[];
  /** A result that is a lone number. */
  readonly scalar: number | undefined;
  readonly text: string | undefined;
  /** Times of the samples of a range vector. */
  readonly times: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | undefined;
}

export type ExpectedKind = 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info' | 'ordered';

export interface Expectation {
  readonly kind: ExpectedKind;
  /** Undefined: anything will do. */
  readonly match: { readonly how: 'msg' | 'regex'; readonly text: string } | undefined;
}

const instantForm = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/;
const rangeForm = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/;
const loadForm = /^load(_with_nhcb)?\s+(\S+)$/;
const expectForm = /^expect\s+(fail|warn|no_warn|info|no_info|ordered)(?:\s+(msg|regex)\s*:\s*(.*))?$/;
const timesForm = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/;
const stringForm = /^expect\s+string\s+(.+)$/;
const oldFailForm = /^expected_fail_(message|regexp)\s+(.+)$/;
const numberForm = /^[+-]?(?:inf|nan|(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** Reads a script. What cannot be read becomes a `broken` command, and reading goes on after it. */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let i = 0; i < lines.length;) {
    if (lines[i] === '') {
      i++;
      continue;
    }
    let end = i + 1;
    while (end < lines.length && lines[end] !== '' && (lines[i] !== 'clear' || end === i)) end++;
    if (lines[i] === 'clear') end = i + 1;
    commands.push(readCommand(lines[i]!, lines.slice(i + 1, end), i + 1));
    i = end;
  }
  return commands;
}

function readCommand(head: string, body: readonly string[], line: number): Command {
  try {
    if (head === 'clear') return { kind: 'clear', line };
    const load = loadForm.exec(head);
    if (load !== null) return { kind: 'load', line, intervalMs: timeOf(load[2]!), nhcb: load[1] !== undefined, series: body.map(parseSeries) };
    const instant = instantForm.exec(head);
    if (instant !== null) {
      const timeMs = timeOf(instant[2] ?? '0');
      return readEval(line, instant[3]!, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, instant[1], body);
    }
    const range = rangeForm.exec(head);
    if (range === null) throw new EngineError('invalid', `no such command: ${head}`);
    const [, old, from, to, step, query] = range;
    return readEval(line, query!, { startMs: timeOf(from!), endMs: timeOf(to!), stepMs: timeOf(step!) }, old, body);
  } catch (error) {
    return { kind: 'broken', line, message: messageOf(error) };
  }
}

function timeOf(text: string): number {
  const negative = text.startsWith('-');
  const duration = parseDuration(negative ? text.slice(1) : text);
  const timeMs = duration ?? (numberForm.test(text) ? parseNumber(text.replace('-', '')) * 1000 : undefined);
  if (timeMs === undefined) throw new EngineError('invalid', `${JSON.stringify(text)} is no duration such as 5m`);
  return negative ? -timeMs : timeMs;
}

type Times = Pick<EvalCommand, 'startMs' | 'endMs' | 'stepMs'>;

function readEval(line: number, query: string, times: Times, old: string | undefined, body: readonly string[]): EvalCommand {
  const expects: Expectation[] = [];
  const series: SeriesDescription[] = [];
  let scalar: number | undefined;
  let text: string | undefined;
  let sampleTimes: EvalCommand['times'];
  for (const entry of body) {
    const expected = readExpectation(entry);
    const range = timesForm.exec(entry);
    const string = stringForm.exec(entry);
    if (expected !== undefined) expects.push(expected);
    else if (range !== null) sampleTimes = { startMs: timeOf(range[1]!), endMs: timeOf(range[2]!), stepMs: timeOf(range[3]!) };
    else if (string !== null) text = unquote(string[1]!) ?? string[1]!;
    else if (numberForm.test(entry)) scalar = parseNumber(entry);
    else series.push(parseSeries(entry));
  }
  const implied = old as ExpectedKind | undefined;
  if (implied !== undefined && !expects.some((one) => one.kind === implied)) expects.push({ kind: implied, match: undefined });
  return { kind: 'eval', line, query, ...times, expects, series, scalar, text, times: sampleTimes };
}

function readExpectation(entry: string): Expectation | undefined {
  const old = oldFailForm.exec(entry);
  if (old !== null) return { kind: 'fail', match: { how: old[1] === 'regexp' ? 'regex' : 'msg', text: old[2]! } };
  const found = expectForm.exec(entry);
  if (found === null) return undefined;
  const [, kind, how, text] = found;
  return { kind: kind as ExpectedKind, match: how === undefined ? undefined : { how: how as 'msg' | 'regex', text: text! } };
}
