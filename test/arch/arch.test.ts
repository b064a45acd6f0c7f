import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkAll, circleOf, importsOfFiles, sourceFiles, sourceText, violation } from './check.ts';

const lineCount = (path: string): number => sourceText(path).split('\n').length - 1;

describe('the house', () => {
  test('imports follow the map', () => {
    expect(checkAll()).toEqual([]);
  });

  test.each([
    ['core/model/labels.ts', '#core/tsdb/index.ts', 'model may not use tsdb'],
    ['core/promql/evaluate.ts', '#core/tsdb/index.ts', 'promql may not use tsdb'],
    ['core/rules/group.ts', '#core/alerting/index.ts', 'rules may not use alerting'],
    ['renderer/views/alerts/Alerts.svelte', '../explore/Explore.svelte', 'views are islands; link by route instead'],
    ['core/rules/group.ts', '#core/promql/evaluate.ts', 'use the front door core/promql/index.ts'],
    ['core/engine.ts', 'electron', 'engine may not use electron'],
  ])('%s importing %s is refused', (from, spec, why) => {
    expect(violation(from, spec)).toBe(why);
  });

  test('files do not import each other in circles', () => {
    expect(circleOf(importsOfFiles())).toEqual([]);
    const round = { a: ['b'], b: ['c', 'd'], c: ['d'], d: ['b'], e: [] };
    expect(circleOf(new Map(Object.entries(round)))).toEqual(['b', 'c', 'd', 'b']);
  });

  test('no file is over its size', () => {
    const over = sourceFiles().filter((path) => lineCount(path) > (path.endsWith('.svelte') ? 300 : 500));
    expect(over).toEqual([]);
  });

  test('front doors are short and name what they show', () => {
    const doors = sourceFiles().filter((path) => path.startsWith('core/') && basename(path) === 'index.ts');
    expect(doors.filter((path) => lineCount(path) > 40 || sourceText(path).includes('export *'))).toEqual([]);
  });

  test('no file has a name that says nothing', () => {
    expect(sourceFiles().filter((path) => /\b(utils?|helpers?|common|misc|shared|manager)\b/.test(path))).toEqual([]);
  });

  test('core reads no wall clock and no V8 expression made of data', () => {
    const clockFree = sourceFiles().filter((path) => path.startsWith('core/'));
    expect(
      clockFree.filter((path) =>
        /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bsetTimeout\(|\bsetInterval\(|\bMath\.random\(/.test(sourceText(path)),
      ),
    ).toEqual([]);
    expect(clockFree.filter((path) => /\bnew RegExp\(/.test(sourceText(path)))).toEqual([]);
  });
});
