/** The ways between the signals, by the attribute map in force. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AttributeFile } from '#core/config/index.ts';
import { Attributes, logsOfTrace, waysFrom } from '#core/correlate/index.ts';
import { openCase } from '#core/intake/index.ts';
import { defaultAttributeMap, labelsFromRecord, noLabels, noScope, resourceOf, type Span } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const nowMs = 1_700_000_000_000;
const window = { startMs: nowMs - 60_000, endMs: nowMs + 60_000 };
const traceId = 'ab'.repeat(16);

const span = (service: string): Span => ({
  traceId,
  spanId: '12'.repeat(8),
  parentId: '',
  name: 'GET',
  kind: 'server',
  startNs: BigInt(nowMs) * 1_000_000n,
  endNs: BigInt(nowMs + 5) * 1_000_000n,
  status: 'ok',
  statusText: '',
  traceState: '',
  flags: 0,
  attributes: [],
  events: [],
  links: [],
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
  resource: resourceOf([{ key: 'service.name', type: 'string', text: service }]),
  scope: noScope,
});

async function stores(): Promise<ReturnType<typeof openCase>> {
  const one = openCase(tempFolder(), new ManualClock(nowMs));
  const batch = one.metrics.batch();
  for (const labels of [
    { __name__: 'requests', job: 'shop/cart', instance: '10.0.0.1:8080' },
    { __name__: 'cpu', pod: 'cart-5f6585d649-fnmft', node: 'n1' },
    { __name__: 'load', instance: 'n1:9100' },
    { __name__: 'requests', job: 'web' },
    { __name__: 'requests', team_service: 'cart' },
  ])
    batch.add(one.metrics.ref(labelsFromRecord(labels)), nowMs, 1);
  await batch.commit('process');
  const record = { timeNs: BigInt(nowMs) * 1_000_000n, line: 'x', level: 'info' as const, fields: noLabels };
  one.logs.load([
    { ...record, labels: labelsFromRecord({ app: 'cart' }) },
    { ...record, labels: labelsFromRecord({ team_service: 'cart' }) },
  ]);
  one.traces.load([span('cart')]);
  await one.logs.flush();
  await one.traces.flush();
  return one;
}

const asked = async (pairs: [string, string][], attributes = new Attributes()): Promise<string[]> => {
  const one = await stores();
  const { ways } = await waysFrom(one, pairs, window, attributes);
  await one.close();
  return ways.map(({ to, of, query, count }) => `${to} ${of} ${query} ${count}`);
};

describe('ways', () => {
  test('from a span: series of its service by job and pod, its log stream, its host with and without a port', async () => {
    const pairs: [string, string][] = [
      ['service.name', 'cart'],
      ['service.namespace', 'shop'],
      ['host.name', 'n1'],
    ];
    expect(await asked(pairs)).toEqual([
      'metrics service {job=~"(shop/)?cart"} 1',
      'metrics service {pod=~"cart(-[a-z0-9]+){0,2}"} 1',
      'logs service {app="cart"} 1',
      'traces service service="cart" 1',
      'metrics host {instance=~"n1(:[0-9]+)?"} 1',
      'metrics host {node=~"n1(:[0-9]+)?"} 1',
    ]);
  });

  test('from a series of a pod to the logs and traces of its workload', async () => {
    expect((await asked([['pod', 'cart-5f6585d649-fnmft']])).filter((way) => !way.startsWith('metrics'))).toEqual([
      'logs service {app="cart"} 1',
      'traces service service="cart" 1',
    ]);
  });

  test("a key of one's own leads where the defaults do not", async () => {
    const own = new Attributes({ ...defaultAttributeMap, service: ['team.service'] });
    expect(await asked([['team_service', 'cart']])).toEqual([]);
    expect(await asked([['team_service', 'cart']], own)).toEqual([
      'metrics service {team_service="cart"} 1',
      'logs service {team_service="cart"} 1',
      'traces service service="cart" 1',
    ]);
  });

  test("a trace id under a key of one's own is one", async () => {
    const own = new Attributes({ ...defaultAttributeMap, traceId: ['request.trace'] });
    const one = await stores();
    const of = (value: string): Promise<string> => waysFrom(one, [['request_trace', value]], window, own).then((found) => found.traceId);
    expect(await of(traceId.toUpperCase())).toBe(traceId);
    expect(await of('ab'.repeat(8))).toBe('ab'.repeat(8).padStart(32, '0'));
    expect(await of('0'.repeat(32))).toBe('');
    expect(await of('not an id')).toBe('');
    await one.close();
  });
});

describe('the attribute map', () => {
  test('is kept in attributes.yml, what is not written there is the default, and the file can be edited by hand', () => {
    const dataDir = tempFolder();
    const file = new AttributeFile(dataDir);
    expect(file.map).toEqual(defaultAttributeMap);
    file.save({ ...defaultAttributeMap, service: ['team', 'service.name'] });
    expect(new AttributeFile(dataDir).map).toEqual({ ...defaultAttributeMap, service: ['team', 'service.name'] });
    writeFileSync(join(dataDir, 'attributes.yml'), 'host: [machine]\n');
    expect(file.map).toEqual({ ...defaultAttributeMap, host: ['machine'] });
    writeFileSync(join(dataDir, 'attributes.yml'), 'host: [machine]\nhosts: [x]\n');
    expect(file.view).toMatchObject({ map: { host: ['machine'] } });
    expect(file.view.problem).toMatch(/^attributes\.yml:2: attributes has no field "hosts".*\(the last good map is in force\)$/);
  });

  test.each([
    [{ service: [] }, 'a service needs at least one key; put the defaults back or add one'],
    [{ pod: ['pod', 'pod'] }, 'a pod has the key "pod" twice'],
    [{ host: ['host.name', 'host_name'] }, 'a host has the key "host_name" twice: "host.name" is the same as a label'],
    [{ service: ['app name'] }, 'the key "app name" of a service holds a blank, a quote, a brace, a comma or "="; a key is one name'],
    [{ spanId: ['trace.id'] }, 'the key "trace.id" stands under trace id and elsewhere; a trace id names nothing else'],
    [{ host: [''] }, 'an empty key stands under a host; take it away'],
  ])('%j is refused', (part, sentence) => {
    expect(() => new AttributeFile(tempFolder()).save({ ...defaultAttributeMap, ...part })).toThrow(sentence);
  });
});

test('the lines of a trace are found by the id in the text, and by fields under any key of a trace id', async () => {
  const one = openCase(tempFolder(), new ManualClock(nowMs));
  const record = { timeNs: BigInt(nowMs) * 1_000_000n, level: 'info' as const, fields: noLabels, labels: labelsFromRecord({ app: 'cart' }) };
  one.logs.load([
    { ...record, line: 'beside', fields: labelsFromRecord({ trace_id: traceId }) },
    { ...record, line: 'beside too', fields: labelsFromRecord({ trace_id: traceId }) },
    { ...record, line: `{"traceId":"${traceId}"}` },
    { ...record, line: 'own key', fields: labelsFromRecord({ correlation: traceId }) },
    { ...record, line: 'another', fields: labelsFromRecord({ trace_id: 'cd'.repeat(16) }) },
  ]);
  await one.logs.flush();
  const of = async (keys: readonly string[]): Promise<[string, number][]> => {
    const found = await logsOfTrace(one, traceId, window, new Attributes({ ...defaultAttributeMap, traceId: keys }));
    return found.map(({ query, count }) => [query.replace(traceId, 'ID'), count]);
  };
  expect(await of(['trace_id'])).toEqual([
    ['trace_id="ID"', 2],
    ['"ID"', 1],
  ]);
  expect(await of(['correlation', 'trace_id'])).toEqual([
    ['trace_id="ID"', 2],
    ['correlation="ID"', 1],
    ['"ID"', 1],
  ]);
  await one.close();
});
