import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashMod, parseSignalboxConfig, type RelabelRule } from '#core/formats/index.ts';
import { relabel, relabelSteps } from '#core/intake/index.ts';
import { labelsFromRecord, labelsToRecord } from '#core/model/index.ts';

/** Rules as a configuration has them. */
function rules(...lines: readonly string[]): readonly RelabelRule[] {
  const text = `scrape_configs:\n- job_name: j\n  relabel_configs:\n${lines.map((line) => `  - {${line}}\n`).join('')}`;
  return parseSignalboxConfig(text, 'signalbox.yml').scrapeConfigs[0]!.relabel;
}

function applied(labels: Readonly<Record<string, string>>, ...lines: readonly string[]): Record<string, string> | undefined {
  const after = relabel(labelsFromRecord(labels), rules(...lines));
  return after === undefined ? undefined : { ...labelsToRecord(after) };
}

describe('relabelling', () => {
  test.each<[Record<string, string>, string, Record<string, string> | undefined]>([
    [
      { a: 'foo', b: 'bar' },
      'source_labels: [a], regex: f(.*), target_label: d, replacement: "ch${1}-ch${1}"',
      { a: 'foo', b: 'bar', d: 'choo-choo' },
    ],
    [{ a: 'foo', b: 'bar' }, "source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b$1${2}m'", { a: 'boobam', b: 'bar' }],
    [{ a: 'foo', b: 'bar' }, "source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b$1$2m'", { a: 'boo', b: 'bar' }],
    [{ a: 'foo' }, 'source_labels: [a], regex: o+, target_label: b, replacement: x', { a: 'foo' }],
    [{ a: 'foo' }, "source_labels: [a], regex: foo, target_label: a, replacement: ''", {}],
    [{ a: 'foo' }, 'target_label: b, replacement: always', { a: 'foo', b: 'always' }],
    [{ a: 'x-y' }, "source_labels: [a], regex: '(?P<one>.)-(?P<two>.)', target_label: b, replacement: '${two}$one$$'", { a: 'x-y', b: 'yx$' }],
    [{ a: 'x\ny' }, 'source_labels: [a], target_label: b', { a: 'x\ny', b: 'x\ny' }],
    [{ a: 'name' }, "source_labels: [a], target_label: 'to_$1', replacement: v", { a: 'name', to_name: 'v' }],
    [{ a: 'foo' }, 'source_labels: [missing], target_label: a', {}],
    [{ a: 'foo' }, 'action: keep, source_labels: [a], regex: f.*', { a: 'foo' }],
    [{ a: 'foo' }, 'action: keep, source_labels: [a], regex: o', undefined],
    [{ a: 'foo' }, 'action: drop, source_labels: [a], regex: foo|bar', undefined],
    [{ a: 'foo' }, 'action: drop, source_labels: [a], regex: fo', { a: 'foo' }],
    [{ a: 'x', b: 'x' }, 'action: keepequal, source_labels: [a], target_label: b', { a: 'x', b: 'x' }],
    [{ a: 'x', b: 'y' }, 'action: keepequal, source_labels: [a], target_label: b', undefined],
    [{ a: 'x', b: 'x' }, 'action: dropequal, source_labels: [a], target_label: b', undefined],
    [{ a: 'Foo', b: 'BAR' }, 'action: lowercase, source_labels: [a, b], separator: "", target_label: c', { a: 'Foo', b: 'BAR', c: 'foobar' }],
    [{ a: 'Foo' }, 'action: uppercase, source_labels: [a], target_label: a', { a: 'FOO' }],
    [{ __meta_x: '1', __meta_y: '2', a: '3' }, 'action: labelmap, regex: __meta_(.+)', { __meta_x: '1', __meta_y: '2', a: '3', x: '1', y: '2' }],
    [{ tmp_a: '1', b: '2' }, 'action: labeldrop, regex: tmp_.*', { b: '2' }],
    [{ tmp_a: '1', b: '2' }, 'action: labelkeep, regex: tmp_.*', { tmp_a: '1' }],
    [
      { __proto__x: '1' },
      'action: labelmap, regex: (__proto__)x',
      Object.fromEntries([
        ['__proto__x', '1'],
        ['__proto__', '1'],
      ]),
    ],
  ])('%j with %s', (labels, rule, expected) => {
    expect(applied(labels, rule)).toEqual(expected);
  });

  test("hashmod is Prometheus': the last eight bytes of MD5", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 2 ** 31 }), (text, modulus) => {
        const digest = createHash('md5').update(text).digest();
        expect(hashMod(text, modulus)).toBe(Number(digest.readBigUInt64BE(8) % BigInt(modulus)));
      }),
      { seed: 3, numRuns: 500 },
    );
    expect(applied({ a: 'foo', b: 'bar' }, 'action: hashmod, source_labels: [a, b], modulus: 1000, target_label: d')).toHaveProperty('d');
  });

  test('rules see what the rules before them made', () => {
    expect(
      applied({ a: '1' }, 'source_labels: [a], target_label: b', 'source_labels: [b], target_label: c', 'action: labeldrop, regex: a|b'),
    ).toEqual({ c: '1' });
  });

  test('steps tell what each rule did, and end where one drops', () => {
    const steps = relabelSteps(
      labelsFromRecord({ a: '1' }),
      rules('target_label: b, replacement: x', 'action: drop, source_labels: [b], regex: x', 'target_label: c, replacement: y'),
    );
    expect(steps.map(({ before, after, rule }) => [rule.line, before.join(), after?.join()])).toEqual([
      [4, 'a,1', 'a,1,b,x'],
      [5, 'a,1,b,x', undefined],
    ]);
  });

  test('a replacement cannot grow without measure', () => {
    const doubling = Array.from({ length: 20 }, () => 'source_labels: [a, a], separator: "", target_label: a');
    const growing = Array.from({ length: 20 }, () => "source_labels: [a], target_label: a, replacement: '$1$1'");
    expect(() => applied({ a: 'x'.repeat(100) }, ...growing)).toThrow('65536');
    expect(() => applied({ a: 'x'.repeat(100) }, ...doubling)).toThrow('65536');
  });
});
