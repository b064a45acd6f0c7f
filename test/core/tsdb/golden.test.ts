/**
 * The byte formats as they are on people's disks. A change that fails here breaks their data: give the format a new version or form
 * instead. `GOLDEN=write` writes the vectors of forms that have none yet.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rollupParts, type Histogram } from '#core/model/index.ts';
import { ByteWriter } from '#core/tsdb/bytes/bytes.ts';
import type { Columns } from '#core/tsdb/codec/columns.ts';
import { gorillaForm } from '#core/tsdb/codec/frame-gorilla.ts';
import { planesForm } from '#core/tsdb/codec/frame-planes.ts';
import { encodeFrame, openFrame } from '#core/tsdb/codec/frame.ts';
import type { FrameForm, Member } from '#core/tsdb/codec/frame-form.ts';
import { encodeRollup, RollupFrame } from '#core/tsdb/codec/rollup-frame.ts';
import { fold } from '#core/tsdb/rollup/buckets.ts';
import { decodeGroup, encodeGroup } from '#core/tsdb/names/groups.ts';
import { finishFrame, walFrames, walHeaderBytes } from '#core/tsdb/log/wal-frame.ts';
import { getNotes, getSamples, putCommit } from '#core/tsdb/log/wal-record.ts';
import { tempFolder } from '../../support/folder.ts';

const windowStartMs = Date.UTC(2026, 0, 5);
const folder = join(import.meta.dirname, '../../golden/tsdb');

const histogram = (n: number): Histogram => ({
  schema: 3,
  resetHint: n === 0 ? 'reset' : 'none',
  count: 10 + n,
  sum: 1.5 * n,
  zeroThreshold: 1e-9,
  zeroCount: 1,
  positiveSpans: [
    { gap: -2, length: 2 },
    { gap: 3, length: 1 },
  ],
  positive: [n, 2 * n, 3],
  negativeSpans: [{ gap: 0, length: 1 }],
  negative: [n % 2],
  bounds: [],
});
const custom: Histogram = {
  ...histogram(1),
  schema: -53,
  bounds: [0.1, 1, 10],
  positiveSpans: [{ gap: 0, length: 4 }],
  positive: [1.5, 2.5, 3, 4],
  negativeSpans: [],
  negative: [],
};

const odd = new Float64Array(new Uint32Array([2, 0x7ff00000, 0xdeadbeef, 0x7ff8aaaa, 0, 0x80000000, 0, 0x7ff00000]).buffer);
const times = Float64Array.from({ length: 40 }, (_, i) => windowStartMs + 1000 + i * 15_000 + (i % 7 === 3 ? 4 : 0));
const column = (value: (i: number) => number): Columns => ({ times, values: times.map((_, i) => value(i)) });

const members: readonly Member[] = [
  { slot: 0, columns: column(() => 42) },
  { slot: 1, columns: column((i) => i * 10 + (i % 3)) },
  { slot: 2, columns: column((i) => i * 10 + (i % 3) + (i % 5)) },
  { slot: 5, columns: column((i) => Math.round(i * 7.31 * 100) / 100) },
  { slot: 7, columns: column((i) => 1e6 + i * 0.125) },
  { slot: 9, columns: column((i) => Math.sqrt(i + 2) * 10 ** ((i % 9) - 4)) },
  { slot: 40, columns: column((i) => (i % 10 === 9 ? odd[i % 4]! : i)) },
  {
    slot: 63,
    columns: {
      times: times.subarray(0, 8),
      values: new Float64Array([0, 0, 0, 3.5, 0, 0, 0, odd[0]!]),
      histograms: [histogram(0), histogram(1), histogram(2), undefined, custom, custom, histogram(5), undefined],
    },
  },
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/.{80}/g, '$&\n');

/** The vector of that name; written first when asked for. */
function golden(name: string, fresh: () => Uint8Array): Uint8Array {
  const path = join(folder, `${name}.hex`);
  if (process.env.GOLDEN === 'write' && !existsSync(path)) writeFileSync(path, `${hex(fresh())}\n`);
  return new Uint8Array(Buffer.from(readFileSync(path, 'utf8').replaceAll('\n', ''), 'hex'));
}

const bitsOf = (values: Float64Array): number[] => [...new Uint32Array(values.slice().buffer)];

function expectMembers(bytes: Uint8Array): void {
  const frame = openFrame(bytes);
  for (const { slot, columns } of members) {
    const stretches = frame.stretches(slot);
    expect(stretches.flatMap((stretch) => [...stretch.times])).toEqual([...columns.times]);
    const values = new Float64Array(columns.times.length);
    let at = 0;
    for (const stretch of stretches) {
      stretch.read(0, stretch.times.length, values, at);
      at += stretch.times.length;
    }
    expect(bitsOf(values)).toEqual(bitsOf(columns.values));
    const histograms = stretches.flatMap((stretch) => stretch.histograms() ?? [...stretch.times].map(() => undefined));
    expect(histograms).toEqual(columns.histograms ?? [...columns.times].map(() => undefined));
  }
  expect(frame.stretches(3)).toEqual([]);
}

test.each([
  ['frame-gorilla', gorillaForm],
  ['frame-planes', planesForm],
] as const)('%s', (name, form: FrameForm) => {
  expectMembers(golden(name, () => encodeFrame(form, windowStartMs, members)));
  expectMembers(encodeFrame(form, windowStartMs, members));
});

test('a Gorilla frame is byte for byte what it was', () => {
  const bytes = encodeFrame(gorillaForm, windowStartMs, members);
  expect(hex(bytes)).toBe(hex(golden('frame-gorilla', () => bytes)));
});

test('rollup', () => {
  const rolled = members.slice(0, 7).map(({ slot, columns }) => ({ slot, buckets: fold(columns.times, columns.values, 300_000) }));
  for (const bytes of [golden('rollup', () => encodeRollup(windowStartMs, 300_000, rolled)), encodeRollup(windowStartMs, 300_000, rolled)]) {
    const frame = new RollupFrame(bytes);
    expect([...frame.slots]).toEqual(rolled.map(({ slot }) => slot));
    for (const { slot, buckets } of rolled) {
      const found = frame.buckets(slot)!;
      expect([...found.ends]).toEqual([...buckets.ends]);
      for (const part of rollupParts) expect(bitsOf(found.column(part)), part).toEqual(bitsOf(buckets.column(part)));
    }
    expect(frame.buckets(3)).toBeUndefined();
    const broken = bytes.slice();
    broken[bytes.length >>> 1]! ^= 4;
    expect(() => new RollupFrame(broken)).toThrow(/checksum/);
  }
});

test('series group', () => {
  const group = [
    { ref: 7, labels: ['__name__', 'up', 'job', 'näme'] },
    { ref: 300, labels: [] },
    { ref: 8, labels: ['__name__', 'up', 'job', 'x'.repeat(200)] },
  ];
  expect(decodeGroup(golden('series-group', () => encodeGroup(group)))).toEqual(group);
  expect(decodeGroup(encodeGroup(group))).toEqual(group);
});

const commit = {
  series: [{ ref: 5, labels: ['__name__', 'up'] }],
  exemplars: [{ ref: 5, exemplar: { timeMs: windowStartMs, value: 0.25, labels: ['trace_id', 'abc'] } }],
  floats: { refs: Uint32Array.of(5, 3, 900), times: Float64Array.of(1, 2, 2), values: Float64Array.of(1.5, -0, 7) },
  histograms: [{ ref: 5, timeMs: windowStartMs, histogram: histogram(3) }],
};
/** Runs: two of one timeline, one of times that go back, two samples too far apart for one run. */
const commitOfRuns = {
  ...commit,
  floats: {
    refs: Uint32Array.of(70_000, 70_000, 5, 5, 5, 5, 5),
    times: Float64Array.of(windowStartMs, windowStartMs + 15_000, windowStartMs, windowStartMs + 15_000, -7, -(2 ** 53) + 1, 2 ** 53 - 1),
    values: new Float64Array([...odd, 1, 2, 3]),
  },
};

function frameOf(record: typeof commit): Uint8Array {
  const writer = new ByteWriter();
  putCommit(writer, {
    ...record,
    series: record.series.map(({ ref }) => ref),
    labelsOf: (ref) => record.series.find((one) => one.ref === ref)!.labels,
  });
  finishFrame(writer, 2 ** 33 + 5, true);
  return writer.take();
}

test('a commit of version 1, as older releases wrote it', () => {
  const payload = golden('wal-frame', () => new Uint8Array(0)).subarray(walHeaderBytes);
  expect(getNotes(payload)).toEqual({ series: commit.series, exemplars: commit.exemplars });
  expect(getSamples({ version: 1, payload })).toEqual({ floats: commit.floats, histograms: commit.histograms });
  const folder = tempFolder();
  writeFileSync(
    join(folder, '0000008589934597.wal'),
    golden('wal-frame', () => new Uint8Array(0)),
  );
  const frames = [...walFrames(join(folder, '0000008589934597.wal'), (damage) => expect(damage).toBeUndefined())];
  expect(frames.map(({ lsn, version }) => [lsn, version])).toEqual([[2 ** 33 + 5, 1]]);
});

test.each([
  ['wal-frame-2', commit],
  ['wal-frame-2-runs', commitOfRuns],
] as const)('commit, %s', (name, record) => {
  const bytes = golden(name, () => frameOf(record));
  expect(hex(frameOf(record))).toBe(hex(bytes));
  const payload = bytes.subarray(walHeaderBytes);
  expect(getNotes(payload)).toEqual({ series: record.series, exemplars: record.exemplars });
  const { floats, histograms } = getSamples({ version: 2, payload });
  expect({ ...floats, values: bitsOf(floats.values) }).toEqual({ ...record.floats, values: bitsOf(record.floats.values) });
  expect(histograms).toEqual(record.histograms);
});
