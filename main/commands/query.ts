/** `signalbox query`: PromQL over the data of a folder, answered in the JSON of Prometheus' API. */
import { answerQuery } from '#core/api/index.ts';
import { EngineError, parseDuration, parseTime } from '#core/model/index.ts';
import { createQueries } from '#core/promql/index.ts';
import { systemClock } from '../clock.ts';
import { runningIn } from '../data-dir.ts';
import { readArgs, UsageError } from './arguments.ts';
import { dataDirOf, withStored } from './stored.ts';

const options = {
  time: { type: 'string' },
  start: { type: 'string' },
  end: { type: 'string' },
  step: { type: 'string' },
  data: { type: 'string' },
  case: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** What Prometheus' API answers: `error` says what is wrong when the status is not `success`. */
interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
}

export async function query(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, options);
  const [expr, extra] = positionals;
  if (expr === undefined || extra !== undefined) throw new UsageError('give one expression, in quotes');
  const { path, form } = questionOf(expr, values);
  const text = await ask(dataDirOf(values.data), values.case, path, form);
  const answer = JSON.parse(text) as ApiAnswer;
  if (answer.status !== 'success') throw new EngineError('invalid', answer.error ?? 'the engine gave no answer');
  process.stdout.write(`${values.json === true ? text.trimEnd() : JSON.stringify(answer, undefined, 2)}\n`);
  return 0;
}

function questionOf(expr: string, values: { time?: string; start?: string; end?: string; step?: string }): { path: string; form: URLSearchParams } {
  const form = new URLSearchParams({ query: expr });
  if (values.start === undefined && values.end === undefined && values.step === undefined) {
    if (values.time !== undefined) form.set('time', timeIn('--time', values.time));
    return { path: '/api/v1/query', form };
  }
  if (values.time !== undefined) throw new UsageError('--time does not go with --start, --end and --step');
  form.set('start', timeIn('--start', values.start));
  form.set('end', timeIn('--end', values.end));
  form.set('step', stepIn(values.step));
  return { path: '/api/v1/query_range', form };
}

function timeIn(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`a range needs ${option}`);
  if (parseTime(text) === undefined) throw new UsageError(`${option} "${text}" is neither RFC 3339 nor Unix seconds`);
  return text;
}

function stepIn(text: string | undefined): string {
  if (text === undefined) throw new UsageError('a range needs --step');
  if (parseDuration(text) === undefined && !(Number(text) > 0))
    throw new UsageError(`--step "${text}" is neither a duration such as 30s nor seconds`);
  return text;
}

/** Of the Signalbox that has the folder, or of what the folder holds when none can be asked; a case is always read as it stands. */
async function ask(dataDir: string, caseName: string | undefined, path: string, form: URLSearchParams): Promise<string> {
  const running = caseName === undefined ? runningIn(dataDir) : undefined;
  if (running === undefined || running.url === '') return askStored(dataDir, caseName, path, form);
  const answer = await fetch(`${running.url}${path}`, { method: 'POST', body: form, headers: { authorization: `Bearer ${running.token}` } });
  if (answer.status === 503) throw new EngineError('unavailable', (await answer.text()).trim());
  return answer.text();
}

function askStored(dataDir: string, caseName: string | undefined, path: string, form: URLSearchParams): Promise<string> {
  return withStored(dataDir, caseName, async (source) => {
    // A case is of the past: nothing in it is younger than its newest sample.
    const { newestMs } = source.stats();
    const isNow = path.endsWith('/query') && !form.has('time');
    if (isNow && caseName !== undefined && newestMs !== undefined) form.set('time', String(newestMs / 1000));
    const queries = createQueries({ source, clock: systemClock, breathe: () => Promise.resolve() });
    const { body } = await answerQuery({ queries, clock: systemClock }, path, form);
    return typeof body === 'string' ? body : Buffer.from(body).toString();
  });
}
