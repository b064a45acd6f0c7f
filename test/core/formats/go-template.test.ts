import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  goAwaitedFunction,
  goLabels,
  goStruct,
  parseTemplate,
  prometheusFunctions,
  renderTemplate,
  type GoFunctions,
  type GoValue,
} from '#core/formats/index.ts';
import { EngineError, labelsFromRecord } from '#core/model/index.ts';

interface Case {
  readonly template: string;
  readonly value: string;
  readonly text?: string;
  readonly error?: string;
}
type TemplateSample = Awaited<ReturnType<Parameters<typeof prometheusFunctions>[0]['query']>>[number];
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'go-template-cases.json'), 'utf8')) as {
  readonly labels: Record<string, string>;
  readonly cases: readonly Case[];
};

/** The answers that the recorded Prometheus gave to the queries in the templates. */
const answers: Readonly<Record<string, readonly TemplateSample[]>> = {
  '1': [{ labels: [], value: 1 }],
  nothing_here: [],
  'up == 99': [],
  "label_replace(vector(3),'__value__','b','','')": [{ labels: ['__value__', 'b'], value: 3 }],
  "label_replace(vector(3),'x','b','','') or label_replace(vector(1),'x','a','','')": [
    { labels: ['x', 'b'], value: 3 },
    { labels: ['x', 'a'], value: 1 },
  ],
};

function ask(expr: string): Promise<readonly TemplateSample[]> {
  const constant = /^vector\((\d+)\)$/.exec(expr);
  if (constant !== null) return Promise.resolve([{ labels: [], value: Number(constant[1]) }]);
  const found = answers[expr];
  return found === undefined ? Promise.reject(new EngineError('invalid', 'unclosed left parenthesis')) : Promise.resolve(found);
}

const functions = prometheusFunctions({ query: ask, externalUrl: 'http://prom.example.com:9090/base', nowMs: () => 0 });
const names = ['$labels', '$externalLabels', '$externalURL', '$value'];

async function expand(source: string, value = 0, more?: GoFunctions): Promise<string> {
  const labels = goLabels(labelsFromRecord(golden.labels));
  const externalLabels = goLabels(labelsFromRecord({ region: 'eu', replica: '1' }));
  const externalUrl = 'http://prom.example.com:9090/base';
  const data = goStruct('struct', { Labels: labels, ExternalLabels: externalLabels, ExternalURL: externalUrl, Value: value });
  const table = more ?? functions;
  const template = parseTemplate(source, { functions: table, variables: names });
  const variables = new Map<string, GoValue>([
    ['$labels', labels],
    ['$externalLabels', externalLabels],
    ['$externalURL', externalUrl],
    ['$value', value],
  ]);
  return renderTemplate(template, { data, variables, functions: table });
}

const numberOf = (text: string): number => (text === '+Inf' ? Infinity : Number(text));

describe('templates answer as Prometheus 3.5.3 does', () => {
  test.each(golden.cases)('$template with $value', async ({ template, value, text }) => {
    const got = expand(template, numberOf(value));
    if (text === undefined) await expect(got).rejects.toThrow(EngineError);
    else expect(await got).toBe(text);
  });
});

describe('what is wrong with a template is said with its place', () => {
  test.each([
    ['Instance {{ $label.foo }} down', 'undefined variable "$label"', 12],
    ['{{ humanise $value }}', 'function "humanise" not defined', 3],
    ['a {{ $value', 'an action is not closed with }}', 2],
    ['{{ if $value }}x', '{{end}} is missing', 13],
    ['{{ end }}', '{{end}} has nothing to close or to continue', 3],
    ['{{ else }}', '{{else}} has nothing to close or to continue', 3],
    ['{{ break }}', '{{break}} stands outside of {{range}}', 3],
    ['{{ }}', 'a value is missing', 3],
    ['{{ "a" "b" }}', 'a value stands where a function is called', 3],
    ['{{ $value | "x" }}', 'a value stands where a function is called', 12],
    ['{{ ! }}', 'unexpected "!" in an action', 3],
    ['{{ (1 }}', 'unexpected }} in an action', 6],
    ['{{ "open }}', 'unexpected "\\"" in an action', 3],
    ['{{/* open }}', 'a comment is not closed with */', 0],
    ['{{ if true }}{{ else }}{{ else }}{{ end }}', '{{else}} stands twice', 26],
    ['{{ range $a, $b, $c := . }}{{ end }}', 'undefined variable "$a"', 9],
    ['{{ $a, $b := 1 }}', 'only {{range}} sets two variables', 3],
    ['{{ with $x := 1 }}{{ end }}{{ $x }}', 'undefined variable "$x"', 30],
    ['{{ define "a" }}{{ $value }}{{ end }}', 'undefined variable "$value"', 19],
  ])('%s', (source, sentence, from) => {
    const parse = (): unknown => parseTemplate(source, { functions, variables: names });
    expect(parse).toThrow(sentence);
    try {
      parse();
    } catch (error) {
      expect((error as EngineError).place?.from).toBe(from);
    }
  });
});

describe('a template cannot take the engine down', () => {
  test.each([
    ['{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" }}', 'levels deep'],
    ['{{ range $a := 1000 }}{{ range $b := 1000 }}{{ end }}{{ end }}', 'steps'],
    ['{{ $x := `aaaaaaaaaaaaaaaa` }}{{ range $i := 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}', 'characters'],
    ['{{ range $i := 60000 }}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{ end }}', 'characters'],
    ['{{ $x := `aaaaaaaaaaaaaaaa` }}{{ range $i := 60 }}{{ $x = reReplaceAll "a" $x $x }}{{ end }}', 'characters'],
    ['{{ range $i := 60 }}{{ query "vector(1)" | len }}{{ end }}', 'ask at most'],
    [`${'{{ if true }}'.repeat(200)}${'{{ end }}'.repeat(200)}`, 'levels of nesting'],
    [`{{ ${'('.repeat(200)}1${')'.repeat(200)} }}`, 'levels of nesting'],
    ['a'.repeat(300_000), 'limit'],
  ])('%s', async (source, sentence) => {
    await expect(expand(source)).rejects.toThrow(sentence);
  });

  test('any text parses and runs, or is refused with an EngineError', async () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{{-',
      '-}}',
      ' ',
      '.',
      '$x',
      '$',
      ':=',
      '|',
      '(',
      ')',
      '"a"',
      'if',
      'end',
      'range',
      'len',
      '1',
      'a',
      ',',
      'define',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await expand(pieces.join(' ')).catch((error: unknown) => expect(error).toBeInstanceOf(EngineError));
      }),
      { seed: 7, numRuns: 3000 },
    );
  });
});

test('a query is asked once, although the template runs again when its answer has come', async () => {
  const asked: string[] = [];
  const query = goAwaitedFunction(['string'], async (expr) => {
    asked.push(expr);
    await Promise.resolve();
    return expr.toUpperCase();
  });
  const text = await expand('{{ query "a" }}{{ range $i := 2 }}{{ query "b" }}{{ end }}{{ query "a" }}', 0, new Map([['query', query]]));
  expect(text).toBe('ABBA');
  expect(asked).toEqual(['a', 'b', 'b', 'a']);
});

test('without a query the text comes at once', () => {
  const template = parseTemplate('{{ . }}');
  expect(renderTemplate(template, { data: 'x' })).toBe('x');
});

test('definitions of one text serve another, the later one winning', () => {
  const first = parseTemplate('{{ define "a" }}old{{ end }}{{ define "b" }}b{{ end }}');
  const second = parseTemplate('{{ define "a" }}new{{ end }}', { definitions: first.definitions });
  const third = parseTemplate('{{ template "a" }} {{ template "b" }}', { definitions: second.definitions });
  expect(renderTemplate(third, { data: undefined })).toBe('new b');
});
