/** A case, its import, what changed in it and where it began, of plain data. */
import type { ChangesView, Handlers, SignalboxContract } from '#core/contract/index.ts';
import { checkAttributeMap, defaultAttributeMap, type AttributeMap } from '#core/model/index.ts';

type Names = Extract<keyof SignalboxContract, `cases.${string}` | `correlate.${string}` | `attributes.${string}`>;

const caseName = 'checkout-outage';

export function caseDataset(): {
  name: string;
  oldestMs: number;
  newestMs: number;
  seriesCount: number;
  sampleCount: number;
  spanCount: number;
  logCount: number;
  bytesOnDisk: number;
} {
  return {
    name: caseName,
    oldestMs: 1_674_981_600_000,
    newestMs: 1_674_985_200_000,
    seriesCount: 828,
    sampleCount: 84_778,
    spanCount: 119_208,
    logCount: 62_192,
    bytesOnDisk: 9_400_000,
  };
}

const file = {
  bytes: 48_211,
  samples: 0,
  spans: 0,
  logs: 0,
  edges: 0,
  duplicates: 0,
  faults: [],
  faultCount: 0,
  notes: [],
  isRefused: false,
  importedMs: 1_700_000_000_000,
};
const baseline = { startMs: 1_674_981_000_000, endMs: 1_674_982_999_999 };

const curve = {
  timesMs: Float64Array.from({ length: 40 }, (_, i) => i * 60_000),
  values: Float64Array.from({ length: 40 }, (_, i) => (i < 32 ? 1 + (i % 3) / 10 : 9)),
};
const change = { score: 5.74, formula: 'log(1 + z)', before: 0.69, during: 5.58, pointsBefore: 240, pointsDuring: 60 };
const refused = { ...file, faults: [{ line: 0, reason: 'no format that is known here: "MIT License"' }], faultCount: 1, isRefused: true };
const slow = {
  surprise: 41,
  before: 1.4,
  during: 119.8,
  pointsBefore: 17,
  pointsDuring: 9,
  text: 'own time of get rose from 1.4 to 119.8 ms (9 spans against 17)',
};

const changes: ChangesView['changes'] = [
  { ...change, kind: 'metric', service: 'cart', subject: 'cpu{service="cart"}', text: 'rose from 0.69 to 5.58, z 312', chart: curve },
  {
    ...change,
    kind: 'log',
    score: 2.1,
    service: 'cart',
    subject: 'ERROR Cart#37 lookup failed for *',
    text: 'a line of a failure that is new, 20 times',
    chart: curve,
  },
  {
    ...change,
    kind: 'deploy',
    score: 4.6,
    service: 'web',
    subject: 'app_build_info{service="web", version="2"}',
    text: 'a new version',
    chart: curve,
  },
];

const reports = [
  { ...file, path: 'capture/app.log', format: 'log lines, logfmt', logs: 42, faults: [{ line: 3, reason: 'no time was found' }], faultCount: 1 },
  { ...refused, path: 'capture/LICENSE', format: '' },
];

function attributeAnswers(): Pick<Handlers<SignalboxContract>, 'attributes.get' | 'attributes.save'> {
  let map: AttributeMap = defaultAttributeMap;
  const attributes = (): { map: AttributeMap; defaults: AttributeMap; file: string; problem: string } => ({
    map,
    defaults: defaultAttributeMap,
    file: '/data/attributes.yml',
    problem: '',
  });
  return {
    'attributes.get': attributes,
    'attributes.save': (next) => {
      checkAttributeMap(next);
      map = next;
      return attributes();
    },
  };
}

function importAnswers(): Pick<Handlers<SignalboxContract>, 'cases.import' | 'cases.upload'> {
  let imported = (): void => undefined;
  return {
    'cases.import': ({ files }, emit) => {
      const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
      emit({ id: 1, phase: 'receiving', problem: '', receivedBytes: 0, totalBytes, readBytes: 0, fileCount: 0, refusedCount: 0, files: [] });
      imported = () =>
        emit({
          id: 1,
          phase: 'done',
          problem: '',
          receivedBytes: totalBytes,
          totalBytes,
          readBytes: totalBytes,
          fileCount: 2,
          refusedCount: 1,
          files: reports,
        });
      return () => undefined;
    },
    'cases.upload': () => {
      imported();
      return null;
    },
  };
}

const wayAnswers: Pick<Handlers<SignalboxContract>, 'correlate.ways' | 'correlate.traceLogs'> = {
  'correlate.ways': ({ pairs }) => ({
    ways: pairs.includes('nowhere')
      ? []
      : [
          { to: 'metrics', of: 'service', value: 'cart', query: '{job="cart"}', count: 12 },
          ...(pairs.includes('cart-7') ? [{ to: 'metrics', of: 'pod', value: 'cart-7', query: '{pod="cart-7"}', count: 3 } as const] : []),
          { to: 'logs', of: 'service', value: 'cart', query: '{app="cart"}', count: 2 },
          { to: 'traces', of: 'service', value: 'cart', query: 'service="cart"', count: 100 },
        ],
    traceId: '',
    spanId: '',
  }),
  'correlate.traceLogs': ({ traceId }) => [{ query: JSON.stringify(traceId), count: 7 }],
};

export function caseAnswers(): Pick<Handlers<SignalboxContract>, Names> {
  return {
    ...attributeAnswers(),
    ...importAnswers(),
    ...wayAnswers,
    'cases.files': () => [
      { ...file, path: 'capture/metric/cart.csv', format: 'CSV of series', samples: 931 },
      {
        ...file,
        path: 'capture/trace.csv',
        format: 'CSV of spans',
        spans: 119_208,
        faults: [{ line: 17, reason: '"x" is no duration' }],
        faultCount: 1,
      },
      { ...refused, path: 'capture/LICENSE', format: '' },
    ],
    'cases.delete': () => null,
    'correlate.changes': ({ startMs, endMs, baseline: wished }) => ({
      window: { startMs, endMs },
      baseline: wished ?? baseline,
      changeCount: changes.length,
      seriesCount: 828,
      spanCount: 11_208,
      lineCount: 6_192,
      elapsedMs: 412,
      notes: ['not enough data for 12 of 828 series: fewer than 4 points before the window, or none in it'],
      changes,
    }),
    'correlate.rootCause': ({ startMs, endMs }) => ({
      window: { startMs, endMs },
      baseline,
      metrics: [],
      notes: [],
      suspects: [
        { service: 'cart', score: 4.8, evidence: [{ ...slow, kind: 'latency', subject: 'get' }] },
        { service: 'web', score: 1.2, evidence: [] },
      ],
    }),
  };
}
