import { expect, test } from 'vitest';
import { explosionsOf, ofLabel, ofMetric, ofPair } from '../../renderer/views/sources/cardinality.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { cardinalityView } from './support/cardinality.ts';

test('who was cut is told with the label that explodes, targets first', () => {
  const [first, second] = explosionsOf(cardinalityView(0));
  expect(first).toMatchObject({
    label: 'user_id',
    values: 48_211,
    where: 'in http_requests_total of checkout, http://127.0.0.1:9001/metrics',
    what: 'The target was cut at 20,000 new series an hour; the series that it had go on.',
    expr: 'topk(20, count by (user_id) (http_requests_total))',
  });
  expect(second).toMatchObject({ label: 'job_id', what: '1,200 samples of new series were refused: metric series limit.' });
  expect(explosionsOf({ ...cardinalityView(0), cut: [], refused: [] })).toEqual([]);
});

test('links to Explore are queries, whatever the names', () => {
  const exprs = [ofMetric('up'), ofMetric('my metric"'), ofLabel('host.name'), ofPair('path=/a=b"\\'), ofPair('host.name=x')];
  expect(exprs).toEqual([
    'count(up)',
    'count({"my metric\\""})',
    'count(count by ("host.name") ({"host.name"!=""}))',
    'count({path="/a=b\\"\\\\"})',
    'count({"host.name"="x"})',
  ]);
  for (const expr of exprs) expect(() => parseExpr(expr)).not.toThrow();
});
