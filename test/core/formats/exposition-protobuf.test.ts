import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpositionColumns, ExpositionReader, ProtobufReader, type PageReader } from '#core/formats/index.ts';
import { formatLabels } from '#core/model/index.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { readShared } from '../../support/shared-data.ts';

const columns = new ExpositionColumns();

function samplesOf(reader: PageReader, body: Uint8Array): (readonly [string, number])[] {
  const page = reader.read(body, columns);
  expect(page.firstBadLine).toBe('');
  return Array.from({ length: columns.rowCount }, (_, row) => [formatLabels(reader.labels(columns.slots[row]!)), columns.values[row]!] as const);
}

/** Families one after the other, each behind its length. */
const delimited = (...families: (readonly Field[])[]): Uint8Array =>
  Buffer.concat(families.flatMap((family) => [proto([[1, 'bytes', proto(family)]]).subarray(1)]));

const label = (name: string, value: string): Field => [
  1,
  'message',
  [
    [1, 'bytes', name],
    [2, 'bytes', value],
  ],
];
const span = (field: number, gap: number, length: number): Field => [
  field,
  'message',
  [
    [1, 'zigzag', gap],
    [2, 'varint', length],
  ],
];

describe('protobuf exposition', () => {
  test("the same page as text, from Prometheus' own benchmark", () => {
    const reader = new ProtobufReader();
    const fromProto = samplesOf(reader, readShared('metrics/exposition/prometheus-common/protobuf'));
    const fromText = samplesOf(new ExpositionReader('text'), readShared('metrics/exposition/prometheus-common/text'));
    const sorted = (samples: typeof fromText): typeof fromText => [...samples].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(fromProto)).toEqual(sorted(fromText));
    expect(samplesOf(reader, gunzipSync(readShared('metrics/exposition/prometheus-common/protobuf.gz')))).toEqual(fromProto);
  });

  test('several messages', () => {
    expect(samplesOf(new ProtobufReader(), readShared('metrics/exposition/prometheus-common/protobuf-multimessage')).length).toBeGreaterThan(3);
  });

  test('native histograms, with their exemplars and, when asked, their classic buckets', () => {
    const exemplar: Field = [
      16,
      'message',
      [
        label('trace_id', 'abc'),
        [2, 'double', 0.5],
        [
          3,
          'message',
          [
            [1, 'int', 1_700_000_000],
            [2, 'int', 250_000_000],
          ],
        ],
      ],
    ];
    const histogram: Field[] = [
      [1, 'varint', 5],
      [2, 'double', 12.5],
      [
        3,
        'message',
        [
          [1, 'varint', 3],
          [2, 'double', 1e6],
        ],
      ],
      [5, 'zigzag', 2],
      [6, 'double', 0.001],
      [7, 'varint', 1],
      span(12, -3, 2),
      span(12, 1, 1),
      [13, 'zigzag', 1],
      [13, 'zigzag', 1],
      [13, 'zigzag', -1],
      exemplar,
    ];
    const body = delimited([
      [1, 'bytes', 'h'],
      [2, 'bytes', 'Help.'],
      [3, 'varint', 4],
      [4, 'message', [label('a', 'x"y'), [7, 'message', histogram], [6, 'int', 1234]]],
      [5, 'bytes', 'seconds'],
    ]);
    const reader = new ProtobufReader();
    const page = reader.read(body, columns);
    expect(columns.rowCount).toBe(0);
    expect(page.metadata).toEqual([['h', { type: 'histogram', help: 'Help.', unit: 'seconds' }]]);
    expect(page.histograms).toHaveLength(1);
    expect(formatLabels(reader.labels(page.histograms[0]!.slot))).toBe('h{a="x\\"y"}');
    expect(page.histograms[0]).toMatchObject({
      timeMs: 1234,
      histogram: {
        schema: 2,
        count: 5,
        sum: 12.5,
        zeroThreshold: 0.001,
        zeroCount: 1,
        positiveSpans: [
          { gap: -3, length: 2 },
          { gap: 1, length: 1 },
        ],
        positive: [1, 2, 1],
      },
      exemplars: [{ labels: ['trace_id', 'abc'], value: 0.5, timeMs: 1_700_000_000_250 }],
    });
    expect(samplesOf(new ProtobufReader(true), body)).toEqual([
      ['h_bucket{a="x\\"y", le="1e+06"}', 3],
      ['h_bucket{a="x\\"y", le="+Inf"}', 5],
      ['h_sum{a="x\\"y"}', 12.5],
      ['h_count{a="x\\"y"}', 5],
    ]);
  });

  test('a histogram that does not fit together is bad, its neighbours are kept', () => {
    const good: Field[] = [
      [1, 'bytes', 'g'],
      [3, 'varint', 1],
      [4, 'message', [[2, 'message', [[1, 'double', 7]]]]],
    ];
    const bad: Field[] = [
      [1, 'bytes', 'h'],
      [3, 'varint', 4],
      [4, 'message', [[7, 'message', [[5, 'zigzag', 2], span(12, 0, 3), [13, 'zigzag', 1]]]]],
    ];
    const page = new ProtobufReader().read(delimited(bad, good), columns);
    expect([page.badLineCount, page.firstBadLine, columns.rowCount]).toEqual([1, 'metric family "h": the native histogram does not fit together', 1]);
  });

  test('a page cut short is not complete', () => {
    const body = readShared('metrics/exposition/prometheus-common/protobuf');
    const page = new ProtobufReader().read(body.subarray(0, body.length - 5), columns);
    expect(page.complete).toBe(false);
    expect(page.firstBadLine).toMatch(/^metric family ".*": the protobuf message cannot be read/);
  });

  test('mutated pages are read or refused, never worse', () => {
    const body = readShared('metrics/exposition/prometheus-common/protobuf-multimessage');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), (mutations) => {
        const bytes = Buffer.from(body);
        for (const [at, b] of mutations) bytes[at] = b;
        const reader = new ProtobufReader(true);
        reader.read(bytes, columns);
        for (let slot = 0; slot < reader.slotCount; slot++) reader.labels(slot);
      }),
      { seed: 5, numRuns: 3000 },
    );
  });
});
