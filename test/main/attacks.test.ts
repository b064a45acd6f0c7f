/** Reliability, section 2b, as data: what another page, another program or a careless tool may send, and what it gets. */
import { networkInterfaces } from 'node:os';
import { connect as connectSocket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '#core/contract/index.ts';
import { ManualClock } from '../support/clock.ts';
import { connect, openSocket, startTrialHost, type TrialHost } from './support/host.ts';
import { requestText, sendRaw, statusOf } from './support/raw.ts';

const host = 'Host: 127.0.0.1:PORT';
const bearer = 'Authorization: Bearer TOKEN';
const json = 'Content-Type: application/json';

interface Row {
  readonly what: string;
  readonly line: string;
  readonly headers: readonly string[];
  readonly body?: string;
  readonly gives: number;
}

const rows: readonly Row[] = [
  // What good clients send.
  { what: 'the screen', line: 'GET /', headers: [host], gives: 200 },
  { what: 'the screen, opened by a person', line: 'GET /', headers: [host, 'Sec-Fetch-Site: none'], gives: 200 },
  { what: 'an asset of the screen', line: 'GET /assets/index-0a1b2c3d.js', headers: [host, 'Sec-Fetch-Site: same-origin'], gives: 200 },
  { what: 'a tool with the bearer', line: 'GET /api/v1/query?query=up', headers: [host, bearer], gives: 200 },
  { what: 'health, without anything', line: 'GET /-/healthy', headers: [host], gives: 200 },
  { what: 'own metrics, without anything', line: 'GET /metrics', headers: [host], gives: 200 },
  { what: 'spans of Zipkin, without anything', line: 'POST /api/v2/spans', headers: [host, json], body: '[]', gives: 200 },
  { what: "the host's word on the engine", line: 'GET /host/status', headers: [host], gives: 200 },

  // L2: names.
  { what: 'no Host', line: 'GET /', headers: [], gives: 400 },
  { what: 'a name rebound to loopback', line: 'GET /', headers: ['Host: evil.example:PORT'], gives: 421 },
  { what: 'a name that contains ours', line: 'GET /', headers: ['Host: 127.0.0.1.nip.io:PORT'], gives: 421 },
  { what: 'localhost', line: 'GET /', headers: ['Host: localhost:PORT'], gives: 421 },
  { what: 'a trailing dot', line: 'GET /', headers: ['Host: 127.0.0.1.:PORT'], gives: 421 },
  { what: 'our address in IPv6', line: 'GET /', headers: ['Host: [::ffff:7f00:1]:PORT'], gives: 421 },
  { what: 'our address as one number', line: 'GET /', headers: ['Host: 2130706433:PORT'], gives: 421 },
  { what: 'another port', line: 'GET /', headers: ['Host: 127.0.0.1:1'], gives: 421 },
  { what: 'no port', line: 'GET /', headers: ['Host: 127.0.0.1'], gives: 421 },
  { what: 'two Hosts', line: 'GET /', headers: [host, 'Host: evil.example'], gives: 421 },
  { what: 'ours twice', line: 'GET /', headers: [host, host], gives: 421 },
  { what: 'the absolute form', line: 'GET http://evil.example/', headers: [host], gives: 400 },
  { what: 'the absolute form of our own', line: 'GET http://127.0.0.1:PORT/', headers: [host], gives: 400 },
  { what: 'the asterisk form', line: 'OPTIONS *', headers: [host], gives: 400 },
  { what: 'CONNECT', line: 'CONNECT evil.example:443', headers: [host], gives: 0 },
  { what: 'TRACE', line: 'TRACE /', headers: [host], gives: 405 },
  { what: 'a preflight', line: 'OPTIONS /api/v1/query', headers: [host, 'Origin: http://evil.example'], gives: 405 },

  // L3: origins.
  { what: 'another site', line: 'GET /-/healthy', headers: [host, 'Origin: http://evil.example'], gives: 403 },
  { what: 'another port of ours', line: 'GET /-/healthy', headers: [host, 'Origin: http://127.0.0.1:3000'], gives: 403 },
  { what: 'our origin by https', line: 'GET /-/healthy', headers: [host, 'Origin: https://127.0.0.1:PORT'], gives: 403 },
  { what: 'a sandboxed frame', line: 'GET /-/healthy', headers: [host, 'Origin: null'], gives: 403 },
  { what: 'an image on another site', line: 'GET /metrics', headers: [host, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Dest: image'], gives: 403 },
  { what: 'a script on another port', line: 'GET /metrics', headers: [host, 'Sec-Fetch-Site: same-site'], gives: 403 },

  // L4: the bearer.
  { what: 'a question without the bearer', line: 'GET /api/v1/query?query=up', headers: [host], gives: 401 },
  { what: 'a wrong bearer', line: 'GET /api/v1/query', headers: [host, 'Authorization: Bearer AAAA'], gives: 401 },
  { what: 'the bearer in the query', line: 'GET /api/v1/query?token=TOKEN', headers: [host], gives: 401 },
  { what: 'the bearer as a password', line: 'GET /api/v1/query', headers: [host, 'Authorization: Basic TOKEN'], gives: 401 },
  { what: 'the bearer as a cookie', line: 'GET /api/v1/query', headers: [host, 'Cookie: bearer=TOKEN'], gives: 401 },
  { what: 'a silence without the bearer', line: 'POST /api/v2/silences', headers: [host, json], body: '{}', gives: 401 },
  { what: 'a wrong code', line: 'POST /session', headers: [host, json], body: '{"code":"x"}', gives: 403 },
  { what: 'a code that is no text', line: 'POST /session', headers: [host, json], body: '{"code":{"x":1}}', gives: 403 },
  { what: 'a code as a form', line: 'POST /session', headers: [host, 'Content-Type: text/plain'], body: '{"code":"x"}', gives: 415 },
  { what: 'a huge code', line: 'POST /session', headers: [host, json], body: 'x'.repeat(2_000), gives: 413 },
  { what: 'a new link without the bearer', line: 'POST /session/code', headers: [host], gives: 401 },

  // L6 and L7: types, methods, things that are not there.
  { what: 'a change as text', line: 'POST /api/v2/silences', headers: [host, bearer, 'Content-Type: text/plain'], body: '{}', gives: 415 },
  { what: 'a write as text', line: 'POST /api/v1/write', headers: [host, 'Content-Type: text/plain'], body: 'x', gives: 415 },
  {
    what: 'alerts as a form',
    line: 'POST /api/v2/alerts',
    headers: [host, 'Content-Type: application/x-www-form-urlencoded'],
    body: 'x',
    gives: 415,
  },
  {
    what: 'a pushed form with a file',
    line: 'POST /metrics/job/x',
    headers: [host, 'Content-Type: multipart/form-data; boundary=x'],
    body: 'x',
    gives: 415,
  },
  {
    what: 'a push from a page',
    line: 'POST /metrics/job/x',
    headers: [host, 'Origin: http://evil.example', 'Content-Type: text/plain'],
    body: 'up 0\n',
    gives: 403,
  },
  {
    what: 'a push from a sandboxed page',
    line: 'POST /metrics/job/x',
    headers: [host, 'Origin: null', 'Content-Type: text/plain'],
    body: 'up 0\n',
    gives: 403,
  },
  { what: 'deleting a group', line: 'DELETE /metrics/job/x', headers: [host], gives: 401 },
  { what: 'wiping everything', line: 'PUT /api/v1/admin/wipe', headers: [host], gives: 405 },
  { what: 'running a command', line: 'POST /run', headers: [host, bearer, json], body: '{}', gives: 404 },
  { what: 'a file beside the screen', line: 'GET /secret.txt', headers: [host], gives: 404 },
  { what: 'a file that a rebuild took away', line: 'GET /assets/gone-0a1b2c3d.js', headers: [host], gives: 404 },
  { what: 'spans of Zipkin as plain text', line: 'POST /api/v2/spans', headers: [host, 'Content-Type: text/plain'], body: '[]', gives: 415 },
  { what: "the build's list", line: 'GET /assets.json', headers: [host], gives: 404 },
  { what: 'a way up', line: 'GET /../package.json', headers: [host], gives: 404 },
  { what: 'a hidden way up', line: 'GET /assets/..%2f..%2fpackage.json', headers: [host], gives: 404 },
  { what: 'a way up for Windows', line: 'GET /..%5c..%5cpackage.json', headers: [host], gives: 404 },
  { what: 'a zero byte', line: 'GET /index.html%00.js', headers: [host], gives: 404 },

  // L9: framing.
  { what: 'two lengths', line: 'POST /session', headers: [host, json, 'Content-Length: 2', 'Content-Length: 3'], gives: 400 },
  { what: 'a length and chunks', line: 'POST /session', headers: [host, json, 'Content-Length: 2', 'Transfer-Encoding: chunked'], gives: 400 },
  { what: 'headers beyond 8 KiB', line: 'GET /', headers: [host, `X-A: ${'a'.repeat(9_000)}`], gives: 431 },
  {
    what: 'a body said to be 3 GiB',
    line: 'POST /api/v1/write',
    headers: [host, 'Content-Type: application/x-protobuf', 'Content-Length: 3221225472'],
    gives: 413,
  },
];

const textOf = ({ web }: TrialHost, row: Row, port = web.port): string =>
  requestText(port, row.line, row.headers, row.body).replaceAll('TOKEN', web.bearer);

describe('the app port', () => {
  test('answers good clients and refuses all else', async () => {
    const trial = await startTrialHost();
    const got: Record<string, number> = {};
    for (const row of rows) got[row.what] = await statusOf(trial.web.port, textOf(trial, row));
    expect(got).toEqual(Object.fromEntries(rows.map(({ what, gives }) => [what, gives])));
  });

  test('without the screen gives tools what they need and nothing else', async () => {
    const trial = await startTrialHost({ screen: false });
    const statusFor = (what: string): Promise<number> =>
      statusOf(
        trial.web.port,
        textOf(
          trial,
          rows.find((row) => row.what === what)!,
        ),
      );
    expect(await statusFor('the screen')).toBe(404);
    expect(await statusFor('a tool with the bearer')).toBe(200);
    const socket = openSocket(trial.web);
    expect(await new Promise((done) => socket.once('error', (error) => done(error.message)))).toContain('404');
    trial.web.link();
    expect(await statusFor('the screen')).toBe(200);
  });

  test('every answer carries the policy', async () => {
    const { web } = await startTrialHost();
    for (const path of ['/', '/metrics', '/no-such', '/api/v1/query']) {
      const { headers } = await fetch(`http://127.0.0.1:${web.port}${path}`);
      expect(
        Object.fromEntries([...headers].filter(([name]) => !['date', 'content-length', 'connection', 'keep-alive'].includes(name))),
      ).toMatchObject({
        'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self';.*frame-ancestors 'none'/) as string,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': expect.stringMatching(path === '/' ? 'no-cache' : 'no-store') as string,
      });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control') || name === 'set-cookie')).toEqual([]);
    }
  });

  test('listens on 127.0.0.1 only', async () => {
    const { web } = await startTrialHost();
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
      .filter((address) => address !== '127.0.0.1');
    const answers = [...others, '127.0.0.2'].map(
      (address) =>
        new Promise((done) => {
          const socket = connectSocket({ port: web.port, host: address, timeout: 1_000 });
          socket.once('connect', () => done('open'));
          socket.once('error', () => done('refused'));
          socket.once('timeout', () => done('refused'));
        }),
    );
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['refused']));
  });
});

describe('the link', () => {
  const exchange = (port: number, code: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code }) });
  const codeOf = (link: string): string => new URL(link).hash.slice('#code='.length);

  test('opens once', async () => {
    const { web } = await startTrialHost();
    const code = codeOf(web.link());
    expect(await (await exchange(web.port, code)).json()).toEqual({ bearer: web.bearer });
    expect((await exchange(web.port, code)).status).toBe(403);
  });

  test('opens within a minute', async () => {
    const clock = new ManualClock();
    const { web } = await startTrialHost({ clock });
    const [first, second] = [codeOf(web.link()), codeOf(web.link())];
    await clock.advance(59_000);
    expect((await exchange(web.port, first)).status).toBe(200);
    await clock.advance(1_000);
    expect((await exchange(web.port, second)).status).toBe(403);
  });

  test('is given to whoever has the bearer', async () => {
    const { web } = await startTrialHost();
    const answer = await fetch(`http://127.0.0.1:${web.port}/session/code`, { method: 'POST', headers: { authorization: `Bearer ${web.bearer}` } });
    const { code } = (await answer.json()) as { code: string };
    expect((await exchange(web.port, code)).status).toBe(200);
  });
});

describe('the socket', () => {
  const closing = (socket: ReturnType<typeof openSocket>): Promise<number> => new Promise((done) => socket.once('close', done));
  const refused = (socket: ReturnType<typeof openSocket>): Promise<string> =>
    new Promise((done) => {
      socket.once('error', (error) => done(error.message));
      socket.once('open', () => done('open'));
    });

  test.each([
    ['another site', '/rpc', 'http://evil.example'],
    ['another port', '/rpc', 'http://127.0.0.1:3000'],
    ['a sandboxed page', '/rpc', 'null'],
    ['another path', '/rpc2', ''],
  ])('is not opened for %s', async (_who, path, origin) => {
    const { web } = await startTrialHost();
    expect(await refused(openSocket(web, path, origin === '' ? undefined : origin))).toMatch(/40[34]/);
  });

  test('is not opened without an Origin, or under another name', async () => {
    const { web } = await startTrialHost();
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    expect(await statusOf(web.port, requestText(web.port, 'GET /rpc', [host, ...upgrade]))).toBe(403);
    expect(
      await statusOf(web.port, requestText(web.port, 'GET /rpc', ['Host: evil.example:PORT', 'Origin: http://evil.example:PORT', ...upgrade])),
    ).toBe(421);
    expect(await statusOf(web.port, requestText(web.port, 'GET /rpc', [host, 'Origin: http://127.0.0.1:PORT', ...upgrade]))).toBe(101);
  });

  test.each([
    ['a wrong key', '{"bearer":"x"}'],
    ['no key', '{}'],
    ['no JSON', 'hello'],
    ['bytes', new Uint8Array([1, 2, 3])],
  ])('closes on %s', async (_what, first) => {
    const { web } = await startTrialHost();
    const socket = openSocket(web);
    socket.once('open', () => socket.send(first));
    expect(await closing(socket)).toBe(1008);
  });

  test('closes when nothing is said for two seconds', async () => {
    const { web } = await startTrialHost();
    expect(await closing(openSocket(web))).toBe(1006);
  });

  test('closes on a frame beyond 1 MiB, on text, and on bytes that are no frame', async () => {
    const { web } = await startTrialHost();
    for (const [bad, code] of [
      [new Uint8Array((1 << 20) + 1), 1009],
      ['{"k":"call"}', 1003],
      [new Uint8Array([255, 255, 255, 255, 0]), 1013],
    ] as const) {
      const socket = openSocket(web);
      socket.once('open', () => socket.send(JSON.stringify({ bearer: web.bearer })));
      socket.once('message', () => socket.send(bad));
      expect(await closing(socket)).toBe(code);
    }
  });

  test('is open for eight screens, and those that are not admitted take nobody a place', async () => {
    const { web } = await startTrialHost();
    const idle = Array.from({ length: 8 }, () => openSocket(web));
    await Promise.all(idle.map((socket) => new Promise((done) => socket.once('open', done))));
    expect(await refused(openSocket(web))).not.toBe('open');
    for (const socket of idle) socket.close();
    await Promise.all(idle.map(closing));
    const screens = await Promise.all(Array.from({ length: 8 }, () => connect(web)));
    await expect(connect(web)).rejects.toThrow('1013');
    screens[0]!.close();
    await expect
      .poll(() =>
        connect(web).then(
          () => 'open',
          () => 'refused',
        ),
      )
      .toBe('open');
  });
});

describe('slow and many', () => {
  test('300 connections that say nothing lock nobody out', async () => {
    const { web } = await startTrialHost();
    const silent = Array.from({ length: 300 }, (_, i) =>
      sendRaw(web.port, i % 2 === 0 ? '' : `GET / HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\nX-Slow: `),
    );
    await Promise.all(silent.map((socket) => new Promise((done) => socket.once('connect', done))));
    expect((await fetch(`http://127.0.0.1:${web.port}/-/healthy`)).status).toBe(200);
    // Long before they time out: the listener holds 256, and the oldest gave way.
    await expect.poll(() => silent.filter((socket) => socket.closed).length, { timeout: 3_000 }).toBeGreaterThanOrEqual(45);
  });

  test('a screen that says too much at once is sent away', async () => {
    const { web } = await startTrialHost();
    const client = await connect(web);
    for (let i = 0; i < 1_500; i++) client.call('sum.of', { parts: [i] }).catch(() => undefined);
    expect(await client.closed).toContain('too many messages at once');
  });

  test('a screen that reads nothing while much waits for it is dropped', async () => {
    const clock = new ManualClock();
    const { web } = await startTrialHost({ clock });
    const socket = openSocket(web);
    await new Promise<void>((done) => {
      socket.once('open', () => socket.send(JSON.stringify({ bearer: web.bearer })));
      socket.once('message', () => done());
    });
    socket.pause();
    socket.send(encodeFrame({ k: 'call', id: 1, name: 'wait.forever', input: {} }));
    socket.send(encodeFrame({ k: 'call', id: 2, name: 'bytes.of', input: { length: 64 << 20 } }));
    const other = await connect(web);
    await expect
      .poll(
        async () => {
          await clock.advance(10_000);
          return other.call('wait.cancelled', {});
        },
        { timeout: 20_000 },
      )
      .toBe(1);
  });

  test('a body larger than its limit is cut off while it comes', async () => {
    const { web } = await startTrialHost();
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = requestText(web.port, 'POST /api/v1/write', [host, 'Content-Type: application/x-protobuf', 'Transfer-Encoding: chunked']);
    expect(await statusOf(web.port, head + chunk.repeat(129))).toBe(413);
    expect(await statusOf(web.otlpPort, requestText(web.otlpPort, 'POST /v1/traces', [host, json, 'Content-Length: 20971521']))).toBe(413);
  });
});

describe('the OTLP port', () => {
  test.each([
    ['an exporter with its default endpoint', 'POST /v1/metrics', ['Host: localhost:PORT', json], 200],
    ['an exporter', 'POST /v1/traces', [host, 'Content-Type: application/x-protobuf'], 200],
    ['a page', 'POST /v1/traces', [host, json, 'Origin: http://evil.example'], 403],
    ['text from a page', 'POST /v1/traces', [host, 'Content-Type: text/plain'], 415],
    ['a rebound name', 'POST /v1/traces', ['Host: evil.example:PORT', json], 421],
    ['a question', 'GET /api/v1/query', [host], 404],
    ['the screen', 'GET /', [host], 404],
    ['reading', 'GET /v1/traces', [host], 405],
  ])('%s', async (_who, line, headers, gives) => {
    const { web } = await startTrialHost();
    expect(await statusOf(web.otlpPort, requestText(web.otlpPort, line, headers, line.startsWith('POST') ? '{}' : ''))).toBe(gives);
  });

  test('that is taken is replaced, saying by whom', async () => {
    const first = await startTrialHost();
    const second = await startTrialHost({ otlpPort: first.web.otlpPort });
    expect(second.web.otlpPort).not.toBe(first.web.otlpPort);
    expect(second.warnings).toEqual([
      expect.stringMatching(new RegExp(`^port ${first.web.otlpPort} is taken by .+; OTLP is received on port ${second.web.otlpPort} instead$`)),
    ]);
  });
});
