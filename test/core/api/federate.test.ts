/** /federate beside a real one: both were sent the same samples a moment ago. */
import { expect, test } from 'vitest';
import { labelsFromRecord, writeStale, type SeriesColumns } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { hasPrometheus } from '../../support/peers.ts';
import { snappyLiterals, writeRequest } from '../promql/peer/remote-write.ts';
import { Pair, type Ask, type Told } from './peer/pair.ts';

// A real Prometheus federates by the wall clock, so the samples lie around now; the first ones are out of what it looks back on.
const nowMs = Date.now();
const made = (labels: Record<string, string>, values: readonly number[]): SeriesColumns => ({
  labels: labelsFromRecord(labels),
  timesMs: Float64Array.from(values, (_, i) => nowMs - 20_000 - (values.length - 1 - i) * 120_000),
  values: Float64Array.from(values),
});
const gone = made({ __name__: 'gone', job: 'db' }, [1, 1, 1]);
writeStale(gone.values, 2);
const series = [
  made({ __name__: 'up', job: 'api', instance: 'a:1' }, [0, 1, 1]),
  made({ __name__: 'up', job: 'db', Zone: 'eu' }, [1, 1, 0]),
  gone,
  made({ __name__: 'http.requests', 'ä.b': 'x"y\\z\n', job: 'api' }, [5, 1e21]),
  made({ __name__: '2nd', '0label': 'x', job: 'api' }, [0.000012345]),
  ...[-0, 1234567, 123456, 0.0001, 0.00001, 1e-7, NaN, Infinity, -Infinity, 0.1 + 0.2, 5e-324, 1.7976931348623157e308].map((value, i) =>
    made({ __name__: 'number', i: String(i).padStart(2, '0'), cluster: 'own' }, [value]),
  ),
];
const old: SeriesColumns = { labels: labelsFromRecord({ __name__: 'old' }), timesMs: Float64Array.of(nowMs - 400_000), values: Float64Array.of(1) };

/** Prometheus leaves the order within a name open; what is wrong with a selector we say in words of our own. */
const comparable = (told: Told): Told => ({ ...told, text: told.status === 200 ? told.text.split('\n').sort().join('\n') : '' });

const asks: readonly Ask[] = ['', 'text/plain;version=0.0.4;escaping=allow-utf-8', 'text/plain;version=0.0.4'].flatMap((accept) =>
  [
    '',
    'match[]=up',
    'match[]={__name__!=""}',
    'match[]={job="api"}&match[]=up',
    'match[]=number&match[]=nothing',
    'match[]=up{',
    'match[]={__name__=~".+"}',
    'match[]=sum(up)',
  ].map((params) => ({ path: '/federate', params, accept })),
);

const configs = ['', 'external_labels: {cluster: eu, job: outer}', 'external_labels: {instance: here}'];

test.skipIf(!hasPrometheus).each(configs)('pages of another Prometheus, %s', { timeout: 60_000 }, async (external) => {
  const pair = await Pair.open({ clock: new ManualClock(nowMs), config: `global:\n  scrape_interval: 1m\n  ${external}\nscrape_configs: []` });
  await pair.write(snappyLiterals(writeRequest([...series, old])));
  for (const ask of asks) {
    const { theirs, ours } = await pair.ask(ask);
    expect(comparable(ours), JSON.stringify(ask)).toEqual(comparable(theirs));
  }
});
