/** The same odd pages scraped by a real Prometheus and by us: the same series, values and stale markers, scrape by scrape. */
import { describe, expect, test } from 'vitest';
import { labelPairs, labelsFrom, isStale, labelValue, matcher, formatLabels, type Labels } from '#core/model/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import { httpTarget, page, type Answer, type HttpTarget } from '../../support/http-target.ts';
import { hasPrometheus, startPrometheus } from '../../support/peers.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { ScrapeScene } from '../../support/scrape-scene.ts';

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const om = (text: string): Answer => page(`${text}# EOF\n`, openMetrics);
const broken: Answer = (_, response) => void response.writeHead(503).end('no');
const old = Date.now() - 60_000;

interface Case {
  readonly name: string;
  /** Fields of the job. */
  readonly fields?: string;
  /** What each scrape is answered; the last answer again and again. */
  readonly pages: readonly Answer[];
  /** Labels of the target's group. */
  readonly labels?: string;
  /** Why we do otherwise, on purpose. */
  readonly differs?: string;
}

const allStale =
  'a page that is refused ends all series of the target; Prometheus leaves those open that stood before the place that it could not read';
const badLines = 'a line that cannot be read is left out, counted and named on the Targets page; Prometheus gives the whole page up';
const refusedSample = 'a series counts as added although its sample is refused: too late, or too far ahead';

const cases: readonly Case[] = [
  { name: 'comes and goes', pages: [page('a 1\nb 2\n'), page('a 1\n'), page('b 3\na 4\n'), broken, page('a 5\n'), page('')] },
  { name: 'odd values', pages: [page('a NaN\nb +Inf\nc -Inf\nd 1e3\nf -0\ng .5\nh 5.\n'), page('a NaN\nb inf\nc 1\n')] },
  { name: 'same series twice', pages: [page('a 1\na 2\nb 1\n'), page('a 3\na 3\n')] },
  { name: 'labels', pages: [page('a{x="1",y="2"} 1\na{y="2",x="1"} 2\nb{x=""} 1\nc{} 1\nd{x="a\\"b\\\\c\\nd",} 1\n')] },
  { name: 'labels that clash', labels: '{job: own, x: t}', pages: [page('a{x="1"} 1\nb{x="1",exported_x="2"} 2\nc{job="mine",instance="i"} 3\n')] },
  { name: 'honored', fields: 'honor_labels: true', labels: '{x: t}', pages: [page('a{x="1"} 1\nb{x=""} 2\nc{job="mine",instance=""} 3\n')] },
  {
    name: 'own times',
    differs: refusedSample,
    pages: [page(`a 1 ${old}\nb 1\n`), page(`a 2 ${old + 1000}\nb 1\n`), page('b 2\n'), page(`a 1 ${old}\nb 1\n`)],
  },
  {
    name: 'own times tracked',
    fields: 'track_timestamps_staleness: true',
    pages: [page(`a 1 ${old}\nb 1\n`), page(`a 2 ${old + 1000}\nb 1\n`), page('b 2\n')],
  },
  { name: 'own times not honored', fields: 'honor_timestamps: false', pages: [page(`a 1 ${old}\n`), page(`a 2 ${old}\n`), page('b 1\n')] },
  { name: 'one bad line', differs: badLines, pages: [page('a 1\nb 2\n'), page('a 1\n{ 2\nb 3\n'), page('a 1\nb 2\n')] },
  { name: 'no last line feed', pages: [page('a 1\nb 2')] },
  { name: 'blanks and comments', pages: [page('\n# a comment\n#\n# HELP a\n# TYPE a counter\na 1\nb\t2\n\n   \nb{ x = "1" , } 3\n')] },
  { name: 'names in quotes', pages: [page('{"my.metric","a.label"="1"} 1\n{"other",x="2"} 2\n')] },
  {
    name: 'OpenMetrics',
    pages: [om('# TYPE a counter\na_total 1 # {trace_id="x"} 1\na_created 1\n# TYPE s stateset\ns{s="x"} 1\n'), om('# TYPE a counter\na_total 2\n')],
  },
  { name: 'OpenMetrics cut short', differs: allStale, pages: [om('a 1\n'), page('a 2\n', openMetrics), om('a 3\n')] },
  { name: 'sample limit', fields: 'sample_limit: 2', differs: allStale, pages: [page('a 1\nb 1\n'), page('a 1\nb 1\nc 1\n'), page('a 1\n')] },
  {
    name: 'label limit',
    fields: 'label_limit: 3',
    differs: 'samples scraped are those of the whole page',
    pages: [page('a{x="1"} 1\n'), page('a{x="1"} 1\nb{x="1",y="2"} 1\n')],
  },
  {
    name: 'label name length',
    fields: 'label_name_length_limit: 10',
    differs: allStale,
    pages: [page('a{x="1"} 1\n'), page('a{x="1"} 1\nb{abcdefghijk="1"} 1\n')],
  },
  { name: 'label value length', fields: 'label_value_length_limit: 30', pages: [page('a{x="1"} 1\n'), page(`a{x="${'é'.repeat(16)}"} 1\n`)] },
  { name: 'body limit', fields: 'body_size_limit: 10B', pages: [page('a 1\n'), page('a 1\nbcdefgh 2\n')] },
  {
    name: 'metric relabelling',
    fields: `metric_relabel_configs:
    - {source_labels: [__name__], regex: go_.*, action: drop}
    - {source_labels: [__name__], regex: '(a)_(b)', target_label: __name__, replacement: '\${2}_$1'}
    - {regex: 'l_(.+)', action: labelmap}
    - {regex: 'l_.+', action: labeldrop}
    - {source_labels: [x], target_label: hash, modulus: 7, action: hashmod}
    - {source_labels: [x], target_label: low, action: lowercase}
    - {source_labels: [x], target_label: x, regex: gone, replacement: ''}
    - {source_labels: [y], target_label: x, action: keepequal}`,
    pages: [page('go_x 1\na_b{x="Ab",y="Ab",l_new="1"} 1\nc{x="gone"} 1\nd{x="1",y="2"} 1\ne 1\n'), page('a_b{x="Ab",y="Ab"} 2\n')],
  },
  {
    name: 'relabelled into one',
    fields: 'metric_relabel_configs: [{regex: x, action: labeldrop}]',
    pages: [page('a{x="1"} 1\na{x="2"} 2\n'), page('a{x="1"} 3\n')],
  },
  {
    name: 'relabelled to nothing',
    fields: "metric_relabel_configs: [{source_labels: [__name__], regex: b, target_label: __name__, replacement: ''}]",
    differs: 'a series without a name is refused alone',
    pages: [page('a 1\nb 1\n')],
  },
  { name: 'no type', differs: 'hand-made pages have none', pages: [(_, response) => void response.writeHead(200).end('a 1\n'), page('a 1\n')] },
  {
    name: 'no type, with a fallback',
    fields: 'fallback_scrape_protocol: PrometheusText0.0.4',
    pages: [(_, response) => void response.writeHead(200).end('a 1\n')],
  },
  { name: 'wrong type', pages: [page('a 1\n', 'text/html'), page('a 1\n')] },
  {
    name: 'classic histogram',
    pages: [page('# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 2\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n')],
  },
  { name: 'future', differs: refusedSample, pages: [page(`a 1 ${Date.now() + 3_600_000}\nb 1\n`)] },
  { name: 'not UTF-8', pages: [page(Buffer.from([0x61, 0x7b, 0x78, 0x3d, 0x22, 0xff, 0x22, 0x7d, 0x20, 0x31, 0x0a])), page('a 1\n')] },
];

/** How many scrapes are looked at. */
const scrapes = 7;

/** Each series with what every scrape of its job gave it; a sample with a time of its own before all scrapes is `own`. */
function told(store: Tsdb, job: string): readonly string[] {
  const all = store.select([matcher('scrape_job', '=', job)], 0, Number.MAX_SAFE_INTEGER);
  const times = [...all.find(({ labels }) => labelValue(labels, '__name__') === 'up')!.timesMs].slice(0, scrapes);
  const lines = all.map(({ labels, timesMs, values }) => {
    const texts = [...timesMs].flatMap((ms, i) => {
      const at = ms < times[0]! ? 'own' : times.indexOf(ms);
      return at === -1 ? [] : [`${at}=${isStale(values, i) ? 'stale' : String(values[i])}`];
    });
    const isDuration = labelValue(labels, '__name__') === 'scrape_duration_seconds';
    return { labels, text: isDuration ? `${texts.length} values` : texts.join(' ') };
  });
  return lines
    .filter(({ text }) => text !== '')
    .map(({ labels, text }) => `${formatLabels(shown(labels))}: ${text}`)
    .sort();
}

const shown = (labels: Labels): Labels =>
  labelsFrom(
    [...labelPairs(labels)].filter(([name]) => name !== 'scrape_job').map(([name, value]) => [name, value.replace(/127\.0\.0\.1:\d+/, 'HOST')]),
  );

describe.skipIf(!hasPrometheus)('beside Prometheus', () => {
  test('every odd page', async () => {
    const targets: HttpTarget[] = [];
    for (const { pages } of cases) {
      const asked = { theirs: 0, ours: 0 };
      targets.push(
        await httpTarget((request, response) => {
          const who = request.headers['user-agent']!.startsWith('Prometheus') ? 'theirs' : 'ours';
          pages[Math.min(asked[who]++, pages.length - 1)]!(request, response);
        }),
      );
    }
    const config = `scrape_configs:\n${cases
      .map(({ name, fields = '', labels = '{}' }, i) => {
        const given = labels.replace('{', `{scrape_job: '${name}'${labels === '{}' ? '' : ', '}`);
        return `- job_name: '${name}'\n  ${fields}\n  static_configs: [{targets: ['${targets[i]!.address}'], labels: ${given}}]\n`;
      })
      .join('')}`;
    const theirs = new ReceiveScene();
    const url = await theirs.listen();
    await startPrometheus(
      `global: {scrape_interval: 1s, scrape_timeout: 1s}\n${config}remote_write: [{url: '${url}/api/v1/write', queue_config: {batch_send_deadline: 100ms}}]\n`,
    );
    const ours = new ScrapeScene();
    await ours.configure(`global: {scrape_interval: 15s}\n${config}`);
    for (let i = 0; i < scrapes; i++) await ours.scrape();
    await expect.poll(() => Math.min(...targets.map(({ requestCount }) => requestCount)), { timeout: 60_000 }).toBeGreaterThan(scrapes * 2 + 1);
    const received = (name: string): number =>
      theirs.store.select([matcher('__name__', '=', 'up'), matcher('scrape_job', '=', name)], 0, Number.MAX_SAFE_INTEGER)[0]?.values.length ?? 0;
    await expect.poll(() => Math.min(...cases.map(({ name }) => received(name))), { timeout: 60_000 }).toBeGreaterThanOrEqual(scrapes);
    const differing = cases.filter(({ name }) => JSON.stringify(told(theirs.store, name)) !== JSON.stringify(told(ours.store, name)));
    for (const one of differing) if (one.differs === undefined) expect(told(ours.store, one.name)).toEqual(told(theirs.store, one.name));
    expect(differing.map(({ name }) => name)).toEqual(cases.filter(({ differs }) => differs !== undefined).map(({ name }) => name));
  }, 120_000);
});
