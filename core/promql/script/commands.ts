import { EngineError, messageOf } from '#core/model/index.ts';
import { EvalBody, timeOf, type Expectation, type ExpectedKind } from './expectations.ts';
import { parseSeries, type SeriesDescription } from './series.ts';

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

const instantForm = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/;
const rangeForm = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/;
const loadForm = /^load(_with_nhcb)?\s+(\S+)$/;

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
    while (end < lines.length && lines[end] !== '' && lines[i] !== 'clear') end++;
    commands.push(readCommand(lines[i]!, lines.slice(i + 1, end), i + 1));
    i = end;
  }
  return commands;
}

function readCommand(head: string, body: readonly string[], line: number): Command {
  try {
    if (head === 'clear') return { kind: 'clear', line };
    const load = loadForm.exec(head);
    if (load !== null) return readLoad(line, load[2]!, load[1] !== undefined, body);
    const instant = instantForm.exec(head);
    if (instant !== null) {
      const timeMs = timeOf(instant[2] ?? '0');
      return readEval(line, instant[3]!, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, instant[1], body);
    }
    const range = rangeForm.exec(head);
    if (range === null) throw new EngineError('invalid', noSuchCommand(head));
    const [, old, from, to, step, query] = range;
    const times = { startMs: timeOf(from!), endMs: timeOf(to!), stepMs: timeOf(step!) };
    if (times.stepMs <= 0) throw new EngineError('invalid', `step ${step} is not above 0`);
    if (times.endMs < times.startMs) throw new EngineError('invalid', `the end ${to} is before the start ${from}`);
    return readEval(line, query!, times, old, body);
  } catch (error) {
    return { kind: 'broken', line, message: messageOf(error) };
  }
}

const forms: readonly (readonly [word: RegExp, form: string])[] = [
  [/^load/, 'load 5m or load_with_nhcb 5m, its series below'],
  [/^eval\w*\s+instant/, 'eval instant at 5m QUERY'],
  [/^eval\w*\s+range/, 'eval range from 0 to 10m step 1m QUERY'],
  [/^eval(?:_\w+)?\s/, 'eval instant at 5m QUERY or eval range from 0 to 10m step 1m QUERY'],
];

function noSuchCommand(head: string): string {
  const form = forms.find(([word]) => word.test(head))?.[1];
  return form === undefined ? `no such command: ${head}; there are load, load_with_nhcb, clear and eval` : `cannot read ${head}; write ${form}`;
}

function readLoad(line: number, interval: string, nhcb: boolean, body: readonly string[]): Command {
  const intervalMs = timeOf(interval);
  return { kind: 'load', line, intervalMs, nhcb, series: body.map((entry, i) => inLine(line + i + 1, () => parseSeries(entry))) };
}

/** What is wrong in a line of a command's body, with the line. */
function inLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new EngineError('invalid', `line ${line}: ${messageOf(error)}`);
  }
}

type Times = Pick<EvalCommand, 'startMs' | 'endMs' | 'stepMs'>;

function readEval(line: number, query: string, times: Times, old: string | undefined, body: readonly string[]): EvalCommand {
  const wanted = new EvalBody(times.stepMs > 0);
  for (const [i, entry] of body.entries()) inLine(line + i + 1, () => wanted.read(entry));
  const implied = old as ExpectedKind | undefined;
  if (implied !== undefined && !wanted.expects.some((one) => one.kind === implied)) wanted.expects.push({ kind: implied, match: undefined });
  const { expects, series, scalar, text, times: sampleTimes } = wanted;
  return { kind: 'eval', line, query, ...times, expects, series, scalar, text, times: sampleTimes };
}
