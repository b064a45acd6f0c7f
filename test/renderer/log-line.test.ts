/** What is read of a line at a glance. */
import { describe, expect, test } from 'vitest';
import type { LogLine } from '#core/contract/index.ts';
import { readableOf } from '../../renderer/views/logs/line.ts';

const of = (line: string): LogLine => ({ timeNs: '0', labels: [], fields: [], level: 'info', line, traceId: '', spanId: '' });

describe('a line reads as', () => {
  test.each([
    ['plain text', 'GET / 200', 'GET / 200'],
    [
      'what happened first, then the rest',
      '{"time":"2026-01-31T02:41:00Z","level":"warn","msg":"slow query","table":"orders","ms":812}',
      'slow query  table=orders  ms=812',
    ],
    ['nested members by their path', '{"message":"done","http":{"status":200},"trace_id":"ab"}', 'done  http_status=200'],
    ['itself, when nothing in it says what happened', '{"a":1}', '{"a":1}'],
    ['itself, when it only looks like JSON', '{"msg":', '{"msg":'],
  ])('%s', (_what, line, text) => expect(readableOf(of(line))).toBe(text));
});
