import { describe, expect, test } from 'vitest';
import { readYaml, readYamlDocuments, type YamlNode } from '#core/formats/index.ts';

/** The tree as plain data: maps as lists of [line, key, value]. */
function plain(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.plain ? node.text : { quoted: node.text };
  if (node.kind === 'list') return node.items.map(plain);
  return [...node.entries].map(([name, entry]) => [entry.key.line, name, plain(entry.value)]);
}

describe('readYaml', () => {
  test('keeps lines, order and the text of scalars', () => {
    const text = "b: 1e3\na:\n  - 'yes'\n  - {x: [~, 2]}\nc: |\n  one\n  two\nd:\n";
    expect(plain(readYaml(text, 'f.yml'))).toEqual([
      [1, 'b', '1e3'],
      [2, 'a', [{ quoted: 'yes' }, [[4, 'x', ['~', '2']]]]],
      [5, 'c', { quoted: 'one\ntwo\n' }],
      [8, 'd', ''],
    ]);
  });

  test('aliases and merge keys are written out', () => {
    const text = 'base: &b {a: 1, b: 2}\nuse:\n  <<: *b\n  b: 3\n';
    expect(plain(readYaml(text, 'f.yml'))).toEqual([
      [
        1,
        'base',
        [
          [1, 'a', '1'],
          [1, 'b', '2'],
        ],
      ],
      [
        2,
        'use',
        [
          [4, 'b', '3'],
          [1, 'a', '1'],
        ],
      ],
    ]);
  });

  test('an empty text is an empty value', () => {
    expect(plain(readYaml('', 'f.yml'))).toBe('');
    expect(plain(readYaml('# only a comment\n', 'f.yml'))).toBe('');
  });

  test('several documents are read one by one, or refused', () => {
    expect(readYamlDocuments('a: 1\n---\nb: 2\n', 'f.yml').map(plain)).toEqual([[[1, 'a', '1']], [[3, 'b', '2']]]);
    expect(() => readYaml('a: 1\n---\nb: 2\n', 'f.yml')).toThrow('f.yml:3: a second document begins here');
  });

  test.each([
    ['a: 1\na: 2\n', 'f.yml:2: the key "a" stands here twice; remove one'],
    ['a: [1\nb: 2\n', 'f.yml:2: '],
    ['a: *nope\n', 'f.yml:1: *nope refers to nothing'],
    ['a: &x\n  b: *x\n', 'f.yml:2: *x refers to nothing'],
    ['a: !!binary aGk=\n', 'f.yml:1: the tag !!binary means nothing'],
    ['a: !!map {}\n', 'f.yml:1: the tag !!map means nothing'],
    ['? [1]\n: 2\n', 'f.yml:1: a key must be plain text'],
    ['a:\n  <<: 3\n', 'f.yml:2: a merge key (<<) takes a map'],
    ['['.repeat(200), 'f.yml:1: '],
    ['x'.repeat((1 << 20) + 1), 'f.yml:1: the file is over the limit of 1 MiB'],
  ])('refuses %j', (text, sentence) => {
    expect(() => readYaml(text, 'f.yml')).toThrow(sentence);
  });

  test('a bomb of aliases is counted as written out', () => {
    const rows = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++) rows.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`);
    expect(() => readYaml(rows.join('\n'), 'f.yml')).toThrow('holds more than 250000 values');
  });
});
