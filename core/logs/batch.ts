import { logLevels, type Labels, type LogRecord } from '#core/model/index.ts';
import { DamageError, unwrapBlob, wrapBlob } from '#core/blocks/index.ts';

/** The form of one append on disk. Layout: FORMAT.md, "Append". */
type Flat = [timeNs: string, labels: number, level: number, line: string, fields?: readonly string[]];

export function encodeBatch(records: readonly LogRecord[]): Buffer {
  const numbers = new Map<Labels, number>();
  const rows = records.map(({ timeNs, labels, level, line, fields }): Flat => {
    let number = numbers.get(labels);
    if (number === undefined) numbers.set(labels, (number = numbers.size));
    const head = [String(timeNs), number, logLevels.indexOf(level), line] as const;
    return fields.length === 0 ? [...head] : [...head, fields];
  });
  return wrapBlob(Buffer.from(JSON.stringify([[...numbers.keys()], rows])));
}

/** Throws DamageError. */
export function decodeBatch(bytes: Uint8Array): LogRecord[] {
  const payload = unwrapBlob(bytes);
  let parsed: [Labels[], Flat[]];
  try {
    parsed = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')) as [Labels[], Flat[]];
  } catch {
    throw new DamageError('the append is no JSON');
  }
  const [labels, rows] = parsed;
  return rows.map(([timeNs, number, level, line, fields = []]) => ({
    timeNs: BigInt(timeNs),
    labels: labels[number] ?? [],
    level: logLevels[level] ?? 'unknown',
    line,
    fields,
  }));
}
