import { readdirSync } from 'node:fs';
import { readSpanText } from '#core/formats/index.ts';
import { noSpan, spanFlags, type Span, type TraceTree } from '#core/model/index.ts';
import { assembleTrace, flameOf, statisticsOf, traceOfSpans } from '#core/traces/index.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readShared, sharedData } from '../../support/shared-data.ts';
import { span } from './support/spans.ts';

const assembled = (spans: readonly Span[]): TraceTree => assembleTrace(traceOfSpans(spans)!);
const idAt = ({ spanIds }: TraceTree, i: number): string =>
  Buffer.from(spanIds.subarray(i * 8, i * 8 + 8))
    .toString('hex')
    .replace(/^0+/, '');

/** A line a span: its id behind as many dots as it is deep, and its flags. */
function outline(trace: TraceTree): string[] {
  const names = Object.entries(spanFlags).filter(([name]) => name !== 'critical');
  return Array.from({ length: trace.spanCount }, (_, i) => {
    const flags = names.filter(([, bit]) => (trace.flags[i]! & bit) !== 0).map(([name]) => name);
    return ['.'.repeat(trace.depth[i]!) + idAt(trace, i), ...flags].join(' ');
  });
}

describe('assembly of a trace', () => {
  test.each<[what: string, spans: readonly Span[], lines: readonly string[]]>([
    [
      'children by start, depth first',
      [
        span({ id: 1, takes: 9 }),
        span({ id: 3, parent: 1, at: 5, takes: 1 }),
        span({ id: 2, parent: 1, at: 1, takes: 3 }),
        span({ id: 4, parent: 2, at: 2, takes: 1 }),
      ],
      ['1', '.2', '..4', '.3'],
    ],
    ['missing parents', [span({ id: 1 }), span({ id: 2, parent: 99, at: 1 }), span({ id: 3, parent: 2, at: 2, takes: 1 })], ['1', '2 orphan', '.3']],
    ['a span that is its own parent', [span({ id: 1, parent: 1 }), span({ id: 2, parent: 1, at: 1, takes: 2 })], ['1 cycle', '.2']],
    [
      'a circle of three with a tail',
      [
        span({ id: 1, parent: 3, takes: 9 }),
        span({ id: 2, parent: 1, at: 1, takes: 5 }),
        span({ id: 3, parent: 2, at: 2, takes: 2 }),
        span({ id: 4, parent: 3, at: 3, takes: 1 }),
      ],
      ['1 cycle', '.2 cycle', '..3 cycle', '...4'],
    ],
    [
      'repeated ids',
      [
        span({ id: 1, takes: 9 }),
        span({ id: 2, parent: 1, at: 1, takes: 2 }),
        span({ id: 2, parent: 1, at: 4, takes: 2 }),
        span({ id: 3, parent: 2, at: 4, takes: 1 }),
      ],
      ['1', '.2', '..3 late', '.2 duplicate'],
    ],
    ['negative durations', [span({ id: 1, takes: 5 }), span({ id: 2, parent: 1, at: 3, takes: -2 })], ['1', '.2 negative']],
    [
      'children outside their parent',
      [span({ id: 1, at: 1, takes: 5 }), span({ id: 2, parent: 1, at: 0, takes: 2 }), span({ id: 3, parent: 1, at: 5, takes: 2 })],
      ['1', '.2 early', '.3 late'],
    ],
    [
      'both halves of a shared span, in either order, with children of each',
      [
        span({ id: 1, of: 'a', takes: 20 }),
        span({ id: 2, parent: 1, of: 'b', kind: 'server', at: 1, takes: 8 }),
        span({ id: 2, parent: 1, of: 'a', kind: 'client', at: 2, takes: 8 }),
        span({ id: 3, parent: 2, of: 'b', at: 3, takes: 1 }),
        span({ id: 4, parent: 2, of: 'a', at: 4, takes: 1 }),
      ],
      ['1', '.2', '..2 shared early', '...3', '..4'],
    ],
  ])('%s', (_, spans, lines) => {
    expect(outline(assembled(spans))).toEqual(lines);
  });

  test('own time is what no child covers; errors and counts roll up', () => {
    const trace = assembled([
      span({ id: 1, takes: 100 }),
      span({ id: 2, parent: 1, at: 10, takes: 30 }),
      span({ id: 3, parent: 1, at: 20, takes: 30, status: 'error' }),
      span({ id: 4, parent: 3, at: 90, takes: 20, status: 'error' }),
      span({ id: 5, parent: 1, at: 95, takes: 20 }),
    ]);
    expect(Array.from(trace.selfNs, (ns) => ns / 1e6)).toEqual([55, 30, 30, 20, 20]);
    expect(Array.from(trace.errors)).toEqual([2, 0, 2, 1, 0]);
    expect(Array.from(trace.descendants)).toEqual([4, 0, 1, 0, 0]);
    expect(trace).toMatchObject({ spanCount: 5, errorCount: 2, durationNs: 115e6 });
  });

  test('siblings that do the same are told as a group', () => {
    const queries = Array.from({ length: 412 }, (_, i) => span({ id: i + 2, parent: 1, of: 'db', name: 'SELECT', at: i, takes: 2 }));
    const trace = assembled([span({ id: 1, takes: 500 }), ...queries]);
    const { groupOf, ...groups } = trace.repeats;
    const one = Object.fromEntries(Object.entries(groups).map(([column, values]) => [column, [...values]]));
    expect(one).toEqual({ parent: [0], first: [1], count: [412], errors: [0], totalNs: [824e6], maxNs: [2e6], p95Ns: [2e6] });
    expect([groupOf[0], groupOf[1], groupOf[412]]).toEqual([noSpan, 0, 0]);
    expect(statisticsOf(trace).map(({ service, name, count }) => [service, name, count])).toEqual([
      ['db', 'SELECT', 412],
      ['shop', 'GET /', 1],
    ]);
  });

  test('a flame graph lays spans of one path over each other, the most work first, and adds up what runs side by side', () => {
    const flame = flameOf(
      assembled([
        span({ id: 1, takes: 100 }),
        span({ id: 2, parent: 1, name: 'small', at: 0, takes: 10 }),
        span({ id: 3, parent: 1, of: 'db', name: 'query', at: 10, takes: 80 }),
        span({ id: 4, parent: 1, of: 'db', name: 'query', at: 10, takes: 80, status: 'error' }),
        span({ id: 5, parent: 4, of: 'db', name: 'lock', at: 20, takes: 30 }),
      ]),
    );
    const rows = Array.from(flame.depth, (depth, i) => [
      `${'.'.repeat(depth)}${flame.services[flame.service[i]!]} ${flame.names[flame.name[i]!]}`,
      flame.count[i],
      flame.errors[i],
      flame.descendants[i],
      flame.totalNs[i]! / 1e6,
      flame.selfNs[i]! / 1e6,
    ]);
    expect(rows).toEqual([
      ['shop GET /', 1, 0, 3, 180, 10],
      ['.db query', 2, 1, 1, 160, 130],
      ['..db lock', 1, 0, 0, 30, 30],
      ['.shop small', 1, 0, 0, 10, 10],
    ]);
  });

  test('a clock that is off shows, by how much, and the spans stay where they are', () => {
    const trace = assembled([
      span({ id: 1, of: 'a', takes: 100 }),
      span({ id: 2, parent: 1, of: 'b', at: 1020, takes: 60 }),
      span({ id: 3, parent: 1, of: 'c', at: 20, takes: 60 }),
    ]);
    expect(trace.skews).toEqual([{ caller: 'a', callee: 'b', offsetNs: 1000e6, misfits: 1, calls: 1 }]);
    expect(trace.startNs[2]).toBe(1020e6);
  });

  test('work that nobody waits for tells nothing of clocks', () => {
    const ends = (kinds: { readonly above: Span['kind']; readonly below: Span['kind'] }, at: number): number =>
      assembled([span({ id: 1, of: 'a', takes: 100, kind: kinds.above }), span({ id: 2, parent: 1, of: 'b', at, takes: 60, kind: kinds.below })])
        .skews.length;
    expect(ends({ above: 'internal', below: 'internal' }, 70)).toBe(0);
    expect(ends({ above: 'client', below: 'server' }, 70)).toBe(1);
    expect(ends({ above: 'internal', below: 'internal' }, 150)).toBe(1);
    expect(ends({ above: 'producer', below: 'consumer' }, 150)).toBe(0);
    expect(ends({ above: 'producer', below: 'consumer' }, -5)).toBe(1);
  });

  test("Zipkin's skewed trace with a shared span", () => {
    const { spans } = readSpanText(readShared('traces/zipkin/skew.json').toString());
    const trace = assembled(spans);
    expect(outline(trace)).toEqual(['bf396325699c84bf', '.74280ae0c10d8062', '..74280ae0c10d8062 shared early', '...43210ae0c10d1234']);
    expect(trace.skews).toMatchObject([{ caller: 'servicea', callee: 'serviceb' }]);
  });

  test('the real trace of a build: one root, nothing odd', () => {
    const spans = Array.from({ length: 6 }, (_, i) => readSpanText(readShared(`traces/otlp-webpack-6566/000${i}.json`).toString()).spans).flat();
    const trace = assembled(spans);
    const count = (bit: number): number => trace.flags.reduce((sum, flags) => sum + Number((flags & bit) !== 0), 0);
    expect([trace.spanCount, trace.parent.filter((parent) => parent === noSpan).length]).toEqual([6566, 1]);
    expect([count(spanFlags.orphan), count(spanFlags.cycle), count(spanFlags.duplicate), count(spanFlags.negative)]).toEqual([0, 0, 0, 0]);
    expect(trace.descendants[0]).toBe(6565);
  });

  const broken = fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 12 }),
      parent: fc.option(fc.integer({ min: 1, max: 14 }), { nil: undefined }),
      at: fc.integer({ min: 0, max: 9 }),
      takes: fc.integer({ min: -2, max: 9 }),
      kind: fc.constantFrom('client', 'server', 'internal'),
    }),
    { minLength: 1, maxLength: 30 },
  );

  test('whatever the parents say, every span stands once, below its parent, and the sums hold', () => {
    fc.assert(
      fc.property(broken, (sketches) => {
        const trace = assembled(sketches.map(({ parent, ...rest }) => span({ ...rest, ...(parent === undefined ? {} : { parent }) })));
        expect(trace.spanCount).toBe(sketches.length);
        for (let i = 0; i < trace.spanCount; i++) {
          const parent = trace.parent[i]!;
          if (parent === noSpan) expect(trace.depth[i]).toBe(0);
          else {
            expect(parent).toBeLessThan(i);
            expect(i).toBeLessThanOrEqual(parent + trace.descendants[parent]!);
            expect(trace.depth[i]).toBe(trace.depth[parent]! + 1);
          }
          expect(trace.selfNs[i]).toBeGreaterThanOrEqual(0);
        }
        const roots = Array.from(trace.parent.keys()).filter((i) => trace.parent[i] === noSpan);
        expect(roots.reduce((sum, i) => sum + trace.descendants[i]! + 1, 0)).toBe(trace.spanCount);
        const { fromNs, toNs } = trace.criticalPath;
        const share = trace.criticalNs.reduce((sum, ns) => sum + ns, 0);
        const covered = toNs.reduce((sum, to, i) => sum + to - fromNs[i]!, 0);
        expect(Math.abs(share - covered)).toBeLessThanOrEqual(covered * 0.1);
      }),
      { numRuns: 500, seed: 11 },
    );
  });
});

describe('critical path', () => {
  const files = readdirSync(sharedData('traces/crisp-critical-path'));

  test.each(files)('CRISP %s', (file) => {
    const text = readShared('traces/crisp-critical-path', file).toString();
    const { testing } = JSON.parse(text) as { testing: Record<string, number>[] & { opTimeExclusive?: Record<string, number> } };
    const wanted = testing.opTimeExclusive ?? testing[0]!;
    const trace = assembled(readSpanText(text).spans);
    const found: Record<string, number> = {};
    for (const { service, name, criticalNs } of statisticsOf(trace)) if (criticalNs > 0) found[`[${service}] ${name}`] = criticalNs / 1000;
    expect(found).toEqual(Object.fromEntries(Object.entries(wanted).filter(([, micros]) => micros > 0)));
  });

  /** The path as pieces `id from-to` in ms, and each span's own share of it. */
  const pathOf = (spans: readonly Span[]): { readonly path: readonly string[]; readonly own: Readonly<Record<string, number>> } => {
    const trace = assembled(spans);
    const { span: of, fromNs, toNs } = trace.criticalPath;
    const path = Array.from(of, (i, piece) => `${idAt(trace, i)} ${fromNs[piece]! / 1e6}-${toNs[piece]! / 1e6}`);
    const own = Object.fromEntries([...trace.criticalNs.entries()].filter(([, ns]) => ns > 0).map(([i, ns]) => [idAt(trace, i), ns / 1e6]));
    return { path, own };
  };
  const root = span({ id: 1, takes: 100 });

  test.each<[what: string, spans: readonly Span[], path: readonly string[]]>([
    ['of a span alone is the span', [root], ['1 0-100']],
    [
      'goes through children one after the other, and the gaps are the parent',
      [root, span({ id: 2, parent: 1, at: 10, takes: 30 }), span({ id: 3, parent: 1, at: 50, takes: 40 })],
      ['1 0-10', '2 10-40', '1 40-50', '3 50-90', '1 90-100'],
    ],
    [
      'of children side by side takes the one that ends last, and what ended before that began',
      [
        root,
        span({ id: 2, parent: 1, at: 0, takes: 30 }),
        span({ id: 3, parent: 1, at: 20, takes: 50 }),
        span({ id: 4, parent: 1, at: 40, takes: 60 }),
      ],
      ['2 0-30', '1 30-40', '4 40-100'],
    ],
    [
      'leaves out a child inside another',
      [root, span({ id: 2, parent: 1, at: 10, takes: 80 }), span({ id: 3, parent: 1, at: 20, takes: 30 })],
      ['1 0-10', '2 10-90', '1 90-100'],
    ],
    ["cuts work that goes on behind its parent's end", [root, span({ id: 2, parent: 1, at: 60, takes: 500 })], ['1 0-60', '2 60-100']],
    ["leaves out work that begins behind its parent's end", [root, span({ id: 2, parent: 1, at: 120, takes: 50 })], ['1 0-100']],
    ['cuts a child whose clock is behind', [root, span({ id: 2, parent: 1, at: -20, takes: 50 })], ['2 20-50', '1 50-120']],
    [
      'cuts grandchildren to what is left of their parent',
      [root, span({ id: 2, parent: 1, at: 60, takes: 500 }), span({ id: 3, parent: 2, at: 90, takes: 300 })],
      ['1 0-60', '2 60-90', '3 90-100'],
    ],
    [
      'takes neighbours that overlap by less than a hundredth for one after the other',
      [root, span({ id: 2, parent: 1, at: 0, takes: 50 }), span({ id: 3, parent: 1, at: 49.6, takes: 50.4 })],
      ['2 0-50', '3 49.6-100'],
    ],
    [
      'knows no children without time, or with less than none',
      [root, span({ id: 2, parent: 1, at: 50, takes: 0 }), span({ id: 3, parent: 1, at: 70, takes: -10 })],
      ['1 0-100'],
    ],
    ['of a root without time has no piece', [span({ id: 1, takes: 0 }), span({ id: 2, parent: 1, takes: 5 })], []],
    ['begins at the longest of several roots', [span({ id: 1, takes: 20 }), span({ id: 2, at: 30, takes: 60 })], ['2 30-90']],
    [
      'begins at a true root rather than a longer span that has lost its parent',
      [span({ id: 1, takes: 20 }), span({ id: 2, parent: 99, at: 0, takes: 90 })],
      ['1 0-20'],
    ],
    [
      'of a trace without its root is that of the longest span that has lost its parent',
      [span({ id: 2, parent: 99, at: 0, takes: 20 }), span({ id: 3, parent: 98, at: 5, takes: 90 })],
      ['3 5-95'],
    ],
    [
      'goes through a circle once',
      [span({ id: 1, parent: 2, takes: 100 }), span({ id: 2, parent: 1, at: 20, takes: 50 })],
      ['1 0-20', '2 20-70', '1 70-100'],
    ],
    [
      "goes from a client's half to the server's of the same id",
      [span({ id: 1, kind: 'client', of: 'a', takes: 100 }), span({ id: 1, kind: 'server', of: 'b', at: 10, takes: 80 })],
      ['1 0-10', '1 10-90', '1 90-100'],
    ],
    [
      'goes through a consumer only as far as its producer lasts',
      [span({ id: 1, kind: 'producer', takes: 10 }), span({ id: 2, parent: 1, kind: 'consumer', at: 8, takes: 40 })],
      ['1 0-8', '2 8-10'],
    ],
    [
      'of two that end together takes the longer',
      [root, span({ id: 2, parent: 1, at: 50, takes: 50 }), span({ id: 3, parent: 1, at: 20, takes: 80 })],
      ['1 0-20', '3 20-100'],
    ],
  ])('%s', (_what, spans, path) => {
    expect(pathOf(spans).path).toEqual(path);
  });

  test('the shares of the spans on it add up to the time of the root, whatever lies below', () => {
    const tree = fc.array(fc.record({ parent: fc.nat(30), at: fc.integer({ min: -20, max: 120 }), takes: fc.integer({ min: 0, max: 150 }) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(tree, (sketches) => {
        const spans = sketches.map(({ parent, at, takes }, i) => span({ id: i + 2, parent: 1 + Math.min(parent, i), at, takes }));
        const { path, own } = pathOf([root, ...spans]);
        const total = Object.values(own).reduce((sum, one) => sum + one, 0);
        // Neighbours may overlap by a hundredth.
        expect(total).toBeGreaterThan(98);
        expect(total).toBeLessThan(103);
        expect(path.length).toBeGreaterThan(0);
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });

  test('a chain of 100,000 spans is no deeper than the stack', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) =>
      span({ id: i + 1, ...(i === 0 ? {} : { parent: i }), at: i / 1000, takes: 1000 - i / 500 }),
    );
    const trace = assembled(chain);
    expect(trace.depth.at(-1)).toBe(99_999);
    expect(trace.criticalPath.span.length).toBeGreaterThan(100_000);
  });
});
