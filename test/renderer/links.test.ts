import { array, assert, dictionary, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLink, linkFromAddress, parseLink } from '../../renderer/shell/link.ts';
import { readExplore, writeExplore } from '../../renderer/views/explore/explore-link.ts';

describe('a place', () => {
  test('is read and written', () => {
    const link = formatLink(['alerts', '00ab'], { filter: 'job="a&b"', state: undefined, from: '' });
    expect(link).toBe('#/alerts/00ab?filter=job%3D%22a%26b%22');
    expect(parseLink(link)).toEqual({ path: ['alerts', '00ab'], params: new Map([['filter', 'job="a&b"']]) });
  });

  test('the first view has no path', () => {
    expect(parseLink('')).toEqual({ path: [], params: new Map() });
    expect(parseLink('#/')).toEqual({ path: [], params: new Map() });
  });

  test('a stray per cent sign does no harm', () => {
    expect(parseLink('#/runbooks/100%').path).toEqual(['runbooks', '100%']);
  });

  test("links of Alertmanager's templates lead to what they mean", () => {
    const silence = parseLink('#/silences/new?filter=%7Balertname%3D%22Down%22%7D');
    expect(silence).toEqual({
      path: ['alerts', 'silences'],
      params: new Map([
        ['form', 'new'],
        ['matchers', '{alertname="Down"}'],
      ]),
    });
    expect(parseLink('#/silences/51-1')).toEqual({ path: ['alerts', 'silences'], params: new Map([['form', '51-1']]) });
    expect(parseLink('#/silences')).toEqual({ path: ['alerts', 'silences'], params: new Map() });
    expect(parseLink('#/alerts?receiver=on-call')).toEqual({ path: ['alerts'], params: new Map([['receiver', 'on-call']]) });
  });

  test('every text comes back', () => {
    const word = string({ minLength: 1, unit: 'binary' }).filter((text) => text.isWellFormed());
    assert(
      property(array(word), dictionary(word, word), (path, params) => {
        const place = parseLink(formatLink(path, new Map(Object.entries(params))));
        expect(place.path).toEqual(path);
        expect([...place.params]).toEqual(Object.entries(params));
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('a pasted address', () => {
  test.each([
    ['http://prom:9090/query?g0.expr=up&g0.tab=table&g0.range_input=2h', '#/explore?g0.expr=up&g0.tab=table&g0.range_input=2h'],
    ['https://prom.example/graph?g0.expr=sum(up)&g0.tab=0', '#/explore?g0.expr=sum%28up%29&g0.tab=0'],
    ['http://vm:8428/vmui/#/?g0.expr=up&g0.range_input=1h', '#/explore?g0.expr=up&g0.range_input=1h'],
    ['http://127.0.0.1:9797/#/alerts/00ab', '#/alerts/00ab'],
  ])('%s', (address, link) => {
    expect(linkFromAddress(address)).toBe(link);
  });

  test.each(['up', 'javascript:alert(1)', 'https://example.org/', 'http://'])('%s is none of ours', (text) => {
    expect(linkFromAddress(text)).toBeUndefined();
  });
});

describe('what Explore shows', () => {
  const read = (query: string): ReturnType<typeof readExplore> => readExplore(new Map(new URLSearchParams(query)));

  test('in the names of Prometheus 3', () => {
    expect(read('g0.expr=up&g0.tab=table&g0.moment_input=2026-11-21 03:00:00&g0.res_type=auto&g0.res_density=high&g0.display_mode=stacked')).toEqual({
      asked: [{ expr: 'up', hidden: false }],
      tab: 'table',
      shown: 0,
      momentMs: Date.UTC(2026, 10, 21, 3),
      density: 'high',
      stepMs: undefined,
      stacked: true,
      unit: undefined,
    });
  });

  test('in the names of Prometheus 2', () => {
    expect(read('g0.expr=up&g0.tab=1&g0.stacked=1&g0.step_input=30')).toMatchObject({ tab: 'table', stacked: true, stepMs: 30_000 });
  });

  test('nonsense is left out', () => {
    expect(read('g0.res_step=-1&g0.unit=furlongs&g0.tab=other&g0.shown=C&g0.moment_input=x')).toEqual({
      asked: [{ expr: '', hidden: false }],
      tab: 'graph',
      shown: 0,
      momentMs: undefined,
      density: 'medium',
      stepMs: undefined,
      stacked: false,
      unit: undefined,
    });
  });

  test('comes back', () => {
    const query = {
      asked: [
        { expr: 'a + b', hidden: false },
        { expr: '', hidden: false },
        { expr: 'c', hidden: true },
      ],
      tab: 'explain',
      shown: 2,
      momentMs: 1_795_230_245_000,
      density: 'medium',
      stepMs: 45_000,
      stacked: true,
      unit: 'bytes',
    } as const;
    const params = Object.entries(writeExplore(query)).filter((one): one is [string, string] => one[1] !== undefined);
    expect(readExplore(new Map(params))).toEqual(query);
  });
});
