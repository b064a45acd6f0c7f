import { describe, expect, test } from 'vitest';
import { connect, startTrialHost } from './support/host.ts';

describe('a screen behind the web host', () => {
  test('gets typed arrays, streams and cancel through to the engine', async () => {
    const { web } = await startTrialHost();
    const client = await connect(web);
    expect(await client.call('sum.of', { parts: [1.5, 2] })).toEqual({ sum: 3.5, squares: Float64Array.of(2.25, 4) });
    expect((await client.call('bytes.of', { length: 20_000_001 })).length).toBe(20_000_001);

    const counts: number[] = [];
    await new Promise<void>((done) => {
      const close = client.open('count.watch', { everyMs: 1 }, ({ count }) => {
        counts.push(count);
        if (counts.length === 3) {
          close();
          done();
        }
      });
    });
    expect(counts).toEqual([...counts].sort((a, b) => a - b));

    const abort = new AbortController();
    const waiting = client.call('wait.forever', {}, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => client.call('wait.cancelled', {})).toBe(1);
  });

  test('two screens do not hear of each other, and one that goes takes its calls with it', async () => {
    const { web } = await startTrialHost();
    const [first, second] = await Promise.all([connect(web), connect(web)]);
    first.call('wait.forever', {}).catch(() => undefined);
    expect(await second.call('sum.of', { parts: [2] })).toMatchObject({ sum: 2 });
    first.close();
    await expect.poll(() => second.call('wait.cancelled', {})).toBe(1);
  });

  test('requests of tools reach the engine whole, without what proves who asks', async () => {
    const { web } = await startTrialHost();
    const answer = await fetch(`http://127.0.0.1:${web.port}/api/v1/query?query=up%7B%7D`, {
      headers: { authorization: `Bearer ${web.bearer}`, cookie: 'a=b', 'x-scope-orgid': 'shop' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const seen = (await answer.json()) as { headers: Record<string, string> };
    expect(seen).toMatchObject({ port: 'app', method: 'GET', path: '/api/v1/query', query: 'query=up%7B%7D', bodyBytes: 0 });
    expect(seen.headers).toMatchObject({ 'x-scope-orgid': 'shop' });
    expect(Object.keys(seen.headers)).not.toContain('authorization');
    expect(Object.keys(seen.headers)).not.toContain('cookie');
  });

  test('a request whose client leaves is cancelled in the engine within 100 ms', async () => {
    const { web } = await startTrialHost();
    const screen = await connect(web);
    const tookMs: number[] = [];
    for (let asked = 1; asked <= 3; asked++) {
      const leaving = new AbortController();
      const headers = { authorization: `Bearer ${web.bearer}` };
      const answer = fetch(`http://127.0.0.1:${web.port}/api/v1/query?query=forever`, { headers, signal: leaving.signal });
      await expect.poll(() => screen.call('wait.begun', {}), { interval: 5 }).toBe(asked);
      const leftMs = performance.now();
      leaving.abort();
      await expect(answer).rejects.toThrow('aborted');
      await expect.poll(() => screen.call('wait.cancelled', {}), { interval: 5 }).toBe(asked);
      tookMs.push(performance.now() - leftMs);
    }
    expect(Math.min(...tookMs)).toBeLessThan(100);
  });

  test('a method that a path does not take is refused with those that it does', async () => {
    const { web } = await startTrialHost();
    const answer = await fetch(`http://127.0.0.1:${web.port}/api/v1/query`, { method: 'DELETE', headers: { authorization: `Bearer ${web.bearer}` } });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test("addresses of Prometheus' pages lead to the screen that shows the same", async () => {
    const { web } = await startTrialHost();
    const led = async (path: string): Promise<string | null> =>
      (await fetch(`http://127.0.0.1:${web.port}${path}`, { redirect: 'manual' })).headers.get('location');
    expect(await led('/graph?g0.expr=up&g0.tab=1')).toBe('/#/explore?g0.expr=up&g0.tab=1');
    expect(await led('/query?g0.expr=up')).toBe('/#/explore?g0.expr=up');
    expect(await led('/alerts')).toBe('/#/alerts');
    expect(await led('/other')).toBeNull();
  });

  test('pushes need no bearer and come with their bytes', async () => {
    const { web } = await startTrialHost();
    const push = (port: number, path: string, type: string): Promise<{ port: string; bodyBytes: number }> =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(100_000) }).then(
        (answer) => answer.json() as Promise<{ port: string; bodyBytes: number }>,
      );
    expect(await push(web.port, '/api/v1/write', 'application/x-protobuf')).toMatchObject({ port: 'app', bodyBytes: 100_000 });
    expect(await push(web.port, '/metrics/job/batch', 'application/x-www-form-urlencoded')).toMatchObject({ port: 'app', bodyBytes: 100_000 });
    expect(await push(web.otlpPort, '/v1/traces', 'application/json')).toMatchObject({ port: 'otlp', bodyBytes: 100_000 });
  });

  test('markdown is rendered in a process of its own, and the text that hangs it is given up after 250 ms', async () => {
    const { web } = await startTrialHost();
    const client = await connect(web);
    expect(await client.call('html.of', { markdown: '# Hello\n\n<b onclick=x>[a](javascript:x) [b](https://b.example)' })).toBe(
      '<h1>Hello</h1>\n<p>&lt;b onclick=x&gt;a <a href="https://b.example" rel="noreferrer">b</a></p>\n',
    );
    await expect(client.call('html.of', { markdown: 'a_'.repeat(60_000) })).rejects.toMatchObject({ code: 'timeout' });
    expect(await client.call('html.of', { markdown: 'after' })).toBe('<p>after</p>\n');
  });

  test("the engine's process knows nothing of the shell's environment but where things are", async () => {
    process.env['SIGNALBOX_TRIAL_SECRET'] = 'canary';
    const { web } = await startTrialHost();
    const names = await (await connect(web)).call('environment.names', {});
    expect(names).toContain('PATH');
    expect(names).not.toContain('SIGNALBOX_TRIAL_SECRET');
    expect(names).not.toContain('NODE_OPTIONS');
  });
});
