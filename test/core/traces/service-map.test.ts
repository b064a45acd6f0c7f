/** Who calls whom where the other side has no spans: databases, queues, services of others. */
import type { ServiceMap, Span } from '#core/model/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { span, text } from './support/spans.ts';

const lastNs = 2n ** 63n - 1n;
const client = { of: 'web', kind: 'client', parent: 1, id: 2 } as const;
const web = span({ id: 1, of: 'web', kind: 'server' });

/** The map of the spans, which must be the same out of the head, by rows, as out of a block, by its digests. */
async function mapOf(spans: readonly Span[]): Promise<ServiceMap> {
  const traces = openTraces({ folder: tempFolder(), clock: new ManualClock() });
  onTestFinished(() => traces.close());
  await traces.append(spans);
  const fromRows = await traces.serviceMap(0n, lastNs);
  await traces.flush();
  const fromDigests = await traces.serviceMap(0n, lastNs);
  expect(fromDigests).toEqual(fromRows);
  return fromDigests;
}

const table: readonly (readonly [what: string, spans: readonly Span[], edges: readonly string[], peers: readonly string[]])[] = [
  [
    'a database by its name, and its failed calls',
    [
      web,
      span({
        ...client,
        status: 'error',
        attributes: [text('db.system', 'postgresql'), text('db.name', 'orders'), text('server.address', '10.0.0.9')],
      }),
    ],
    ['web > orders 1/1'],
    ['orders'],
  ],
  ['a database by its system', [web, span({ ...client, attributes: [text('db.system.name', 'redis')] })], ['web > redis 1/0'], ['redis']],
  [
    "somebody else's service by its address, or by the name that the caller gives it",
    [
      web,
      span({ ...client, attributes: [text('server.address', 'api.bank.example')] }),
      span({ ...client, id: 3, attributes: [text('server.address', 'api.mail.example'), text('peer.service', 'mail')] }),
    ],
    ['web > api.bank.example 1/0', 'web > mail 1/0'],
    ['api.bank.example', 'mail'],
  ],
  [
    'a call that is answered is an edge between services only, whatever the client says of the other side',
    [web, span({ ...client, attributes: [text('peer.service', 'cart-v2')] }), span({ id: 3, parent: 2, of: 'cart', kind: 'server' })],
    ['web > cart 1/0'],
    [],
  ],
  [
    'a call within one service that is answered is none',
    [web, span({ ...client, attributes: [text('server.address', 'localhost')] }), span({ id: 3, parent: 2, of: 'web', kind: 'server' })],
    [],
    [],
  ],
  ['a call of itself is none', [web, span({ ...client, attributes: [text('peer.service', 'web')] })], [], []],
  [
    'a queue between a producer and a consumer of another trace',
    [
      web,
      span({ ...client, kind: 'producer', attributes: [text('messaging.system', 'kafka'), text('messaging.destination.name', 'orders')] }),
      span({ trace: 2, id: 9, of: 'mailer', kind: 'consumer', attributes: [text('messaging.destination.name', 'orders')] }),
    ],
    ['orders > mailer 1/0', 'web > orders 1/0'],
    ['orders'],
  ],
  [
    'a consumer below its producer is called by the producer',
    [
      web,
      span({ ...client, kind: 'producer', attributes: [text('messaging.destination.name', 'orders')] }),
      span({ id: 3, parent: 2, of: 'mailer', kind: 'consumer', attributes: [text('messaging.destination.name', 'orders')] }),
    ],
    ['web > mailer 1/0'],
    [],
  ],
  [
    'client and server halves of one id (Zipkin) are one call',
    [
      span({ id: 1, of: 'web', kind: 'server', takes: 30 }),
      span({ ...client, attributes: [text('peer.service', 'cart')] }),
      span({ ...client, of: 'cart', kind: 'server', at: 1 }),
    ],
    ['web > cart 1/0'],
    [],
  ],
  [
    'a service that has spans of its own elsewhere is no peer, though nobody followed the call',
    [web, span({ ...client, attributes: [text('peer.service', 'cart')] }), span({ trace: 2, id: 7, of: 'cart', kind: 'server' })],
    ['web > cart 1/0'],
    [],
  ],
  [
    'what an internal span says of a database is no call',
    [web, span({ ...client, kind: 'internal', attributes: [text('db.name', 'orders')] })],
    [],
    [],
  ],
];

test.each(table)('%s', async (_what, spans, edges, peers) => {
  const map = await mapOf(spans);
  expect(map.edges.map(({ caller, callee, calls, errors }) => `${caller} > ${callee} ${calls}/${errors}`).sort()).toEqual(edges);
  expect(map.peers).toEqual(peers);
});

test('what a peer was asked is told beside the services', async () => {
  const calls = [1, 2, 3].map((id) =>
    span({ ...client, id: id + 1, takes: id, status: id === 2 ? 'error' : 'unset', attributes: [text('db.name', 'orders')] }),
  );
  const { services } = await mapOf([web, ...calls]);
  expect(services.find(({ service }) => service === 'orders')).toMatchObject({ calls: 3, errors: 1 });
});
