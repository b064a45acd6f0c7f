import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noSpan, type Span, type TraceTree } from '#core/model/index.ts';
import { assembleTrace, flameOf, traceOfSpans } from '#core/traces/index.ts';
import { exemplarDots } from '../../renderer/charts/exemplars.ts';
import { keepChanged } from '../../renderer/views/traces/compare/changed.ts';
import { caretContext, suggestKeys, suggestValues } from '../../renderer/views/traces/search/completion.ts';
import { layOutMap } from '../../renderer/views/traces/search/map-layout.ts';
import { timeBounds } from '../../renderer/views/traces/search/scatter.ts';
import { conditionValue, hasTerm, withCondition } from '../../renderer/views/traces/search/query-text.ts';
import { servicePlaces } from '../../renderer/views/traces/service-colors.ts';
import { alignedStarts } from '../../renderer/views/traces/trace/align.ts';
import { faultsOf } from '../../renderer/views/traces/trace/faults.ts';
import { findQuery } from '../../renderer/views/traces/trace/find.ts';
import { flameBoxes, frameAt } from '../../renderer/views/traces/trace/flame.ts';
import {
  bothKept,
  collapsedFrom,
  isFold,
  longSpans,
  membersOf,
  placeOf,
  reveal,
  spanOfRow,
  visibleRows,
  withAncestors,
} from '../../renderer/views/traces/trace/rows.ts';
import { SpanIndex } from '../../renderer/views/traces/trace/span-index.ts';
import { tickTimes } from '../../renderer/views/traces/trace/ticks.ts';
import { traceIdOf } from '../../renderer/shell/trace-id.ts';
import { readTracePath, readTraceView, writeTraceView } from '../../renderer/views/traces/trace-link.ts';
import { hex, span } from '../core/traces/support/spans.ts';

const treeOf = (spans: readonly Span[]): TraceTree => assembleTrace(traceOfSpans(spans)!);

/** A root with a small subtree, six queries in a loop, and a last child. */
const shop = treeOf([
  span({ id: 1, takes: 1000 }),
  span({ id: 2, parent: 1, of: 'cart', name: 'GetCart', at: 1, takes: 300 }),
  span({ id: 3, parent: 2, of: 'cart', name: 'parse', at: 2, takes: 1 }),
  ...Array.from({ length: 6 }, (_, i) => span({ id: 10 + i, parent: 1, of: 'db', name: 'SELECT', at: 310 + i * 10, takes: 6 })),
  span({ id: 20, parent: 13, of: 'db', name: 'lock', at: 341, takes: 1 }),
  span({ id: 30, parent: 1, name: 'render', at: 500, takes: 400 }),
]);
const none = { collapsed: new Uint8Array(shop.spanCount), folded: true, unfolded: new Set<number>(), keep: undefined };
const idsOf = (rows: Uint32Array): string[] => {
  const index = new SpanIndex(shop.spanIds);
  return Array.from(rows, (row) => `${isFold(row) ? '×' : ''}${Number.parseInt(index.idOf(spanOfRow(shop, row)), 16)}`);
};

describe('rows of a waterfall', () => {
  test('repeated siblings are one row, with all that is below them, until they are unfolded', () => {
    expect(idsOf(visibleRows(shop, none))).toEqual(['1', '2', '3', '×10', '30']);
    expect(idsOf(visibleRows(shop, { ...none, unfolded: new Set([0]) }))).toEqual(['1', '2', '3', '10', '11', '12', '13', '20', '14', '15', '30']);
    expect(idsOf(visibleRows(shop, { ...none, folded: false }))).toHaveLength(11);
    expect(Array.from(membersOf(shop).starts)).toEqual([0, 6]);
  });

  test('levels collapse what is deeper', () => {
    expect(idsOf(visibleRows(shop, { ...none, collapsed: collapsedFrom(shop, 1) }))).toEqual(['1']);
    expect(idsOf(visibleRows(shop, { ...none, collapsed: collapsedFrom(shop, 2) }))).toEqual(['1', '2', '×10', '30']);
  });

  test('short spans are hidden, but not what is long together', () => {
    expect(idsOf(visibleRows(shop, { ...none, keep: longSpans(shop, 10e6) }))).toEqual(['1', '2', '×10', '30']);
    expect(idsOf(visibleRows(shop, { ...none, keep: longSpans(shop, 100e6) }))).toEqual(['1', '2', '30']);
  });

  test('only matches keep their ancestors', () => {
    const hits = new Uint8Array(shop.spanCount);
    hits[2] = 1;
    expect(idsOf(visibleRows(shop, { ...none, keep: withAncestors(shop, hits) }))).toEqual(['1', '2', '3']);
    expect(bothKept(undefined, hits)).toBe(hits);
    expect(Array.from(bothKept(Uint8Array.of(1, 1, 0), Uint8Array.of(1, 0, 1))!)).toEqual([1, 0, 0]);
  });

  test('a hidden span is revealed, and found among the rows', () => {
    const collapsed = collapsedFrom(shop, 1);
    const unfolded = new Set<number>();
    const lock = shop.spanCount - 4;
    expect(shop.names[shop.name[lock]!]).toBe('lock');
    expect(placeOf(visibleRows(shop, { ...none, collapsed }), shop, lock)).toBe(0);
    expect(reveal(shop, lock, collapsed, unfolded)).toBe(true);
    const rows = visibleRows(shop, { ...none, collapsed, unfolded });
    expect(rows[placeOf(rows, shop, lock)]).toBe(lock);
    expect(reveal(shop, lock, collapsed, unfolded)).toBe(false);
  });

  test('whatever is collapsed and folded, rows ascend, and every span is shown or hidden by one that is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ parent: fc.nat(40), name: fc.nat(1), takes: fc.nat(30) }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(60)),
        fc.boolean(),
        (sketches, closed, folded) => {
          const tree = treeOf(
            sketches.map(({ parent, name, takes }, i) =>
              span({ id: i + 1, ...(i === 0 ? {} : { parent: 1 + (parent % i) }), name: `n${name}`, at: i, takes }),
            ),
          );
          const collapsed = new Uint8Array(tree.spanCount);
          for (const i of closed) if (i < tree.spanCount) collapsed[i] = 1;
          const rows = visibleRows(tree, { collapsed, folded, unfolded: new Set(), keep: undefined });
          const firsts = Array.from(rows, (row) => spanOfRow(tree, row));
          expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
          for (let i = 0; i < tree.spanCount; i++) {
            const hides = (at: number): boolean =>
              (at !== i && collapsed[at] === 1) ||
              (folded && tree.repeats.groupOf[at] !== noSpan) ||
              (tree.parent[at] !== noSpan && hides(tree.parent[at]!));
            expect(firsts.includes(i) || hides(i)).toBe(true);
          }
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe('a trace on the screen', () => {
  test('spans are found by id, numbered where ids repeat', () => {
    const tree = treeOf([span({ id: 1, takes: 9 }), span({ id: 2, parent: 1, at: 1 }), span({ id: 2, parent: 1, at: 2, name: 'again' })]);
    const index = new SpanIndex(tree.spanIds);
    expect([index.nameOf(1), index.nameOf(2)]).toEqual([hex(2, 8), `${hex(2, 8)}:1`]);
    expect([index.find(hex(2, 8)), index.find(`${hex(2, 8)}:1`), index.find(`${hex(2, 8)}:2`), index.find(hex(7, 8))]).toEqual([
      1,
      2,
      undefined,
      undefined,
    ]);
    expect(Array.from(index.mark(tree.spanIds.subarray(8, 16)))).toEqual([0, 1, 1]);
  });

  test('what is broken is said in sentences', () => {
    const tree = treeOf([span({ id: 2, parent: 77 }), span({ id: 3, parent: 2, takes: -1 }), span({ id: 3, parent: 2, at: 1 })]);
    expect(faultsOf(tree)).toEqual([
      'The root span is missing: it was not sent, or has not come yet.',
      '1 span names a parent that is not here; it stands at the top level.',
      '1 span has an id that an earlier span has too; all are shown.',
      '1 span ends before it starts; only the start is drawn.',
    ]);
    expect(faultsOf(shop)).toEqual([]);
    const circle = treeOf([span({ id: 1, parent: 2 }), span({ id: 2, parent: 1, at: 1 })]);
    expect(faultsOf(circle)).toEqual(['2 spans are their own ancestor; the first of each circle stands at the top level.']);
  });

  test('clocks are moved with all that their services call, and nothing else is', () => {
    const tree = treeOf([
      span({ id: 1, of: 'a', takes: 100 }),
      span({ id: 2, parent: 1, of: 'b', at: 1020, takes: 60 }),
      span({ id: 3, parent: 2, of: 'b', at: 1030, takes: 10 }),
      span({ id: 4, parent: 1, of: 'c', at: 20, takes: 60 }),
    ]);
    const aligned = alignedStarts(tree);
    const at = (id: number): number => aligned[new SpanIndex(tree.spanIds).find(hex(id, 8))!]! / 1e6;
    expect([at(1), at(2), at(3), at(4)]).toEqual([0, 20, 30, 20]);
  });

  test('a flame graph fills its width, and a frame that is widened fills it alone', () => {
    const flame = flameOf(shop);
    const all = flameBoxes(flame, undefined, 1000);
    expect(all[0]).toMatchObject({ frame: 0, level: 0, fromPx: 0, toPx: 1000 });
    for (const box of all) expect(box.toPx).toBeLessThanOrEqual(1000.001);
    const frame = frameAt(all, 1, 1)!;
    expect(flameBoxes(flame, frame, 500)[0]).toMatchObject({ frame, level: 0, fromPx: 0, toPx: expect.closeTo(500, 6) });
  });

  test('ticks are round and lie between the ends', () => {
    expect(tickTimes(0, 1e9, 4)).toEqual([0, 5e8, 1e9]);
    expect(tickTimes(1234, 5678, 5)).toEqual([2000, 3000, 4000, 5000]);
  });

  test('services keep their colours, and no two of a trace share one while there are enough', () => {
    const few = servicePlaces(['cart', 'front', 'pay', 'db']);
    expect(servicePlaces(['db', 'pay', 'cart', 'front'])).toEqual(few);
    const many = servicePlaces(Array.from({ length: 20 }, (_, i) => `service-${i}`));
    expect(new Set(many.values()).size).toBe(20);
    expect(servicePlaces(Array.from({ length: 50 }, (_, i) => `service-${i}`)).size).toBe(50);
  });

  test('only what changed is kept, in its place', () => {
    const side = { count: 1, totalNs: 1, selfNs: 1, errors: 0 };
    const row = (depth: number, change: 'same' | 'slower') => ({ service: '', name: '', depth, change, before: side, after: side });
    const rows = [row(0, 'same'), row(1, 'same'), row(1, 'same'), row(2, 'slower'), row(1, 'same')];
    expect(keepChanged(rows)).toEqual([rows[0], rows[2], rows[3]]);
  });
});

describe('links', () => {
  test('what is shown of a trace comes back from the address', () => {
    const view = {
      tab: 'flame',
      span: `${hex(3, 8)}:1`,
      find: 'error duration>1s',
      matchesOnly: true,
      hideBelow: 0.01,
      critical: false,
      folded: false,
      level: 3,
      aligned: true,
      zoom: [5, 900],
      by: 'http.route',
    } as const;
    const params = new Map(Object.entries(writeTraceView(view)).filter((entry): entry is [string, string] => entry[1] !== undefined));
    expect(readTraceView(params)).toEqual(view);
    expect(Object.values(writeTraceView(readTraceView(new Map()))).filter((value) => value !== undefined && value !== '')).toEqual([]);
  });

  test.each([
    ['4bf92f3577b34da6a3ce929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['4BF92F3577B34DA6', '00000000000000004bf92f3577b34da6'],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['0', undefined],
    ['hello', undefined],
  ])('the trace id in %s', (typed, id) => {
    expect(traceIdOf(typed)).toBe(id);
  });

  test('paths', () => {
    expect(readTracePath(undefined)).toEqual({ kind: 'search' });
    expect(readTracePath('1f')).toEqual({ kind: 'trace', traceId: hex(0x1f, 16) });
    expect(readTracePath('1...2')).toEqual({ kind: 'compare', before: hex(1, 16), after: hex(2, 16) });
    expect(readTracePath('1...x')).toBeUndefined();
  });

  test('words without an operator are looked for anywhere', () => {
    expect(findQuery(' SELECT * from ')).toBe('"SELECT * from"');
    expect(findQuery('a=b')).toBe('a=b');
    expect(findQuery('error')).toBe('error');
  });
});

describe('the search', () => {
  test.each<[text: string, key: string, condition: string | undefined, wanted: string]>([
    ['', 'service', 'service=cart', 'service=cart'],
    ['service=a error', 'service', 'service="b c"', 'error service="b c"'],
    ['service="a b" error', 'service', undefined, 'error'],
    ['name="service=x"', 'service', 'service=y', 'name="service=x" service=y'],
    ['{ a=1 || b=2 }', 'error', 'error', '{ (a=1 || b=2) && error }'],
    ['{ a=1 || b=2 }', 'error', undefined, '{ a=1 || b=2 }'],
  ])('%s with %s as %s', (query, key, condition, wanted) => {
    expect(withCondition(query, key, condition)).toBe(wanted);
  });

  test('conditions that it has', () => {
    expect(conditionValue('error service="a b" x=1', 'service')).toBe('a b');
    expect(conditionValue('service=~"a"', 'service')).toBeUndefined();
    expect(hasTerm('service=error x', 'error')).toBe(false);
    expect(hasTerm('x error', 'error')).toBe(true);
  });

  test.each<[text: string, wanted: object | undefined]>([
    ['', { kind: 'key', typed: '', from: 0 }],
    ['service=a htt', { kind: 'key', typed: 'htt', from: 10 }],
    ['service=ca', { kind: 'value', key: 'service', typed: 'ca', from: 8 }],
    ['name="GET /c', { kind: 'value', key: 'name', typed: 'GET /c', from: 5 }],
    ['duration>', { kind: 'value', key: 'duration', typed: '', from: 9 }],
    ['{ .http.status_code=5', { kind: 'value', key: '.http.status_code', typed: '5', from: 20 }],
    ['"free text', undefined],
  ])('the caret behind %s', (query, wanted) => {
    expect(caretContext(query, query.length)).toEqual(wanted);
  });

  test('suggestions begin with what was typed before they hold it', () => {
    expect(suggestKeys('st', ['http.status_code', 'state']).map(({ text }) => text)).toEqual([
      'status',
      'statusMessage',
      'state',
      'http.status_code',
    ]);
    expect(suggestValues('c', ['a c', 'cart']).map(({ insert }) => insert)).toEqual(['cart ', '"a c" ']);
  });
});

describe('the service map', () => {
  const edge = (caller: string, callee: string) => ({ caller, callee });

  test('callers stand left of what they call, long calls pass through the layers between', () => {
    const { nodes, edges, columns } = layOutMap(['front', 'cart', 'db'], [edge('front', 'cart'), edge('cart', 'db'), edge('front', 'db')]);
    expect(columns).toBe(3);
    expect(nodes.map(({ column }) => column)).toEqual([0, 1, 2]);
    expect(edges[2]!.points.map(([column]) => column)).toEqual([0, 1, 2]);
  });

  test('circles and calls of oneself end', () => {
    const { nodes, edges } = layOutMap(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('b', 'b')]);
    expect(nodes.map(({ name, column }) => [name, column])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
    expect(edges).toHaveLength(3);
    expect(edges[2]).toMatchObject({ caller: 'c', callee: 'a' });
    expect(edges[2]!.points[0]![0]).toBe(2);
  });

  test('no two boxes stand on each other, whatever calls whom', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 40 }), (pairs) => {
        const names = Array.from({ length: 12 }, (_, i) => `s${i}`);
        const { nodes, rows } = layOutMap(
          names,
          pairs.map(([a, b]) => edge(`s${a}`, `s${b}`)),
        );
        for (const one of nodes) {
          expect(one.row).toBeLessThanOrEqual(rows - 1 + 1e-9);
          for (const other of nodes) if (other !== one && other.column === one.column) expect(Math.abs(other.row - one.row)).toBeGreaterThan(0.999);
        }
      }),
      { numRuns: 300, seed: 9 },
    );
  });
});

test('exemplars stand where they were measured, or at the edge of the axis, and not on each other', () => {
  const plot = {
    series: [{ labels: [], name: 'p95', timesMs: Float64Array.of(0, 1000), values: Float64Array.of(0, 1) }],
    startMs: 0,
    endMs: 1000,
    stepMs: 1000,
    unit: 'seconds' as const,
    exemplars: [
      { timeMs: 500, value: 0.5, title: 'a', href: '#a' },
      { timeMs: 501, value: 0.5, title: 'b', href: '#b' },
      { timeMs: 900, value: 99, title: 'c', href: '#c' },
      { timeMs: 2000, value: 0.5, title: 'd', href: '#d' },
    ],
  };
  const dots = exemplarDots(plot, 580, 234);
  expect(dots.map(({ href, xPx, yPx }) => [href, Math.round(xPx), Math.round(yPx)])).toEqual([
    ['#c', 512, 10],
    ['#a', 312, 110],
  ]);
});

describe('what of the range the scatter draws', () => {
  const range = { startMs: 0, endMs: 100_000 };
  const rowsAt = (...seconds: readonly number[]): Parameters<typeof timeBounds>[0] =>
    seconds.map((second) => ({
      traceId: '',
      rootService: '',
      rootName: '',
      hasRoot: true,
      startNs: String(second * 1e9),
      durationNs: 1,
      spanCount: 1,
      errorCount: 0,
      matchedCount: 1,
      services: [],
    }));

  test.each([
    ['all of it when the traces are all there are', rowsAt(98, 99), false, range],
    ['where they lie when they are the newest of more', rowsAt(98, 99), true, { startMs: 97_980, endMs: 99_020 }],
    ['all of it when they fill more than half', rowsAt(30, 99), true, range],
    ['nothing beyond the range', rowsAt(80, 100), true, { startMs: 79_600, endMs: 100_000 }],
    ['all of it for a single trace', rowsAt(99), true, range],
    ['a stretch even of traces that started at once', rowsAt(50, 50), true, { startMs: 49_999, endMs: 50_001 }],
  ])('%s', (_what, rows, isCut, drawn) => expect(timeBounds(rows, range, isCut)).toEqual(drawn));
});
