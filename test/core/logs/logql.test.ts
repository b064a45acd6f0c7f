import { describe, expect, test } from 'vitest';
import { logqlKind, openLogs, type Logs } from '#core/logs/index.ts';
import { EngineError, labelsFromRecord, labelsToRecord, plainRecord } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const startMs = Date.UTC(2026, 0, 5);
const nsAt = (seconds: number): bigint => BigInt(startMs + seconds * 1000) * 1_000_000n;

async function logsOf(lines: readonly (readonly [seconds: number, app: string, line: string])[]): Promise<Logs> {
  const logs = openLogs({ folder: tempFolder(), clock: new ManualClock(startMs + 3_600_000) });
  logs.load(lines.map(([seconds, app, line]) => plainRecord(nsAt(seconds), labelsFromRecord({ app }), line, 'info')));
  await logs.flush();
  return logs;
}

/** The line and the labels that come out of one line. */
async function through(query: string, line: string): Promise<{ line: string; fields: Record<string, string> } | undefined> {
  const logs = await logsOf([[1, 'x', line]]);
  const { records } = await logs.search({ text: query, direction: 'forward', limit: 1 });
  await logs.close();
  return records[0] && { line: records[0].line, fields: labelsToRecord(records[0].fields) };
}

const jsonLine = '{"level":"error","took":"1.5s","size":"2KB","http":{"status":503},"list":[1,{"a":"b"}],"app":"inner"}';

describe('stages', () => {
  test.each<[string, string, Record<string, string> | undefined]>([
    ['{app="x"} | json', jsonLine, { level: 'error', took: '1.5s', size: '2KB', http_status: '503', app_extracted: 'inner' }],
    ['{app="x"} | json code="http.status", first="list[0]", b="list[1].a"', jsonLine, { code: '503', first: '1', b: 'b' }],
    ['{app="x"} | json | http_status >= 500 | keep took', jsonLine, { took: '1.5s' }],
    ['{app="x"} | json | took > 1s and size < 3KB | drop level, list, app_extracted, http_status, size', jsonLine, { took: '1.5s' }],
    ['{app="x"} | json | took > 2s', jsonLine, undefined],
    ['{app="x"} | json | (level="error" or level="warn") | http_status!=200 | keep level', jsonLine, { level: 'error' }],
    ['{app="x"} | logfmt', 'a=1 b="x \\"y\\"" c=', { a: '1', b: 'x "y"' }],
    ['{app="x"} | logfmt --strict --keep-empty', 'a=1 b="x y" flag', { a: '1', b: 'x y' }],
    ['{app="x"} | logfmt --strict', 'a=1 b=x"y c=2', { a: '1', __error__: 'LogfmtParserErr' }],
    ['{app="x"} | logfmt', 'a=1 b=x"y c=2', { a: '1', b: 'x"y', c: '2' }],
    ['{app="x"} | json | http_status=~"5.." and took>=1500ms | keep took', jsonLine, { took: '1.5s' }],
    ['{app="x"} | json a="http[\\"status\\"]", c="list[1].a" | a != 200', jsonLine, { a: '503', c: 'b' }],
    ['{app="x"} !~ "nothing" |= `took` != "x" or "y"', 'took 12', {}],
    ['{app="x"} | logfmt user="u"', 'u=bob v=1', { user: 'bob' }],
    ['{app="x"} | regexp "(?P<verb>[A-Z]+) (?P<path>\\\\S+)"', 'GET /a/b 200', { verb: 'GET', path: '/a/b' }],
    [
      '{app="x"} | pattern "<ip> - - <_> \\"<method> <path> <_>\\" <status> <size>"',
      '1.2.3.4 - - [x] "GET /q HTTP/1.1" 200 12',
      { ip: '1.2.3.4', method: 'GET', path: '/q', status: '200', size: '12' },
    ],
    ['{app="x"} | unpack', '{"pod":"p","_entry":"inner line"}', { pod: 'p' }],
    ['{app="x"} | json | label_format code=http_status, again="{{.took}}!" | keep code, again', jsonLine, { code: '503', again: '1.5s!' }],
    ['{app="x"} |> "took <_> ms"', 'took 12 ms', {}],
    ['{app="x"} !> "took <_> ms"', 'took 12 ms', undefined],
    ['{app="x"} |= "A" or "took"', 'took 12', {}],
    ['{app="x"} != "took"', 'took 12', undefined],
    ['{app="x"} |~ "t.{2}k \\\\d+$"', 'took 12', {}],
    ['{app=~"y|x"} # a comment', 'took 12', {}],
  ])('%s', async (query, line, fields) => {
    const found = await through(query, line);
    expect(found?.fields).toEqual(fields);
  });

  test.each([
    ['{app="x"} | json | line_format "{{.level | ToUpper}} {{.took}}"', jsonLine, 'ERROR 1.5s'],
    ['{app="x"} | unpack', '{"pod":"p","_entry":"inner line"}', 'inner line'],
    ['{app="x"} | decolorize', '\u001b[31mred\u001b[0m', 'red'],
    [
      '{app="x"} | logfmt | line_format "{{ div (mul .a 3) 2 }} {{ addf .a 0.5 }} {{ round .b 1 }} {{ .c | trimPrefix `v` | repeat 2 }}"',
      'a=5 b=2.345 c=v1',
      '7 5.5 2.3 11',
    ],
    [
      '{app="x"} | logfmt | line_format `{{ .a | urldecode }} {{ if gt (int .n) 9 }}many{{ else }}few{{ end }} {{ printf "%04d" (int .n) }}`',
      'a=%2Fx+y n=12',
      '/x y many 0012',
    ],
    [
      '{app="x"} | line_format `{{ regexReplaceAllLiteral "[0-9]+" __line__ "$1" | count "[$]" }} {{ alignRight 4 "ab" }}|{{ b64enc "hi" }}`',
      'a1b22',
      '2   ab|aGk=',
    ],
    ['{app="x"} | line_format "{{ __line__ | trunc 3 }}"', 'abcdef', 'abc'],
    [
      '{app="x"} | line_format `{{ __timestamp__ | date "Jan 2 15:04:05" }} {{ unixEpoch (unixToTime "1767582000123") }} {{ unixToTime "1767582000" | date "2006-01-02" }}`',
      'x',
      'Jan 5 00:00:01 1767582000 2026-01-05',
    ],
    [
      '{app="x"} | line_format `{{ range $i, $q := fromJson __line__ }}{{ if $i }}, {{ end }}{{ $q.name }}={{ index $q.tags 0 }}{{ end }}`',
      '[{"name":"a","tags":["t"]},{"name":"b","tags":["u"]}]',
      'a=t, b=u',
    ],
  ])('%s makes the line', async (query, line, made) => {
    expect((await through(query, line))?.line).toBe(made);
  });
});

describe('what is wrong, and where', () => {
  test.each([
    ['{app="x"', /"," or "}" is expected here, not the query ends \(character 9\)/, 8],
    ['{app="x"} | josn', /json, logfmt, .* not "josn" \(character 13\)/, 12],
    ['{app=x}', /the value of a label, in quotes, is expected here, not "x"/, 5],
    ['{app=~"("} |= "x"', /missing closing \)/, 6],
    ['{app="x"} |= error', /the text to look for, in quotes/, 13],
    ['rate({app="x"})', /"\[" is expected here, not "\)" \(character 15\)/, 14],
    ['sum_over_time({app="x"}[5m])', /needs "\| unwrap LABEL"/, 0],
    ['{app="x} | json', /no closing quote/, 5],
    ['sum(rate({app="x"}[5m])) by', /"\(" is expected here/, 27],
    ['{app="x"} | status > "5"', /a number, a duration or a size is expected behind >/, 21],
  ])('%s', (query, sentence, from) => {
    const failure = ((): unknown => {
      try {
        return logqlKind(query);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(EngineError);
    expect((failure as EngineError).message).toMatch(sentence);
    expect((failure as EngineError).place?.from).toBe(from);
  });

  test.each([
    ['variants(rate({a="b"}[1m])) of ({a="b"}[1m])', /variants is not yet supported in LogQL \(character 1\)/],
    ['rate({a="b"}[$__window])', /"\$" has no meaning in LogQL \(character 14\)/],
    ['rate({a="b"}[1m]) / group_left rate({a="b"}[1m])', /on\(\.\.\.\) or ignoring\(\.\.\.\) is expected before group_left/],
    ['rate({a="b"}[1m]) and on (x) group_left rate({a="b"}[1m])', /no grouping is possible with "and"/],
    ['{a="b"} |~ ip("1.2.3.4")', /ip\(\) stands behind \|= and != only.* \(character 12\)/],
    ['{a="b"} |= ip("1.2.3.400")', /is no address, no network such as .* \(character 15\)/],
    ['{a="b"} | addr = ip("1.2.3.0/33")', /is no address, no network/],
    ['{a="b"} | logfmt --lenient', /--strict or --keep-empty is expected here, not "lenient" \(character 20\)/],
    ['label_replace(rate({a="b"}[1m]), "x", "$1", "y", "(")', /missing closing \).* \(character 50\)/],
    ['label_replace(rate({a="b"}[1m]), "1x", "$1", "y", "(.*)")', /the name of a label is expected here, not .*\(character 34\)/],
  ])('%s', (query, sentence) => {
    expect(() => logqlKind(query)).toThrow(sentence);
  });
});

describe('addresses', () => {
  test.each<[string, string, boolean]>([
    ['192.168.4.5', 'from 192.168.4.5:8080 to 10.0.0.1', true],
    ['192.168.4.5', 'from 192.168.4.50', false],
    ['192.168.4.0/24', 'client=192.168.4.77', true],
    ['192.168.4.0/24', 'client=192.168.5.1', false],
    ['10.0.0.250-10.0.1.5', '"10.0.1.3"', true],
    ['10.0.0.250-10.0.1.5', '"10.0.1.6"', false],
    ['2001:db8::/32', 'peer [2001:db8:0:1::7]:443', true],
    ['::1', 'from ::1', true],
    ['2001:db8::/32', 'peer [2001:db9::7]', false],
    ['0.0.0.0/0', 'version 1.2.3.4.5 at 12:30:45', false],
  ])('%s in %s', async (range, line, isIn) => {
    const query = `{app="x"} |= ip(${JSON.stringify(range)})`;
    expect((await through(query, line)) !== undefined).toBe(isIn);
    expect((await through(query.replace('|=', '!='), line)) !== undefined).toBe(!isIn);
  });

  test('as the value of a label', async () => {
    expect(await through('{app="x"} | logfmt | addr = ip("10.1.0.0/16")', 'addr=10.1.2.3')).toBeDefined();
    expect(await through('{app="x"} | logfmt | addr != ip("10.1.0.0/16")', 'addr=10.1.2.3')).toBeUndefined();
    expect(await through('{app="x"} | logfmt | addr = ip("10.1.0.0/16")', 'addr=10.2.2.3')).toBeUndefined();
  });
});

describe('metrics', () => {
  const lines: [number, string, string][] = Array.from({ length: 120 }, (_, i) => [
    i + 1,
    i % 3 === 0 ? 'a' : 'b',
    `{"ms":${i},"ok":${i % 2 === 0},"took":"${i}ms"}`,
  ]);
  const at = (seconds: number): { startMs: number; endMs: number; stepMs: number } => ({
    startMs: startMs + seconds * 1000,
    endMs: startMs + seconds * 1000,
    stepMs: 1000,
  });

  async function ask(query: string, seconds = 120): Promise<Record<string, number>> {
    const logs = await logsOf(lines);
    const { kind, value, series } = await logs.metric(query, at(seconds));
    await logs.close();
    if (kind === 'scalar') return { scalar: value };
    return Object.fromEntries(series.map(({ labels, values }) => [labels.join('='), values[0]!]));
  }

  test.each<[string, Record<string, number>]>([
    ['count_over_time({app=~".+"}[1m])', { 'app=a': 20, 'app=b': 40 }],
    ['sum(count_over_time({app=~".+"}[1m]))', { '': 60 }],
    ['rate({app="a"}[1m])', { 'app=a': 20 / 60 }],
    ['bytes_over_time({app="a"} |= "\\"ms\\":117" [1m])', { 'app=a': 36 }],
    ['sum by (ok) (count_over_time({app=~".+"} | json [1m]))', { 'ok=false': 30, 'ok=true': 30 }],
    [
      'sum by (app) (sum_over_time({app=~".+"} | json | unwrap ms [10s]))',
      { 'app=a': 111 + 114 + 117, 'app=b': 110 + 112 + 113 + 115 + 116 + 118 + 119 },
    ],
    ['max_over_time({app="b"} | json | unwrap ms [10s]) by (app)', { 'app=b': 119 }],
    ['quantile_over_time(0.5, {app=~".+"} | json | unwrap ms [11s]) by ()', { '': 114 }],
    ['avg_over_time({app="a"} | json | unwrap duration(took) [10s]) by (app)', { 'app=a': 0.114 }],
    ['topk(1, sum by (app) (count_over_time({app=~".+"}[1m])))', { 'app=b': 40 }],
    ['approx_topk(1, sum by (app) (count_over_time({app=~".+"}[1m])))', { 'app=b': 40 }],
    ['sum(count_over_time({app="a"}[$__rate_interval])) / sum(count_over_time({app="b"}[${__rate_interval}]))', { '': 0.5 }],
    ['sum(count_over_time({app="a"}[1m])) / sum(count_over_time({app=~".+"}[1m])) * 100', { '': 100 / 3 }],
    ['count_over_time({app="a"}[1m]) > 30', {}],
    ['sum by (app) (count_over_time({app=~".+"}[1m])) > bool 30', { 'app=a': 0, 'app=b': 1 }],
    ['label_replace(count_over_time({app=~".+"}[1m]), "name", "$1-x", "app", "(a)")', { 'app=a=name=a-x': 20, 'app=b': 40 }],
    [
      'sum by (app, ok) (count_over_time({app=~".+"} | json [1m])) / on (app) group_left () sum by (app) (count_over_time({app=~".+"}[1m]))',
      { 'app=a=ok=false': 0.5, 'app=a=ok=true': 0.5, 'app=b=ok=false': 0.5, 'app=b=ok=true': 0.5 },
    ],
    [
      'label_replace(sum by (app) (count_over_time({app="a"}[1m])), "team", "red", "", "") * ignoring (team, ok) group_right (team) sum by (app, ok) (count_over_time({app="a"} | json [1m]))',
      { 'app=a=ok=false=team=red': 200, 'app=a=ok=true=team=red': 200 },
    ],
    ['2 ^ 3 ^ 2 - 1', { scalar: 511 }],
    ['vector(1) + vector(1)', { '': 2 }],
    ['absent_over_time({app="nobody"}[1m])', { 'app=nobody': 1 }],
    ['count(count_over_time({app=~".+"}[1m]))', { '': 2 }],
    ['sum without (app) (count_over_time({app=~".+"}[1m]))', { '': 60 }],
    ['count_over_time({app="a"}[1m] offset 1m)', { 'app=a': 20 }],
  ])('%s', async (query, wanted) => {
    const got = await ask(query);
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
    for (const [key, value] of Object.entries(wanted)) expect(got[key]).toBeCloseTo(value, 9);
  });

  test('several series that meet one are refused without group_left, and two of the same labels always', async () => {
    await expect(
      ask('sum by (app, ok) (count_over_time({app=~".+"} | json [1m])) / on (app) sum by (app) (count_over_time({app=~".+"}[1m]))'),
    ).rejects.toThrow(/several series on the left of "\/" have the same labels; aggregate them first, or say group_left/);
    await expect(ask('label_replace(count_over_time({app=~".+"}[1m]), "app", "same", "app", ".*")')).rejects.toThrow(
      /label_replace makes several series/,
    );
  });

  test('a range of steps counts as each step by itself does', async () => {
    const logs = await logsOf(lines);
    const query = 'sum by (app) (count_over_time({app=~".+"} | json | ms > 20 [30s]))';
    const { series } = await logs.metric(query, { startMs, endMs: startMs + 180_000, stepMs: 7000 });
    for (let i = 0; i * 7000 <= 180_000; i++) {
      const single = await logs.metric(query, { startMs: startMs + i * 7000, endMs: startMs + i * 7000, stepMs: 1000 });
      for (const { labels, values, has } of series) {
        const one = single.series.find((other) => other.labels.join() === labels.join());
        expect([has[i], values[i]]).toEqual(one === undefined ? [0, Number.NaN] : [1, one.values[0]]);
      }
    }
    await logs.close();
  });

  test('a label that is no number is left out, and told; too many series are refused', async () => {
    const logs = await logsOf([
      [1, 'a', 'v=1'],
      [2, 'a', 'v=x'],
    ]);
    const answer = await logs.metric('sum_over_time({app="a"} | logfmt | unwrap v [1m]) by (app)', at(30));
    expect(answer.series[0]!.values[0]).toBe(1);
    expect(answer.warnings).toEqual(['1 lines were left out: v is no number there']);
    await logs.close();
    const many = await logsOf(Array.from({ length: 2100 }, (_, i) => [1, 'a', `id=${i}`]));
    await expect(many.metric('count_over_time({app="a"} | logfmt [1m])', at(30))).rejects.toThrow(/more than 2000 series; group them/);
    await many.close();
  });
});
