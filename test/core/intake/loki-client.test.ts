import LokiTransport from 'winston-loki';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ReceiveScene } from '../../support/receive-scene.ts';

/** A line as the logging library hands it to its transports. */
const line = (level: string, message: string, more: Record<string, unknown> = {}): object => ({
  level,
  message,
  ...more,
  [Symbol.for('level')]: level,
  [Symbol.for('message')]: JSON.stringify({ level, message, ...more }),
});

describe.each([
  { form: 'JSON', json: true },
  { form: 'protobuf in snappy', json: false },
])("winston's transport for Loki, $form", ({ json }) => {
  async function pushed(lines: readonly object[]): Promise<ReceiveScene> {
    const scene = new ReceiveScene();
    const failures: unknown[] = [];
    const transport = new LokiTransport({
      host: await scene.listen(),
      json,
      format: { transform: (info) => info },
      labels: { app: 'checkout', env: 'prod, eu=1' },
      interval: 0.1,
      gracefulShutdown: false,
      onConnectionError: (error) => failures.push(error),
    });
    onTestFinished(() => transport.close());
    for (const one of lines) transport.write(one);
    await transport.flush();
    expect(failures).toEqual([]);
    for (const { path, status } of scene.answers) expect([path, status]).toEqual(['/loki/api/v1/push', 204]);
    return scene;
  }

  test('lines are found again by label, level and word, and lead to their trace', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const scene = await pushed([
      line('info', 'order 17 placed'),
      line('error', 'card refused: {code=51}', { trace_id: trace }),
      line('warn', 'many\nlines, ünïcode'),
    ]);
    const find = async (text: string): Promise<unknown[]> =>
      (await scene.logs.search({ text, direction: 'forward', limit: 10 })).records.map((found) => [JSON.parse(found.line).message, found.level]);
    expect(await find('app=checkout')).toHaveLength(3);
    expect(await find('{env="prod, eu=1"} | level="error"')).toEqual([['card refused: {code=51}', 'error']]);
    expect(await find('ünïcode')).toEqual([['many\nlines, ünïcode', 'warning']]);
    expect(await find(trace)).toEqual([['card refused: {code=51}', 'error']]);
    const { records } = await scene.logs.search({ text: 'refused', direction: 'forward', limit: 10 });
    expect(records.map(({ labels }) => labels)).toEqual([['app', 'checkout', 'env', 'prod, eu=1', 'level', 'error']]);
    expect(scene.account('loki')).toEqual({ received: 3, stored: 3 });
  });
});
