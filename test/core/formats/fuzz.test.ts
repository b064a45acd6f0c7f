/**
 * Reliability, rows 11 and 12: every decoder of what others send, fed mutants of real bodies. It answers or refuses with its own error,
 * soon, and never takes more room than its limits. TORTURE=long runs 2 million mutants a decoder.
 */
import { compressSync, uncompressSync } from 'snappy';
import { describe, expect, test } from 'vitest';
import {
  ExpositionColumns,
  ExpositionReader,
  LineCache,
  parseAlertmanagerConfig,
  parseSignalboxConfig,
  ProtobufReader,
  readLokiPush,
  readLokiPushJson,
  readOtlpLogs,
  readOtlpLogsJson,
  readOtlpMetrics,
  readOtlpMetricsJson,
  readOtlpSpans,
  readOtlpSpansJson,
  readRemoteWrite1,
  readRemoteWrite2,
  readRuleFile,
  readSpanText,
  readTargetGroups,
  readZipkinJson,
  readZipkinProto,
  RemoteWriteColumns,
  snappyDecode,
} from '#core/formats/index.ts';
import { EngineError } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { otlpMetricsProto } from '../../support/otlp-proto.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { readShared } from '../../support/shared-data.ts';
import { spanOf } from '../../support/spans.ts';
import { exportRequest } from './spans/otlp-bytes.ts';

const isLong = process.env['TORTURE'] === 'long';
const mutantCount = isLong ? 2_000_000 : 50_000;
/** Two million of them take as long as they take. */
const timeout = 3_600_000;
/** Of one mutant. A busy machine stops a process for a while; at a second try it is the processor's time that counts. */
const patienceMs = 100;
const seedBytesMax = 4096;

/** xorshift32. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const interesting = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x5c, 0x7b, 0x7d, 0x2d, 0x30, 0x20];

/** One to eight changes: bytes set, flipped, cut out, doubled; and now and then the end is missing. */
function mutant(seed: Uint8Array, roll: (below: number) => number): Uint8Array {
  let bytes = Buffer.from(seed);
  for (let i = 1 + roll(8); i > 0 && bytes.length > 0; i--) {
    const at = roll(bytes.length);
    const length = 1 + roll(Math.min(16, bytes.length - at));
    switch (roll(5)) {
      case 0:
        bytes[at] = roll(256);
        break;
      case 1:
        bytes[at] = interesting[roll(interesting.length)]!;
        break;
      case 2:
        bytes[at]! ^= 1 << roll(8);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    }
  }
  return roll(8) === 0 ? bytes.subarray(0, roll(bytes.length + 1)) : bytes;
}

/** True: it answered. False: it refused. Anything else is a find. */
function tame(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw new Error(`a find: ${Buffer.from(bytes).toString('base64')}`, { cause: error });
  }
}

const text = (source: string): Uint8Array => Buffer.from(source);
const page = text(
  '# HELP a A "b"\\n.\n# TYPE a histogram\n# UNIT a seconds\na_bucket{le="1",x="y\\n"} 3 1700000000000 # {trace_id="ab"} 0.5\na_sum -1.5e-7\na_count +Inf\n{"u.v","w"="é"} NaN\n# EOF\n',
);
const label = (name: string, value: string): Field => [
  1,
  'message',
  [
    [1, 'bytes', name],
    [2, 'bytes', value],
  ],
];
const samples: Field[] = [
  [
    2,
    'message',
    [
      [1, 'double', 1.5],
      [2, 'int', 1_700_000_000_000],
    ],
  ],
  [
    2,
    'message',
    [
      [1, 'double', 2],
      [2, 'int', 1_700_000_015_000],
    ],
  ],
];
const remoteWrite1 = proto([
  [1, 'message', [label('__name__', 'up'), label('job', 'a'), ...samples]],
  [
    3,
    'message',
    [
      [1, 'varint', 1],
      [2, 'bytes', 'up'],
      [4, 'bytes', 'Help.'],
    ],
  ],
]);
const remoteWrite2 = proto([
  ...['', '__name__', 'up', 'job', 'a'].map((symbol): Field => [4, 'bytes', symbol]),
  [5, 'message', [...[1, 2, 3, 4].map((ref): Field => [1, 'varint', ref]), ...samples]],
]);
const family = proto([
  [1, 'bytes', 'rows'],
  [3, 'varint', 4],
  [
    4,
    'message',
    [
      label('t', 'u'),
      [
        7,
        'message',
        [
          [1, 'varint', 3],
          [2, 'double', 4.5],
          [
            3,
            'message',
            [
              [1, 'varint', 1],
              [2, 'double', 1],
            ],
          ],
          [5, 'zigzag', 3],
          [
            12,
            'message',
            [
              [1, 'zigzag', 0],
              [2, 'varint', 2],
            ],
          ],
          [13, 'zigzag', 3],
          [13, 'zigzag', -1],
        ],
      ],
    ],
  ],
]);
const lokiProto = proto([
  [
    1,
    'message',
    [
      [1, 'bytes', '{app="x", env="y"}'],
      [
        2,
        'message',
        [
          [1, 'message', [[1, 'int', 1_700_000_000]]],
          [2, 'bytes', 'level=info msg="a b"'],
        ],
      ],
    ],
  ],
]);
const zipkinSpan =
  '[{"traceId":"5af7183fb1d4cf5f","parentId":"6b221d5bc9e6496c","id":"352bff9a74ca9ad2","kind":"CLIENT","name":"get","timestamp":1556604172355737,"duration":1431,"localEndpoint":{"serviceName":"a","ipv4":"1.2.3.4","port":80},"tags":{"k":"v"},"annotations":[{"timestamp":1,"value":"x"}]}]';
const zipkinBytes = proto([
  [
    1,
    'message',
    [
      [1, 'bytes', Buffer.alloc(16, 1)],
      [3, 'bytes', Buffer.alloc(8, 2)],
      [4, 'varint', 1],
      [5, 'bytes', 'get'],
      [7, 'varint', 9],
      [
        8,
        'message',
        [
          [1, 'bytes', 'a'],
          [2, 'bytes', Buffer.from([1, 2, 3, 4])],
        ],
      ],
      [
        11,
        'message',
        [
          [1, 'bytes', 'k'],
          [2, 'bytes', 'v'],
        ],
      ],
    ],
  ],
]);
const example = (name: string): Uint8Array => text(JSON.stringify(JSON.parse(readShared(`traces/otlp-examples/${name}.json`).toString())));
const metricsJson = example('metrics');
const config = text(`global: {scrape_interval: 15s}
scrape_configs:
- job_name: a
  static_configs: [{targets: [x:1], labels: {a: b}}]
  relabel_configs: [{source_labels: [a], regex: '(.*)b', target_label: c, replacement: '$1'}]
span_metrics: {dimensions: [{name: http.route}], histogram: {unit: s}}
tail_sampling:
  decision_wait: 10s
  policies:
  - {name: e, type: status_code, status_code: {status_codes: [ERROR]}}
  - {name: s, type: string_attribute, string_attribute: {key: k, values: ['a.*'], enabled_regex_matching: true}}
  - {name: c, type: composite, composite: {max_total_spans_per_second: 9, policy_order: [x], composite_sub_policy: [{name: x, type: always_sample}]}}
`);

const logsProto = proto([
  [
    1,
    'message',
    [
      [
        1,
        'message',
        [
          [
            1,
            'message',
            [
              [1, 'bytes', 'service.name'],
              [2, 'message', [[1, 'bytes', 'shop']]],
            ],
          ],
        ],
      ],
      [
        2,
        'message',
        [
          [1, 'message', [[1, 'bytes', 'scope']]],
          [
            2,
            'message',
            [
              [2, 'varint', 17],
              [3, 'bytes', 'ERROR'],
              [
                5,
                'message',
                [
                  [
                    6,
                    'message',
                    [
                      [
                        1,
                        'message',
                        [
                          [1, 'bytes', 'k'],
                          [2, 'message', [[4, 'double', 1.5]]],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
              [9, 'bytes', '0123456789abcdef'],
              [10, 'bytes', '01234567'],
            ],
          ],
        ],
      ],
    ],
  ],
]);
const jaeger =
  '{"data":[{"traceID":"5af7183fb1d4cf5f","spans":[{"traceID":"5af7183fb1d4cf5f","spanID":"352bff9a74ca9ad2","operationName":"get","references":[{"refType":"CHILD_OF","traceID":"5af7183fb1d4cf5f","spanID":"6b221d5bc9e6496c"}],"startTime":1556604172355737,"duration":1431,"tags":[{"key":"error","type":"bool","value":true}],"logs":[{"timestamp":1556604172355738,"fields":[{"key":"event","type":"string","value":"x"}]}],"processID":"p1"}],"processes":{"p1":{"serviceName":"a","tags":[]}}}]}';

const columns = new ExpositionColumns();
const written = new RemoteWriteColumns();
const utf8 = (decode: (content: string) => unknown) => (bytes: Uint8Array) => decode(Buffer.from(bytes).toString());

const targets: readonly (readonly [name: string, seed: Uint8Array, decode: (bytes: Uint8Array) => unknown])[] = [
  ['text 0.0.4', page, (bytes) => new ExpositionReader('text').read(bytes, columns, 1000)],
  ['OpenMetrics', page, (bytes) => new ExpositionReader('openmetrics').read(bytes, columns, 1000)],
  ['protobuf exposition', Buffer.concat([Buffer.from([family.length]), family]), (bytes) => new ProtobufReader(true).read(bytes, columns, 1000)],
  ['remote write 1.0', remoteWrite1, (bytes) => readRemoteWrite1(bytes, written, new LineCache())],
  ['remote write 2.0', remoteWrite2, (bytes) => readRemoteWrite2(bytes, written)],
  ['snappy', compressSync(page), (bytes) => snappyDecode(bytes, 1 << 20)],
  ['OTLP metrics, protobuf', otlpMetricsProto(Buffer.from(metricsJson).toString()), readOtlpMetrics],
  ['OTLP metrics, JSON', metricsJson, readOtlpMetricsJson],
  ['OTLP spans, protobuf', exportRequest([spanOf(1, { name: 'fuzz', status: 'error' })]), readOtlpSpans],
  ['OTLP spans, JSON', example('trace'), readOtlpSpansJson],
  ['OTLP logs, protobuf', logsProto, (bytes) => readOtlpLogs(bytes, 0n)],
  ['OTLP logs, JSON', example('logs'), (bytes) => readOtlpLogsJson(bytes, 0n)],
  ['Loki, protobuf', lokiProto, readLokiPush],
  ['Loki, JSON', text('{"streams":[{"stream":{"app":"x"},"values":[["1700000000000000000","a line",{"k":"v"}]]}]}'), readLokiPushJson],
  ['Zipkin, JSON', text(zipkinSpan), readZipkinJson],
  ['Zipkin, protobuf', zipkinBytes, readZipkinProto],
  ['spans of a file', text(zipkinSpan), utf8(readSpanText)],
  ['Jaeger, JSON', text(jaeger), utf8(readSpanText)],
  ['signalbox.yml', config, utf8((content) => parseSignalboxConfig(content, 'x.yml'))],
  [
    'alertmanager.yml',
    text('route: {receiver: a, routes: [{matchers: [x="y"], receiver: a}]}\nreceivers: [{name: a}]\n'),
    utf8((content) => parseAlertmanagerConfig(content, 'x.yml')),
  ],
  [
    'a rule file',
    text('groups:\n- name: g\n  rules:\n  - {alert: A, expr: "up == 0", for: 5m, labels: {a: b}, annotations: {c: "{{ $value }}"}}\n'),
    utf8((content) => readRuleFile(content, 'x.yml', parseExpr)),
  ],
  ['a target file', text('[{"targets": ["a:1"], "labels": {"b": "c"}}]'), utf8((content) => readTargetGroups(content, 'x.json'))],
  ['PromQL', text('sum by (a) (rate(x{b=~"c|d.*"}[5m] offset 1h)) / on (a) group_left histogram_quantile(0.9, y) > bool 1e-3'), utf8(parseExpr)],
];

describe('mutants of what others send', () => {
  test.each(targets)('%s: read or refused, soon', { timeout }, (_, seed, decode) => {
    const start = seed.subarray(0, seedBytesMax);
    const roll = dice(0x5eed + start.length);
    const counts = { answered: 0, refused: 0 };
    for (let i = 0; i < mutantCount; i++) {
      const bytes = mutant(start, roll);
      const fromMs = performance.now();
      if (tame(decode, bytes)) counts.answered++;
      else counts.refused++;
      if (performance.now() - fromMs < patienceMs) continue;
      const { user, system } = process.cpuUsage();
      tame(decode, bytes);
      const spent = process.cpuUsage({ user, system });
      expect((spent.user + spent.system) / 1000, `slow: ${Buffer.from(bytes).toString('base64')}`).toBeLessThan(patienceMs);
    }
    expect(counts.answered + counts.refused).toBe(mutantCount);
  });

  test("snappy: what Google's own accepts is what ours accepts, to the byte", { timeout }, () => {
    const roll = dice(77);
    for (let i = 0; i < mutantCount; i++) {
      const plain = Buffer.from(Array.from({ length: roll(600) }, () => roll(4) * roll(64)));
      const packed = compressSync(plain) as Uint8Array;
      expect(Buffer.from(snappyDecode(packed, 1 << 20)).equals(plain)).toBe(true);
      const changed = mutant(packed, roll);
      const theirs = orUndefined(() => uncompressSync(changed) as Uint8Array);
      const ours = orUndefined(() => snappyDecode(changed, 1 << 20));
      if (theirs === undefined || theirs.length > 1 << 20) expect(ours).toBeUndefined();
      else expect(ours && Buffer.from(ours).equals(Buffer.from(theirs)), Buffer.from(changed).toString('hex')).toBe(true);
    }
  });
});

function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
