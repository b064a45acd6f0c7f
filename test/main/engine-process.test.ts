import { onTestFinished, describe, expect, test } from 'vitest';
import { EngineProcess, type EngineStatus } from '../../main/engine/engine-process.ts';
import type { HttpRequest } from '#core/model/index.ts';
import { ManualClock } from '../support/clock.ts';
import { connect, startTrialChild, startTrialHost, trialSettings } from './support/host.ts';

const request = (path: string): HttpRequest => ({ port: 'app', method: 'GET', path, query: '', headers: {}, body: new Uint8Array() });

/** The trial engine, watched on a clock that tests move. */
function start(version = 'trial'): { engine: EngineProcess; clock: ManualClock; statuses: EngineStatus[] } {
  const clock = new ManualClock();
  const statuses: EngineStatus[] = [];
  const engine = new EngineProcess({
    startChild: startTrialChild,
    clock,
    settings: trialSettings(version),
    render: (text) => Promise.resolve(text),
    onStatus: (status) => statuses.push(status),
  });
  onTestFinished(() => engine.stop());
  return { engine, clock, statuses };
}

const kill = (engine: EngineProcess): void => void process.kill(engine.pid!, 'SIGKILL');
const stateIs = (engine: EngineProcess, state: EngineStatus['engine']): Promise<void> => expect.poll(() => engine.status.engine).toBe(state);

/** Kills the engine and lets it come up again. */
async function crash({ engine, clock }: { engine: EngineProcess; clock: ManualClock }): Promise<EngineStatus> {
  kill(engine);
  await expect.poll(() => engine.pid).toBeUndefined();
  const { status } = engine;
  await clock.advance(status.restartInMs);
  await expect
    .poll(() =>
      engine.http(request('/')).then(
        () => 'up',
        () => 'away',
      ),
    )
    .toBe('up');
  return status;
}

describe('an engine that dies', () => {
  test('is started again after a pause that grows, and the third time within five minutes in safe mode', async () => {
    const trial = start();
    await trial.engine.firstUp;
    expect(await crash(trial)).toEqual({ engine: 'down', reason: 'the engine stopped (signal SIGKILL); it is started again', restartInMs: 100 });
    expect(await crash(trial)).toMatchObject({ engine: 'down', restartInMs: 500 });
    expect(trial.engine.takesData).toBe(true);
    expect(await crash(trial)).toMatchObject({
      engine: 'safe',
      restartInMs: 2_000,
      reason: expect.stringMatching(/^safe mode: the engine stopped 3 times/) as string,
    });
    expect(trial.engine.takesData).toBe(false);
    expect(JSON.parse(String((await trial.engine.http(request('/'))).body))).toMatchObject({ safe: true });
  });

  test('leaves safe mode after five minutes without a crash', async () => {
    const trial = start();
    await trial.engine.firstUp;
    for (let i = 0; i < 3; i++) await crash(trial);
    await trial.clock.advance(299_000);
    expect(trial.engine.status.engine).toBe('safe');
    await trial.clock.advance(2_000);
    await stateIs(trial.engine, 'up');
    expect(JSON.parse(String((await trial.engine.http(request('/'))).body))).toMatchObject({ safe: false });
  });

  test('fails what was under way, and what is asked before it is back', async () => {
    const { engine, clock } = start();
    await engine.firstUp;
    const slow = engine.http(request('/api/v1/slow'));
    kill(engine);
    await expect(slow).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('SIGKILL') as string });
    await expect(engine.http(request('/'))).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(100);
    await stateIs(engine, 'up');
  });

  test('by hanging is killed after half a minute, and one that is only busy is not', async () => {
    const trial = start();
    await trial.engine.firstUp;
    const pid = trial.engine.pid!;
    process.kill(pid, 'SIGSTOP');
    await trial.clock.advance(30_000);
    process.kill(pid, 'SIGCONT');
    await trial.engine.http(request('/'));
    await trial.clock.advance(30_000);
    await trial.engine.http(request('/'));
    expect(trial.engine.pid).toBe(pid);
    process.kill(pid, 'SIGSTOP');
    await trial.clock.advance(35_000);
    await stateIs(trial.engine, 'down');
    expect(trial.engine.status.reason).toBe('the engine did not answer for 30 s; it is started again');
  });

  test('says so to screens and tools, and they come back', async () => {
    const { engine, web, statuses } = await startTrialHost();
    const client = await connect(web);
    const waiting = client.call('wait.forever', {});
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${web.port}${path}`);
    client.call('die.now', {}).catch(() => undefined);
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
    expect(await client.closed).toContain('the engine stopped (signal SIGKILL)');
    const away = await get('/-/ready');
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await (await get('/host/status')).json()).toMatchObject({ engine: 'down' });
    await expect.poll(() => engine.status.engine).toBe('up');
    expect(await (await connect(web)).call('sum.of', { parts: [1] })).toMatchObject({ sum: 1 });
    expect(statuses.map((status) => status.engine)).toEqual(['up', 'down', 'starting', 'up']);
  });
});

describe('an engine that cannot start', () => {
  test('says why in its own sentence', async () => {
    const { engine } = start('unopenable');
    await expect(engine.firstUp).rejects.toMatchObject({ code: 'unavailable', message: 'the data was written by a newer Signalbox' });
  });

  test('because of a fault of ours is tried again, and then the screen has to say so', async () => {
    const { engine, clock, statuses } = start('crashing');
    let settled = false;
    void engine.firstUp.then(() => (settled = true));
    for (const restartInMs of [100, 500]) {
      await expect.poll(() => engine.status).toMatchObject({ engine: 'down', restartInMs });
      await clock.advance(restartInMs);
    }
    await stateIs(engine, 'safe');
    expect(settled).toBe(true);
    expect(statuses.map((status) => status.engine)).toEqual(['down', 'starting', 'down', 'starting', 'safe']);
  });
});

test('stopping lets the engine close, and it is not started again', async () => {
  const { engine, clock, statuses } = start();
  await engine.firstUp;
  await engine.stop();
  await clock.advance(60_000);
  expect(engine.pid).toBeUndefined();
  expect(statuses.map((status) => status.engine)).toEqual(['up']);
});
