import type { Span } from '#core/model/index.ts';
import { openTraces, type TracePage, type Traces } from '#core/traces/index.ts';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { baseNs, hex, int, ms, service, span, text } from './support/spans.ts';

const clock = new ManualClock();

function open(): Traces {
  const traces = openTraces({ folder: tempFolder(), clock });
  onTestFinished(() => traces.close());
  return traces;
}

const traceNumbers = ({ traces }: TracePage): number[] => traces.map(({ traceId }) => Number.parseInt(traceId, 16));

/** Trace n starts n ms after the base. */
const shop: readonly Span[] = [
  span({ trace: 1, id: 1, of: 'front', name: 'GET /', kind: 'server', at: 1, takes: 100, attributes: [int('http.status_code', 200)] }),
  span({
    trace: 1,
    id: 2,
    parent: 1,
    of: 'cart',
    name: 'GetCart',
    kind: 'server',
    at: 2,
    takes: 40,
    status: 'ok',
    traceState: 'rojo=00f067,congo=t61',
  }),
  span({ trace: 2, id: 3, of: 'front', name: 'GET /cart', at: 2, takes: 300, status: 'error', attributes: [int('http.status_code', 503)] }),
  span({ trace: 3, id: 4, of: 'cart', name: 'GetCart', at: 3, takes: 5, attributes: [text('http.status_code', '404'), text('user', 'a "b"')] }),
  span({ trace: 4, id: 5, parent: 99, name: 'orphan', at: 4, takes: 1, resource: service('pay', text('k8s.pod.name', 'pay-1')) }),
  span({
    trace: 5,
    id: 6,
    of: 'db',
    name: 'SELECT',
    at: 5,
    takes: 2,
    status: 'error',
    statusText: 'deadlock found',
    attributes: [{ key: 'ratio', type: 'double', text: '0.5' }],
    events: [{ timeNs: baseNs, name: 'exception', attributes: [text('exception.type', 'Deadlock')], droppedCount: 0 }],
  }),
];

const questions: readonly (readonly [query: string, traces: readonly number[]])[] = [
  ['', [5, 4, 3, 2, 1]],
  ['{}', [5, 4, 3, 2, 1]],
  ['service=cart', [3, 1]],
  ['{ resource.service.name = "cart" && duration > 10ms }', [1]],
  ['operation="GET /"', [1]],
  ['name=~"GET /.*"', [2, 1]],
  ['name!~"GET.*" service!=db', [4, 3, 1]],
  ['http.status_code=503', [2]],
  ['http.status_code>=404', [3, 2]],
  ['.http.status_code<300', [1]],
  ['http.status_code', [3, 2, 1]],
  ['{ .http.status_code = nil }', [5, 4, 1]],
  ['user="a \\"b\\""', [3]],
  ['error', [5, 2]],
  ['error=false service=front', [1]],
  ['status=ok', [1]],
  ['kind=server', [1]],
  ['k8s.pod.name=pay-1', [4]],
  ['span.k8s.pod.name=pay-1', []],
  ['exception.type=Deadlock', [5]],
  ['"DEADLOCK"', [5]],
  ['"pay-1" kind=internal', [4]],
  ['tracestate=~".*rojo=.*"', [1]],
  ['tracestate.congo=t61', [1]],
  ['tracestate.congo', [1]],
  ['tracestate.vendor', []],
  ['event.exception.type=~"Dead.*"', [5]],
  ['span:statusMessage=~".*deadlock.*"', [5]],
  ['ratio=0.50', [5]],
  ['service=db || (service=pay && name=orphan)', [5, 4]],
  ['duration<2ms', [4]],
  ['duration>=300ms', [2]],
  ['duration>0.3s', []],
];

describe('trace search', () => {
  test.each(['head', 'blocks'] as const)('answers from the %s', async (where) => {
    const traces = open();
    await traces.append(shop.slice(0, 3));
    if (where === 'blocks') await traces.flush();
    await traces.append(shop.slice(3));
    if (where === 'blocks') await traces.flush();
    for (const [query, wanted] of questions) expect([query, traceNumbers(await traces.search({ text: query, limit: 100 }))]).toEqual([query, wanted]);
  });

  /** What is asked where, of spans that have a key on several levels, or several values. */
  const levels: readonly (readonly [query: string, traces: readonly number[]])[] = [
    ['resource.env=prod', [3, 2, 1]],
    ['span.env=test', [2]],
    ['.env=prod', [3, 1]],
    ['{ .env != "prod" }', [2]],
    ['env=prod', [3, 2, 1]],
    ['event.code=7', [3]],
    ['span.code=7', []],
    ['.code=7', []],
    ['code=7', [3]],
    ['event:name=retry', [3]],
    ['link.via=queue', [1]],
    ['span.via=queue', []],
    ['tags=red', [2, 1]],
    ['tags="green"', [2]],
    ['tags=~"gr.*"', [2]],
    ['{ .tags != "red" }', [3]],
    ['{ .tags !~ "r.*" }', [3]],
    ['sizes>20', [2]],
    ['sizes=10', [2, 1]],
    ['sizes>=10 sizes<11', [2, 1]],
    ['sizes', [3, 2, 1]],
    ['tags="[\\"red\\",\\"green\\"]"', [2]],
  ];
  const list = (key: string, ...values: readonly (string | number)[]): Span['attributes'][number] => ({
    key,
    type: 'json',
    text: JSON.stringify(values),
  });
  const prod = service('shop', text('env', 'prod'));
  const event = (code: number, name: string): Span['events'][number] => ({ timeNs: baseNs, name, attributes: [int('code', code)], droppedCount: 0 });
  const levelled: readonly Span[] = [
    span({
      trace: 1,
      id: 1,
      at: 1,
      resource: prod,
      attributes: [list('tags', 'red'), list('sizes', 10)],
      links: [{ traceId: hex(9, 16), spanId: hex(9, 8), traceState: '', attributes: [text('via', 'queue')], droppedCount: 0 }],
    }),
    span({ trace: 2, id: 2, at: 2, resource: prod, attributes: [text('env', 'test'), list('tags', 'red', 'green'), list('sizes', 10, 30)] }),
    span({ trace: 3, id: 3, at: 3, resource: prod, attributes: [list('tags', 'blue'), list('sizes')], events: [event(5, 'try'), event(7, 'retry')] }),
  ];

  test.each(['head', 'blocks'] as const)('by level and by element, from the %s', async (where) => {
    const traces = open();
    // Others with many values of the same keys, so that their columns have filters.
    const others = Array.from({ length: 600 }, (_, i) =>
      span({ trace: 100 + i, id: 100 + i, of: 'other', attributes: [text('tags', `t${i}`)], at: 0 }),
    );
    await traces.append([...levelled, ...others]);
    if (where === 'blocks') await traces.flush();
    for (const [query, wanted] of levels) {
      const found = traceNumbers(await traces.search({ text: query, limit: 1000 })).filter((number) => number < 100);
      expect([query, found]).toEqual([query, wanted]);
    }
  });

  test('a row tells of the whole trace, wherever its spans lie', async () => {
    const traces = open();
    await traces.append([span({ trace: 1, id: 2, parent: 1, of: 'cart', at: 2, takes: 40, status: 'error' })]);
    await traces.flush();
    await traces.append([span({ trace: 1, id: 1, of: 'front', name: 'GET /', at: 1, takes: 20 })]);
    expect((await traces.search({ text: 'service=cart', limit: 1 })).traces).toEqual([
      {
        traceId: hex(1, 16),
        rootService: 'front',
        rootName: 'GET /',
        hasRoot: true,
        startNs: baseNs + ms(1),
        durationNs: 41e6,
        spanCount: 2,
        errorCount: 1,
        matchedCount: 1,
        services: ['cart', 'front'],
      },
    ]);
  });

  test('bounds of time are inclusive and look at the matching span', async () => {
    const traces = open();
    await traces.append(shop);
    const between = async (from: number, to: number): Promise<number[]> =>
      traceNumbers(await traces.search({ text: '', limit: 9, fromNs: baseNs + ms(from), toNs: baseNs + ms(to) }));
    expect(await between(2, 3)).toEqual([3, 2, 1]);
    expect(await between(3, 3)).toEqual([3]);
    expect(await between(6, 9)).toEqual([]);
  });

  test.each([
    ['service=', 'a value is missing'],
    ['{ a = 1', 'a closing brace is missing'],
    ['(a=1', 'a closing parenthesis is missing'],
    ['a="x', 'a closing quote is missing'],
    ['a>x', '> compares numbers, not "x"'],
    ['duration>fast', 'a duration is compared with one like 100ms or 1.5s, not "fast"'],
    ['a=~"("', 'bad regular expression'],
    ['{ a = 1 } | count() > 2', 'pipelines of TraceQL are not yet supported'],
    ['('.repeat(40) + 'a=1', 'nested deeper than 32'],
  ])('says what is wrong with %s', async (query, why) => {
    await expect(open().search({ text: query, limit: 1 })).rejects.toThrow(why);
  });

  test('a search can be cancelled', async () => {
    const traces = open();
    await traces.append(shop);
    await expect(traces.search({ text: 'nothing', limit: 1 }, AbortSignal.abort())).rejects.toThrow('aborted');
  });

  const spanArbitrary = fc
    .record({
      trace: fc.integer({ min: 1, max: 12 }),
      at: fc.integer({ min: 0, max: 6 }),
      of: fc.constantFrom('a', 'b'),
      code: fc.integer({ min: 0, max: 5 }),
    })
    .map(({ code, ...rest }) => ({ ...rest, attributes: [int('code', code)] }));

  test('pages together are the traces that a plain scan finds, newest first, however the spans are spread', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(spanArbitrary, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        async (deliveries, limit) => {
          const traces = openTraces({ folder: tempFolder(), clock });
          let id = 1;
          const all: Span[] = [];
          for (const [i, delivery] of deliveries.entries()) {
            const spans = delivery.map((sketch) => span({ ...sketch, id: id++ }));
            all.push(...spans);
            await traces.append(spans);
            if (i % 2 === 0) await traces.flush();
          }
          const firstStart = (traceId: string): bigint =>
            all
              .filter((one) => one.traceId === traceId)
              .map(({ startNs }) => startNs)
              .sort((a, b) => Number(a - b))[0]!;
          const wanted = [
            ...new Set(
              all.filter(({ resource, attributes }) => resource.service === 'a' && Number(attributes[0]!.text) >= 3).map(({ traceId }) => traceId),
            ),
          ];
          wanted.sort((a, b) => Number(firstStart(b) - firstStart(a)) || (a < b ? -1 : 1));
          const found: string[] = [];
          let cursor: string | undefined;
          do {
            const page: TracePage = await traces.search({ text: 'service=a code>=3', limit, ...(cursor === undefined ? {} : { cursor }) });
            found.push(...page.traces.map(({ traceId }) => traceId));
            cursor = page.next;
          } while (cursor !== undefined);
          await traces.close();
          expect(found).toEqual(wanted);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });
});
