import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpositionColumns, ExpositionReader, type ExpositionPage, type PageReader } from '#core/formats/index.ts';
import { formatLabels } from '#core/model/index.ts';
import { readShared } from '../../support/shared-data.ts';

const columns = new ExpositionColumns();

interface Read extends ExpositionPage {
  readonly samples: readonly (readonly [series: string, value: number, timeMs: number | undefined])[];
}

function readWith(reader: PageReader, text: string | Uint8Array): Read {
  const page = reader.read(Buffer.from(text), columns);
  const samples = Array.from({ length: columns.rowCount }, (_, row) => {
    const timeMs = columns.timesMs[row]!;
    return [formatLabels(reader.labels(columns.slots[row]!)), columns.values[row]!, Number.isNaN(timeMs) ? undefined : timeMs] as const;
  });
  return { ...page, samples };
}
const read = (text: string | Uint8Array, format: 'text' | 'openmetrics' = 'text'): Read => readWith(new ExpositionReader(format), text);

describe('text 0.0.4', () => {
  test.each([
    ['a 1\n', 'a', 1, undefined],
    ['a 1', 'a', 1, undefined],
    ['  a\t{ b = "c" , d="e", }  -2.5e3 \t 1700000000000 \n', 'a{b="c", d="e"}', -2500, 1700000000000],
    ['a{b="c"}1\n', 'a{b="c"}', 1, undefined],
    ['a{b="x\\\\y\\"z\\n"} 1\n', 'a{b="x\\\\y\\"z\\n"}', 1, undefined],
    ['a{b=""} 1\n', 'a', 1, undefined],
    ['a{b="}"} 1\n', 'a{b="}"}', 1, undefined],
    ['{"my.metric","a.b"="c"} 1\n', '{"my.metric", "a.b"="c"}', 1, undefined],
    ['a +Inf\n', 'a', Infinity, undefined],
    ['a -infinity\n', 'a', -Infinity, undefined],
    ['a nAn\n', 'a', NaN, undefined],
    ['a -0\n', 'a', -0, undefined],
    ['a .5\n', 'a', 0.5, undefined],
    ['a 5.\n', 'a', 5, undefined],
    ['a 0.1\n', 'a', 0.1, undefined],
    ['a 123456789012345678901\n', 'a', 123456789012345680000, undefined],
    ['a 1.7976931348623157e+308\n', 'a', Number.MAX_VALUE, undefined],
    ['a 1 -62135596800000\n', 'a', 1, -62135596800000],
  ])('%j', (text, series, value, timeMs) => {
    const page = read(text);
    expect(page.samples).toEqual([[series, value, timeMs]]);
    expect(page.badLineCount).toBe(0);
  });

  test.each([
    ['a', 'a value is expected'],
    ['a b', 'a value is expected'],
    ['a 1 2 3', 'a time in whole milliseconds'],
    ['a 1 1.5', 'a time in whole milliseconds'],
    ['a 0x10', 'a value is expected'],
    ['a 1_0', 'a value is expected'],
    ['a 1 # {x="y"} 1', 'a time in whole milliseconds'],
    ['0a 1', 'a metric name is expected'],
    ['{a="b"} 1', 'a metric name is expected'],
    ['a{b="c} 1', 'the value of label b is not closed'],
    ['a{b=c} 1', 'must stand in double quotes'],
    ['a{b="1",b="2"} 1', 'the label b stands twice'],
    ['a{1="2"} 1', 'a label name is expected'],
    ['a{"b"} 1', 'a quoted metric name must come first'],
    [Buffer.from('a{b="\xff"} 1', 'latin1').toString('latin1'), ''],
    ['# TYPE a meh', '"meh" is not a type'],
    ['# TYPE ', 'a metric name is expected'],
    [`a{b="${'x'.repeat(1 << 16)}"} 1`, 'over 65536 bytes'],
  ])('%j is a bad line, the rest is kept', (line, reason) => {
    const page = read(`up 1\n${line}\ndown 0\n`);
    if (reason === '') return;
    expect(page.samples.map(([series]) => series)).toEqual(['up', 'down']);
    expect(page.badLineCount).toBe(1);
    expect(page.firstBadLine).toMatch(/^line 2: /);
    expect(page.firstBadLine).toContain(reason);
  });

  test('a label value that is not UTF-8 is a bad line', () => {
    const page = read(Buffer.from('a{b="\xff\xfe"} 1\nb 2\n', 'latin1'));
    expect([page.badLineCount, page.samples.length]).toEqual([1, 1]);
  });

  test('metadata is told once, and again when it changes', () => {
    const reader = new ExpositionReader('text');
    const page = '# HELP a What\\nit is.\n# TYPE a counter\n# a remark\na 1\n';
    expect(readWith(reader, page).metadata).toEqual([['a', { type: 'counter', help: 'What\nit is.', unit: '' }]]);
    expect(readWith(reader, page).metadata).toEqual([]);
    expect(readWith(reader, page.replace('counter', 'gauge')).metadata).toEqual([['a', { type: 'gauge', help: 'What\nit is.', unit: '' }]]);
    expect(readWith(reader, page).metadata).toEqual([['a', { type: 'counter', help: 'What\nit is.', unit: '' }]]);
  });

  test('stops at the limit of samples', () => {
    const page = new ExpositionReader('text').read(Buffer.from('a 1\nb 2\nc 3\n'), columns, 2);
    expect(page.overLimit).toBe(true);
    expect(new ExpositionReader('text').read(Buffer.from('a 1\nb 2\n'), columns, 2).overLimit).toBe(false);
  });
});

describe('OpenMetrics 1.0', () => {
  test('times in seconds, exemplars, units', () => {
    const text =
      '# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n# HELP a_seconds Say \\"hi\\".\n' +
      'a_seconds_bucket{le="+Inf"} 3 1.5 # {trace_id="x # y",b=""} 0.25 1.0625\na_seconds_count 3\n# EOF\n';
    const page = read(text, 'openmetrics');
    expect(page.badLineCount).toBe(0);
    expect(page.samples).toEqual([
      ['a_seconds_bucket{le="+Inf"}', 3, 1500],
      ['a_seconds_count', 3, undefined],
    ]);
    expect(page.exemplars).toEqual([{ row: 0, exemplar: { labels: ['trace_id', 'x # y'], value: 0.25, timeMs: 1063 } }]);
    expect(page.metadata).toEqual([['a_seconds', { type: 'histogram', help: 'Say "hi".', unit: 'seconds' }]]);
    expect(page.complete).toBe(true);
  });

  test('a page without # EOF is not complete', () => {
    expect(read('a 1\nb 2\n', 'openmetrics').complete).toBe(false);
    expect(read('a 1\n', 'text').complete).toBe(true);
  });

  test('text after # EOF is bad', () => {
    expect(read('a 1\n# EOF\nb 1\n', 'openmetrics')).toMatchObject({ badLineCount: 1, firstBadLine: 'line 3: text follows # EOF' });
  });
});

describe('page after page', () => {
  test.each([
    ['metrics/exposition/node_exporter/e2e-output.txt', 'text'],
    ['metrics/exposition/textparse/alltypes.237mfs.prom.txt', 'text'],
    ['metrics/exposition/textparse/alltypes.237mfs.nometa.prom.txt', 'text'],
    ['metrics/exposition/textparse/alltypes.5mfs.om.txt', 'openmetrics'],
    ['metrics/exposition/textparse/1histogram.om.txt', 'openmetrics'],
    ['metrics/exposition/prometheus-common/text', 'text'],
  ] as const)('%s reads the same the second time, and right', (path, format) => {
    const bytes = readShared(path);
    const reader = new ExpositionReader(format);
    const first = readWith(reader, bytes);
    expect(first.firstBadLine).toBe('');
    const again = readWith(reader, bytes);
    expect(again.samples).toEqual(first.samples);
    const lines = bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first.samples).toHaveLength(lines.length);
    const values = lines.map((line) => line.replace(/ # .*/, '').replace(/^[^ {]+(\{.*\})? +/, ''));
    expect(first.samples.map(([, value]) => value)).toEqual(
      values.map((text) => Number(text.split(' ')[0]!.replace('Inf', 'Infinity').replace('+', ''))),
    );
  });
});

describe('whatever comes', () => {
  /** Any sequence of pages must read as if each were the first: the cache may only save work. */
  test('the cache changes nothing', () => {
    const series = fc.constantFrom('a', 'ab', 'a{x="1"}', 'a{x="12"}', 'a{x="1" }', ' a', 'b{x="}"}', 'b{x="\\""}', 'c{', 'a {x="1"}');
    const value = fc.constantFrom('1', '2.5', 'NaN', 'x', '1e3', '7 1700000000000', '');
    const sample = fc.tuple(series, value).map(([head, text]) => `${head} ${text}`);
    const comment = fc.constantFrom('# HELP a x', '# HELP a y', '# TYPE a gauge', '# TYPE a counter', '', '# hm');
    const page = fc.array(fc.oneof({ weight: 4, arbitrary: sample }, comment), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(fc.array(page, { maxLength: 6 }), (pages) => {
        const reader = new ExpositionReader('text');
        for (const text of pages) {
          const cached = readWith(reader, text);
          const fresh = read(text);
          expect(cached.samples).toEqual(fresh.samples);
          expect([cached.badLineCount, cached.firstBadLine]).toEqual([fresh.badLineCount, fresh.firstBadLine]);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('numbers come out as JavaScript reads them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 20 }), (value, digits) => {
        for (const text of [String(value), value.toExponential(digits), value.toFixed(digits)]) {
          if (text.includes('Infinity')) continue;
          expect(read(`a ${text}\n`).samples[0]![1]).toBe(Number(text));
        }
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  test('no bytes can make it throw, and a page costs no more slots than lines', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('text', 'openmetrics' as const), (bytes, format) => {
        const reader = new ExpositionReader(format);
        reader.read(bytes, columns);
        for (let slot = 0; slot < reader.slotCount; slot++) reader.labels(slot);
        expect(reader.slotCount).toBeLessThanOrEqual(Buffer.from(bytes).toString('latin1').split('\n').length);
      }),
      { seed: 7, numRuns: 3000 },
    );
  });

  test('compacting keeps the wanted slots and their labels', () => {
    const reader = new ExpositionReader('text');
    readWith(reader, '# HELP a x\na 1\nb 2\nc{d="e"} 3\n');
    const wanted = new Set([columns.slots[0]!, columns.slots[2]!]);
    const newSlots = reader.compact((slot) => wanted.has(slot));
    expect([...wanted].map((slot) => formatLabels(reader.labels(newSlots[slot]!)))).toEqual(['a', 'c{d="e"}']);
    expect(reader.slotCount).toBe(2);
    expect(readWith(reader, 'b 1\nc{d="e"} 3\n').samples.map(([series]) => series)).toEqual(['b', 'c{d="e"}']);
  });
});
