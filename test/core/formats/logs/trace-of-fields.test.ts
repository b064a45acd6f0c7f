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
  [`2026-01-05 03:00:00.1  INFO [cart,${traceId},${spanId}] 1 --- [main] c.e.A : Spring Cloud Sleuth`, traceId, spanId],
  [`2026-01-05 03:00:00.1  INFO 1 --- [cart] [main] [${traceId}-${spanId}] c.e.A : Spring Boot 3`, traceId, spanId],
  [`2026-01-05 03:00:00.1 [trace=${traceId},span=${spanId}] WARN c.e.A - x`, traceId, spanId],
  [`{"logging.googleapis.com/trace":"projects/p/traces/${traceId}","logging.googleapis.com/spanId":"${spanId}"}`, traceId, spanId],
  [`{"xray_trace_id":"1-${traceId.slice(0, 8)}-${traceId.slice(8)}"}`, traceId, ''],
])('%s', (line, trace, span) => {
  expect(traceOfFields(fieldsOfLine(line))).toEqual({ traceId: trace, spanId: span });
});
