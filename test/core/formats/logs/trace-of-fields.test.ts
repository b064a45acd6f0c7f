import { expect, test } from 'vitest';
import { fieldsOfLine, traceOfFields } from '#core/formats/index.ts';

const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
const parent = `00-${traceId}-${spanId}-01`;

test.each([
  [`{"msg":"x","traceparent":"${parent}"}`, traceId, spanId],
  [`{"headers":{"Traceparent":"${parent}"}}`, traceId, spanId],
  [`level=info traceparent=${parent} msg=x`, traceId, spanId],
  [`{"http.request.header.traceparent":"${parent}-later"}`, '', ''],
  [`{"traceparent":"01${parent.slice(2)}-later"}`, traceId, spanId],
  [`{"traceparent":"ff${parent.slice(2)}"}`, '', ''],
  [`{"traceparent":"00-${'0'.repeat(32)}-${spanId}-01"}`, '', ''],
  [`{"trace_id":"${traceId.toUpperCase()}","span_id":"${spanId}"}`, traceId, spanId],
  [`{"span_id":"${spanId}","traceparent":"no"}`, '', spanId],
])('%s', (line, trace, span) => {
  expect(traceOfFields(fieldsOfLine(line))).toEqual({ traceId: trace, spanId: span });
});
