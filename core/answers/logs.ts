import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import { fieldsOfLine, traceOfFields } from '#core/formats/index.ts';
import { labelNames, logqlKind, type LogQuestion, type Logs } from '#core/logs/index.ts';
import { labelPairs, labelValue, noLabels, type Clock, type LogLevel, type LogRecord } from '#core/model/index.ts';
import type { Parts } from './parts.ts';

type Names = Extract<keyof SignalboxContract, `logs.${string}`>;
type Answer<K extends Names> = Awaited<ReturnType<Extract<Handlers<SignalboxContract>[K], (...args: never[]) => unknown>>>;
type Line = Answer<'logs.context'>['lines'][number];

const lastNs = 2n ** 63n - 1n;
/** Lines that a tail keeps: more than a screen shows, and few enough to send whole. */
const tailLinesMax = 300;
/** Lines that come together are told as one change. */
const tailGatherMs = 250;
/** Under overload (reliability, section 3: level 1). */
const strainedGatherMs = 500;

interface Asked {
  readonly text: string;
  readonly levels?: readonly LogLevel[] | undefined;
  readonly fromNs?: string | undefined;
  readonly toNs?: string | undefined;
}

/** The log lines of each dataset; throws EngineError `not-found` for a name that is none. */
export interface LogDatasets {
  of(name: string): { readonly logs: Logs };
}

/** Logs: search, volume, patterns, metrics, context, live tail, bookmarks. */
export class LogDesk {
  readonly #datasets: LogDatasets;
  readonly #clock: Clock;
  readonly #overload: Parts['overload'];

  constructor({ datasets, clock, overload }: { readonly datasets: LogDatasets } & Pick<Parts, 'clock' | 'overload'>) {
    this.#datasets = datasets;
    this.#clock = clock;
    this.#overload = overload;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      ...this.#questions(),
      'logs.metric': async ({ dataset, text, ...grid }, { signal }) => {
        const { series, ...rest } = await this.#store(dataset).metric(text, grid, signal);
        return { ...rest, series: series.map(({ labels, values }) => ({ labels, values })) };
      },
      'logs.kind': ({ text }) => ({ kind: logqlKind(text) }),
      'logs.fields': ({ line }) => ({ fields: fieldsOfLine(line) }),
      'logs.context': ({ dataset, labels, timeNs, count }, { signal }) => this.#context(this.#store(dataset), labels, BigInt(timeNs), count, signal),
      'logs.store': ({ dataset }) => this.#stats(this.#store(dataset)),
      'logs.labelValues': ({ dataset, name }) => {
        const values = this.#store(dataset)
          .streams([], 0n, lastNs)
          .map((labels) => labelValue(labels, name));
        return [...new Set(values)].filter((value) => value !== '').sort();
      },
      'logs.tail': ({ dataset, text, levels }, emit) => this.#tail(this.#store(dataset), { text, levels }, emit),
      ...this.#bookmarks(),
    };
  }

  #questions(): Pick<Handlers<SignalboxContract>, 'logs.search' | 'logs.volume' | 'logs.summary' | 'logs.patterns'> {
    return {
      'logs.search': async ({ dataset, direction, limit, cursor, ...asked }, { signal }) => {
        const fromMs = this.#clock.monotonicMs();
        const { records, ...page } = await this.#store(dataset).search({ ...questionOf(asked), direction, limit, cursor }, signal);
        return { ...page, lines: records.map(lineOf), elapsedMs: this.#clock.monotonicMs() - fromMs };
      },
      'logs.volume': async ({ dataset, buckets, ...asked }, { signal }) => {
        const { counts, countedFromNs } = await this.#store(dataset).volume(questionOf(asked), buckets, signal);
        return { counts, buckets, countedFromNs: String(countedFromNs) };
      },
      'logs.summary': async ({ dataset, ...asked }, { signal }) => {
        const { countedFromNs, ...summary } = await this.#store(dataset).summary(questionOf(asked), signal);
        return { ...summary, countedFromNs: String(countedFromNs) };
      },
      'logs.patterns': async ({ dataset, windows, buckets, ...asked }, { signal }) => {
        const ranges = windows.map(({ fromNs, toNs }) => ({ fromNs: BigInt(fromNs), toNs: BigInt(toNs) }));
        const { patterns, otherLines, countedFromNs } = await this.#store(dataset).patterns(questionOf(asked), ranges, buckets, signal);
        const rows = patterns.map(({ sample, firstNs, lastNs: newestNs, ...rest }) => ({
          ...rest,
          firstNs: String(firstNs),
          lastNs: String(newestNs),
          sample: sample.line,
        }));
        return { patterns: rows, otherLines, countedFromNs: String(countedFromNs) };
      },
    };
  }

  #bookmarks(): Pick<Handlers<SignalboxContract>, 'logs.bookmarks' | 'logs.addBookmark' | 'logs.noteBookmark' | 'logs.removeBookmark'> {
    return {
      'logs.bookmarks': ({ dataset }) =>
        this.#store(dataset)
          .bookmarks()
          .map(({ timeNs, ...rest }) => ({ ...rest, timeNs: String(timeNs) })),
      'logs.addBookmark': ({ dataset, timeNs, labels, line, level, note, person }) => ({
        id: this.#store(dataset).addBookmark({ timeNs: BigInt(timeNs), labels, line, level, fields: noLabels }, note, person),
      }),
      'logs.noteBookmark': ({ dataset, id, note }) => {
        this.#store(dataset).noteBookmark(id, note);
        return null;
      },
      'logs.removeBookmark': ({ dataset, id }) => {
        this.#store(dataset).removeBookmark(id);
        return null;
      },
    };
  }

  async #context(logs: Logs, labels: readonly string[], timeNs: bigint, count: number, signal: AbortSignal): Promise<Answer<'logs.context'>> {
    const text = selectorOf(labels);
    const after = await logs.search({ text, fromNs: timeNs + 1n, direction: 'forward', limit: count }, signal);
    const before = await logs.search({ text, toNs: timeNs + 1n, direction: 'backward', limit: count + 1 }, signal);
    return { lines: [...before.records.toReversed(), ...after.records].map(lineOf) };
  }

  #stats(logs: Logs): Answer<'logs.store'> {
    const { headRecords, blockRecords, rawBytes, blockBytes, streams, oldestNs, newestNs } = logs.stats();
    return {
      records: headRecords + blockRecords,
      rawBytes,
      storedBytes: blockBytes,
      streams,
      oldestNs: oldestNs === undefined ? undefined : String(oldestNs),
      newestNs: newestNs === undefined ? undefined : String(newestNs),
      labelNames: labelNames(logs.streams([], 0n, lastNs)),
    };
  }

  #tail(logs: Logs, question: LogQuestion, emit: (item: { lines: Line[]; seen: number }) => void): () => void {
    let lines: Line[] = [];
    let seen = 0;
    let cancel: (() => void) | undefined;
    const tell = (): void => {
      cancel = undefined;
      emit({ lines, seen });
    };
    const stop = logs.tail(question, (records) => {
      seen += records.length;
      lines = [...lines, ...records.slice(-tailLinesMax).map(lineOf)].slice(-tailLinesMax);
      cancel ??= this.#clock.after(this.#overload().level > 0 ? strainedGatherMs : tailGatherMs, tell);
    });
    emit({ lines, seen });
    return () => {
      stop();
      cancel?.();
    };
  }

  #store(dataset: string): Logs {
    return this.#datasets.of(dataset).logs;
  }
}

function questionOf({ text, levels, fromNs, toNs }: Asked): LogQuestion {
  return { text, levels, fromNs: fromNs === undefined ? undefined : BigInt(fromNs), toNs: toNs === undefined ? undefined : BigInt(toNs) };
}

/** A selector of exactly one stream. */
function selectorOf(labels: readonly string[]): string {
  return `{${[...labelPairs(labels)].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

function lineOf({ timeNs, level, line, labels, fields }: LogRecord): Line {
  const trace = traceOfFields([...fields, ...(/trace/i.test(line) ? fieldsOfLine(line) : [])]);
  return { timeNs: String(timeNs), level, line, labels, fields, ...trace };
}
