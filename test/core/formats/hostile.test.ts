import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSignalboxConfig, readOtlpMetrics, readOtlpMetricsJson, readTargetGroups } from '#core/formats/index.ts';
import { parseBoundedJson } from '#core/formats/bounded-json.ts';
import { EngineError } from '#core/model/index.ts';
import { otlpMetricsProto } from '../../support/otlp-proto.ts';
import { readShared } from '../../support/shared-data.ts';

const seed = { seed: 13 };

/** Runs a decoder on bytes: it may refuse them with its own error, and nothing else. */
function tame(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
}

const mutations = (length: number): fc.Arbitrary<[number, number][]> =>
  fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });

function mutated(bytes: Uint8Array, changes: readonly (readonly [number, number])[], cutTo: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const [at, b] of changes) copy[at] = b;
  return copy.subarray(0, Math.max(1, cutTo % (copy.length + 1)));
}

const otlpJson = readShared('traces/otlp-examples/metrics.json');
const minimal = JSON.stringify({
  resourceMetrics: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'x' } }] },
      scopeMetrics: [
        {
          scope: { name: 'l' },
          metrics: [
            { name: 'g', gauge: { dataPoints: [{ timeUnixNano: '1700000000000000000', asDouble: 1.5 }] } },
            {
              name: 'h',
              histogram: { aggregationTemporality: 2, dataPoints: [{ count: '3', sum: 1, explicitBounds: [1, 2], bucketCounts: ['1', '1', '1'] }] },
            },
            { name: 'e', exponentialHistogram: { dataPoints: [{ count: '1', scale: 2, positive: { offset: 1, bucketCounts: ['1'] } }] } },
          ],
        },
      ],
    },
  ],
});
const otlpProto = otlpMetricsProto(minimal);
const config = Buffer.from(`global: {scrape_interval: 15s}
scrape_configs:
- job_name: a
  static_configs: [{targets: [x:1], labels: {a: b}}]
  relabel_configs: [{source_labels: [a], regex: '(.*)b', target_label: c, replacement: '$1'}]
  basic_auth: {username: u, password: p}
`);

describe('decoders of what others send', () => {
  test.each<[string, Uint8Array, (bytes: Uint8Array) => unknown]>([
    ['OTLP protobuf', otlpProto, readOtlpMetrics],
    ['OTLP JSON', otlpJson, readOtlpMetricsJson],
    ['a configuration', config, (bytes) => parseSignalboxConfig(Buffer.from(bytes).toString(), 'x.yml')],
    [
      'a file of targets',
      Buffer.from('[{"targets": ["a:1"], "labels": {"b": "c"}}]'),
      (bytes) => readTargetGroups(Buffer.from(bytes).toString(), 'x.json'),
    ],
  ])('%s, mutated and cut, is read or refused', (_, bytes, decode) => {
    fc.assert(
      fc.property(mutations(bytes.length), fc.nat(), (changes, cutTo) => {
        tame(() => decode(mutated(bytes, changes, cutTo)));
        tame(() => decode(mutated(bytes, changes, bytes.length)));
      }),
      { ...seed, numRuns: 1500 },
    );
  });

  test('any JSON value is read or refused as OTLP', () => {
    const field = fc.constantFrom('resourceMetrics', 'scopeMetrics', 'metrics', 'gauge', 'dataPoints', 'attributes', 'value', 'asInt', '__proto__');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 8 },
        fc.constantFrom<unknown>(null, 1, '1', 'NaN', true, [], {}),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(field, tie('tree'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (json) => tame(() => readOtlpMetricsJson(Buffer.from(JSON.stringify(json))))),
      { ...seed, numRuns: 2000 },
    );
  });

  test('bounded JSON is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (json) => {
        expect(parseBoundedJson(Buffer.from(JSON.stringify(json)))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
      { ...seed, numRuns: 500 },
    );
  });
});
