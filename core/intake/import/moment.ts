import { formatTime } from '#core/model/index.ts';
import type { FileReader, ReaderInput } from './reader.ts';

/** Unix times from 2001 to 2286, in seconds, ms, µs or ns. */
const moment = /^\s*(\d{10})(?:\.\d+|\d{3}|\d{6}|\d{9})?\s*$/;
const headCharsMax = 64;

/** A file that holds one time and nothing else, such as BARO's `inject_time.txt`: what it says is told, and nothing is stored of it. */
export function momentReader({ head, sink }: ReaderInput): FileReader | undefined {
  if (head.length > headCharsMax) return undefined;
  const [, seconds] = moment.exec(Buffer.from(head).toString('latin1')) ?? [];
  if (seconds === undefined) return undefined;
  sink.notes.push(`it says ${formatTime(Number(seconds) * 1000)}, and holds nothing else`);
  return { format: 'a single time', push: () => undefined, end: () => undefined };
}
