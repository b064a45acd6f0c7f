import { code, codeCell, csvCell, fenced, inline, visible } from '#core/incidents/text.ts';
import { marked } from 'marked';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

test.each([
  ['\u001b]52;c;ZXZpbA==\u0007', '␛]52;c;ZXZpbA==␇'],
  ['a\u202Egnp.exe', 'a[U+202E]gnp.exe'],
  ['zero\u200bwidth', 'zero[U+200B]width'],
  ['\u0085\u009b', '[U+0085][U+009B]'],
  ['\u0000\u007f', '␀␡'],
  ['a\tb\r\nc', 'a b␊c'],
  ['\ud800', '\ufffd'],
  ['tag \u{e0041}', 'tag [U+E0041]'],
])('%j shows as %s', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test.each([
  ['a|b', 'a\\|b'],
  ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)>'],
  ['0.4 < 0.5 & more > less', '0.4 < 0.5 & more > less'],
  ['> no quote', '&gt; no quote'],
  ['at the end <', 'at the end &lt;'],
  ['[click](https://evil.example)', '\\[click\\](https://evil.example)'],
  ['http_requests_total', 'http_requests_total'],
  ['_not_ emphasis *nor* `code`', '\\_not\\_ emphasis \\*nor\\* \\`code\\`'],
  ['two\nlines', 'two ⏎ lines'],
  ['# no heading', '\\# no heading'],
  ['1. no list', '1\\. no list'],
  ['- no list', '\\- no list'],
  ['&lt;', '&amp;lt;'],
])('%j in markdown is %s', (text, markdown) => {
  expect(inline(text)).toBe(markdown);
});

test.each([
  ['up{a="b"}', '`up{a="b"}`'],
  ['a | b', '`a | b`'],
  ['`x`', '`` `x` ``'],
  ['', ''],
])('%j as code is %s', (text, markdown) => {
  expect(code(text)).toBe(markdown);
});

test.each([
  ['up{a=~"b|c"}', '`up{a=~"b\\|c"}`'],
  ['up{a=~"b\\|c"}', 'up{a=\\~"b\\\\\\|c"}'],
  ['up', '`up`'],
])('%j as code in a table is %s', (text, markdown) => {
  expect(codeCell(text)).toBe(markdown);
});

test('a block is fenced longer than any fence in it', () => {
  expect(fenced('csv', 'a\n```\nb')).toBe('````csv\na\n```\nb\n````');
});

test.each([
  ['=1+1', "'=1+1"],
  [' @SUM(A1)', "' @SUM(A1)"],
  ['"=1"', `"'""=1"""`],
  ['＝1', "'＝1"],
  ['+cmd|x', "'+cmd|x"],
  ['a,b', '"a,b"'],
  ['{job="a"}', '"{job=""a""}"'],
  ['plain', 'plain'],
  ['\t=x', "' =x"],
])('%j in CSV is %s', (text, cell) => {
  expect(csvCell(text)).toBe(cell);
});

describe('rendered as GFM', () => {
  const hostile = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        '<script>',
        '|',
        '`',
        '``',
        '\\',
        '[',
        '](',
        ')',
        '![',
        '*',
        '_',
        '~~',
        '#',
        '>',
        '\n',
        '\n\n',
        '&amp;',
        '<!--',
        'x',
        '- ',
        '1. ',
        '***',
        '---',
        '===',
      ),
    ),
    { maxLength: 12 },
  );

  test('no text becomes an element, wherever it stands in a table', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const html = marked.parse(`| a | b |\n| --- | --- |\n| ${inline(a.join(''))} | ${codeCell(b.join(''))} |\n| last | cell |\n`, {
          async: false,
        });
        const tags = new Set([...html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map((found) => found[1]!.toLowerCase()));
        for (const known of ['table', 'thead', 'tbody', 'tr', 'th', 'td', 'code']) tags.delete(known);
        tags.delete('a'); // A bare address in a text is linked by GFM, and shows as what it is.
        expect([...tags]).toEqual([]);
        expect(html.match(/<td/g)).toHaveLength(4);
      }),
      { seed: 8, numRuns: 3000 },
    );
  });
});
