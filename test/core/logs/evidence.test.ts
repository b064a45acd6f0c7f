import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openLogs, type Logs } from '#core/logs/index.ts';
import { plainRecord, type LogRecord } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

/**
 * What blocks rule out by their texts and columns, lines that are in no block are asked one by one: both must find the same.
 */
const value = fc.constantFrom(
  '7',
  '12',
  '12.50',
  '-3',
  'true',
  'null',
  '"a7"',
  '"x"',
  '"12ms"',
  '"a\\"b7"',
  '"5 s=9 t"',
  '{"s":9}',
  '[1,2]',
  '1e3',
  '"é"',
);
const key = fc.constantFrom('s', 't', 'http_s', 'http', 'level', 'msg');
const members = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 4 });
const bare = fc.constantFrom('7', '12', '12ms', '"x y"', '"12"', 'a=s', 'x,s=7', '', 'b"c', 'error');
const line = fc.oneof(
  members.map((all) => `{${all.map(([name, text]) => `"${name}":${text}`).join(',')}}`),
  members.map((all) => `{${all.map(([name, text]) => `"${name}": ${text}`).join(', ')}`),
  fc.array(fc.tuple(key, bare), { minLength: 1, maxLength: 4 }).map((all) => all.map(([name, text]) => `${name}=${text}`).join(' ')),
  fc.constantFrom(
    '10.0.0.7 - - [05/Jan/2026:10:00:00 +0000] "GET /s=7 HTTP/1.1" 200 12',
    'took 12ms at 10.0.0.7:80, s=7',
    'E0105 10:00:00.1 7 a.go:1] s=12',
  ),
);
const name = fc.constantFrom('s', 't', 'http_s', 'level', 'msg', 'status', 'detected_level');
const filter = fc.oneof(
  fc.tuple(name, fc.constantFrom('>', '>=', '<', '<=', '==', '!='), fc.constantFrom('7', '12.5', '9', '20ms', '1KB')).map((parts) => parts.join('')),
  fc
    .tuple(name, fc.constantFrom('=', '!=', '=~', '!~'), fc.constantFrom('7', '12', 'x', '', 'error', '1.*|a7'))
    .map(([n, op, text]) => `${n}${op}"${text}"`),
);
const stage = fc.oneof(
  { weight: 3, arbitrary: filter.map((text) => `| ${text}`) },
  fc.constantFrom('| json', '| logfmt', '| json s="http.s"', '| drop s', '| label_format s=t'),
  fc
    .tuple(fc.constantFrom('|=', '!=', '|~', '!~'), fc.constantFrom('s', '7', '10.0.0.7', '0:80', 's=7', '"s":', '12', 'a7', 'X'))
    .map(([op, t]) => `${op} \`${t}\``),
);
const query = fc.array(stage, { minLength: 1, maxLength: 4 }).map((stages) => `{} ${stages.join(' ')}`);

async function found(logs: Logs, text: string): Promise<string[]> {
  const { records } = await logs.search({ text, direction: 'forward', limit: 1000 });
  return records.map(({ line: own, timeNs }) => `${timeNs} ${own}`);
}

test('blocks rule out only what does not pass', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 6));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 10, maxLength: 30 }), fc.array(query, { minLength: 40, maxLength: 40 }), async (lines, queries) => {
      const [sealed, open] = [openLogs({ folder: tempFolder(), clock }), openLogs({ folder: tempFolder(), clock })];
      // Each line several times, so that its kind has columns of every form.
      const records = [...lines, ...lines, ...lines].map((text, i): LogRecord =>
        plainRecord(BigInt(Date.UTC(2026, 0, 5) + i) * 1_000_000n, [], text, i % 2 === 0 ? 'error' : 'unknown'),
      );
      sealed.load(records);
      await sealed.flush();
      await open.append(records);
      for (const text of queries) expect([text, ...(await found(sealed, text))]).toEqual([text, ...(await found(open, text))]);
      await sealed.close();
      await open.close();
    }),
    { numRuns: 8, seed: 11, endOnFailure: true },
  );
});
