/** A handful of log lines of plain data. */
import { logLevels, type LogLevel } from '#core/model/index.ts';
import type { Handlers, LogBookmarkView, LogLine, SignalboxContract } from '#core/contract/index.ts';
import { fieldsOfLine } from '#core/formats/index.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const texts: readonly (readonly [LogLevel, string])[] = [
  ['info', '{"level":"info","msg":"request handled","route":"/api/orders","status":200}'],
  ['warning', '{"level":"warn","msg":"slow query","table":"orders","duration_ms":812}'],
  ['error', `{"level":"error","msg":"payment failed: deadline exceeded","trace_id":"${traceId}"}`],
];

export function logAnswers(startMs: number): Pick<Handlers<SignalboxContract>, Extract<keyof SignalboxContract, `logs.${string}`>> {
  const lines = Array.from({ length: 120 }, (_, i): LogLine => {
    const [level, line] = texts[i % texts.length]!;
    const timeNs = String(BigInt(startMs - i * 20_000) * 1_000_000n);
    return { timeNs, level, line, labels: ['service_name', 'checkout'], fields: [], traceId: level === 'error' ? traceId : '', spanId: '' };
  });
  const fitting = (text: string, levels: readonly LogLevel[] | undefined): LogLine[] =>
    lines.filter((line) => line.line.includes(text) && (levels === undefined || levels.includes(line.level)));
  return {
    'logs.search': ({ text, levels }) => ({ lines: fitting(text, levels), next: undefined, looked: lines.length, isPartial: false, elapsedMs: 2 }),
    'logs.volume': ({ text, buckets, fromNs }) => {
      const counts = new Float64Array(buckets * logLevels.length);
      fitting(text, undefined).forEach(({ level }, i) => counts[(i % buckets) * logLevels.length + logLevels.indexOf(level)]!++);
      return { counts, buckets, countedFromNs: fromNs ?? '0' };
    },
    'logs.summary': ({ text, levels }) => {
      const shown = fitting(text, levels).length;
      return { total: lines.length, hidden: [lines.length - shown], shown, countedFromNs: '0' };
    },
    'logs.patterns': ({ windows }) => ({
      patterns: texts.map(([level, text]) => ({
        text: text.replaceAll(/\d+/g, '<_>'),
        level,
        counts: windows.map(() => 40),
        trend: new Float64Array(30).fill(1),
        firstNs: lines.at(-1)!.timeNs,
        lastNs: lines[0]!.timeNs,
        sample: text,
      })),
      otherLines: 0,
      countedFromNs: '0',
    }),
    'logs.metric': () => ({ kind: 'series', value: Number.NaN, series: [], warnings: [] }),
    'logs.kind': ({ text }) => ({ kind: text.trim().startsWith('{') ? 'log' : 'metric' }),
    'logs.fields': ({ line }) => ({ fields: fieldsOfLine(line) }),
    'logs.context': ({ timeNs }) => ({
      lines: lines
        .filter((line) => line.timeNs <= timeNs)
        .slice(0, 10)
        .toReversed(),
    }),
    'logs.store': () => ({
      records: lines.length,
      rawBytes: 9000,
      storedBytes: 900,
      streams: 1,
      oldestNs: lines.at(-1)!.timeNs,
      newestNs: lines[0]!.timeNs,
      labelNames: ['service_name'],
    }),
    'logs.labelValues': () => ['checkout'],
    'logs.tail': (_input, emit) => {
      emit({ lines: lines.slice(0, 3).toReversed(), seen: 3 });
      return () => undefined;
    },
    ...bookmarkAnswers(startMs),
  };
}

type BookmarkNames = 'logs.bookmarks' | 'logs.addBookmark' | 'logs.noteBookmark' | 'logs.removeBookmark';

function bookmarkAnswers(startMs: number): Pick<Handlers<SignalboxContract>, BookmarkNames> {
  let bookmarks: LogBookmarkView[] = [];
  return {
    'logs.bookmarks': () => bookmarks,
    'logs.addBookmark': ({ dataset: _dataset, ...bookmark }) => {
      bookmarks = [...bookmarks, { ...bookmark, id: bookmarks.length + 1, madeMs: startMs }];
      return { id: bookmarks.length };
    },
    'logs.noteBookmark': ({ id, note }) => {
      bookmarks = bookmarks.map((one) => (one.id === id ? { ...one, note } : one));
      return null;
    },
    'logs.removeBookmark': ({ id }) => {
      bookmarks = bookmarks.filter((one) => one.id !== id);
      return null;
    },
  };
}
