import { LogLines } from '#core/formats/index.ts';
import { labelsFrom } from '#core/model/index.ts';
import type { FileReader, ReaderInput } from './reader.ts';

/** A reader of log lines of any kind; undefined when nothing in the head is one. */
export function logReader({ entry, head, sink }: ReaderInput): FileReader | undefined {
  const name = entry.path.slice(Math.max(entry.path.lastIndexOf('/'), entry.path.lastIndexOf('!')) + 1);
  const source = { labels: labelsFrom([['filename', name]]), nowMs: Math.round(entry.modifiedMs) };
  const trial = new LogLines(source);
  trial.push(head);
  trial.end();
  if (trial.report().understood === 0) return undefined;
  return new LogReader(new LogLines(source), sink);
}

class LogReader implements FileReader {
  format = 'log lines';
  readonly #lines: LogLines;
  readonly #sink: ReaderInput['sink'];

  constructor(lines: LogLines, sink: ReaderInput['sink']) {
    this.#lines = lines;
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    this.#sink.takeLogBatch(this.#lines.push(bytes));
  }

  end(): void {
    this.#sink.takeLogBatch(this.#lines.end());
    const report = this.#lines.report();
    this.format = `log lines, ${report.format}`;
    for (const { line, reason } of report.faults) this.#sink.fault(line, reason);
    for (let i = report.faults.length; i < report.faultCount; i++) this.#sink.fault(0, 'a further line was not understood');
    this.#sink.notes.push(...report.notes);
  }
}
