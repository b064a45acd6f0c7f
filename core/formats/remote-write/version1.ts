import type { Exemplar, MetricMetadata, MetricType } from '#core/model/index.ts';
import { sortedPairs } from '../exposition/line.ts';
import type { LineCache } from '../line-cache.ts';
import { ProtoReader } from '../protobuf.ts';
import type { RemoteWriteColumns } from './columns.ts';
import { readSample, remoteWriteTypes, takeHistogram } from './fields.ts';

/**
 * Reads a `prometheus.WriteRequest` into the columns, which it empties first. Throws EngineError `invalid`.
 * `known` holds the labels of earlier requests as byte strings and which followed which: a series that comes where it came
 * last time is recognised by comparing bytes, and its labels are not even scanned.
 */
export function readRemoteWrite1(body: Uint8Array, into: RemoteWriteColumns, known: LineCache): void {
  into.clear();
  known.look(body);
  const reader = new ProtoReader(body);
  let last = -1;
  const readSeries = (): void => {
    const expected = known.after(last);
    const labelsTo = expected < 0 ? -1 : known.matchAt(expected, reader.at);
    const from = reader.at;
    const foreseen = labelsTo >= 0 && reader.skipTo(labelsTo);
    const at = into.seriesCount;
    readSeries1(reader, into, foreseen ? from : -1);
    last = foreseen && into.labelsFrom[at] === 0 ? expected : known.find(into.labelsFrom[at]!, into.labelsTo[at]!);
    into.slots[at] = last;
  };
  while (reader.next()) {
    if (reader.field === 1) reader.message(readSeries);
    else if (reader.field === 3) into.metadata.push(readMetadata1(reader));
    else reader.skip();
  }
}

/** The label set in a range of a version 1 body. */
export function remoteWriteLabels(body: Uint8Array, from: number, to: number): readonly string[] {
  const reader = new ProtoReader(body, from, to);
  const pairs: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) readLabel(reader, pairs);
    else reader.skip();
  }
  return sortedPairs(pairs);
}

/** Leaves the range of labels at 0 when none come. `passedFrom`: labels from here on have been passed over; -1: none have. */
function readSeries1(reader: ProtoReader, into: RemoteWriteColumns, passedFrom: number): void {
  let labelsFrom = 0;
  let labelsTo = 0;
  for (;;) {
    into.takeSamples(reader);
    const at = reader.at;
    if (!reader.next()) break;
    if (reader.field === 2) reader.message(() => readSample(reader, into));
    else if (reader.field === 1) {
      reader.span();
      if (labelsFrom === 0) labelsFrom = at;
      labelsTo = reader.at;
    } else if (reader.field === 3) into.exemplars.push({ series: into.seriesCount, exemplar: readExemplar1(reader) });
    else if (reader.field === 4) takeHistogram(reader, into);
    else reader.skip();
  }
  // Other fields between the labels, which no sender writes, are passed over when the labels are decoded.
  into.addSeries(labelsFrom > 0 && passedFrom >= 0 ? passedFrom : labelsFrom, labelsTo);
}

function readLabel(reader: ProtoReader, pairs: string[]): void {
  let name = '';
  let value = '';
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) value = reader.text();
      else reader.skip();
    }
  });
  pairs.push(name, value);
}

function readExemplar1(reader: ProtoReader): Exemplar {
  const pairs: string[] = [];
  let value = 0;
  let timeMs = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) readLabel(reader, pairs);
      else if (reader.field === 2) value = reader.double();
      else if (reader.field === 3) timeMs = reader.int();
      else reader.skip();
    }
  });
  return { labels: sortedPairs(pairs), value, timeMs };
}

function readMetadata1(reader: ProtoReader): readonly [string, MetricMetadata] {
  let metric = '';
  let type: MetricType = 'unknown';
  let help = '';
  let unit = '';
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) type = remoteWriteTypes[reader.uint()] ?? 'unknown';
      else if (reader.field === 2) metric = reader.text();
      else if (reader.field === 4) help = reader.text();
      else if (reader.field === 5) unit = reader.text();
      else reader.skip();
    }
  });
  return [metric, { type, help, unit }];
}
