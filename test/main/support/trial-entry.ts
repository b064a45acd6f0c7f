/** The process of the trial engine: main/engine-entry.ts with another engine in it. */
import { setTimeout as pause } from 'node:timers/promises';
import { serve, type Handlers } from '#core/contract/index.ts';
import { EngineError } from '#core/model/index.ts';
import { runEngineSide } from '../../../main/engine/engine-side.ts';
import { trial, type Trial } from './trial.ts';

runEngineSide(async (settings, { renderMarkdown }) => {
  if (settings.version === 'unopenable') throw new EngineError('unavailable', 'the data was written by a newer Signalbox');
  if (settings.version === 'crashing') process.exit(70);
  let begun = 0;
  let cancelled = 0;
  const forever = (signal: AbortSignal): Promise<null> => {
    begun++;
    return new Promise((done) =>
      signal.addEventListener('abort', () => {
        cancelled++;
        done(null);
      }),
    );
  };
  const handlers: Handlers<Trial> = {
    'sum.of': ({ parts }) => ({ sum: parts.reduce((a, b) => a + b, 0), squares: Float64Array.from(parts, (part) => part * part) }),
    'bytes.of': ({ length }) => new Uint8Array(length).fill(7),
    'wait.forever': (_input, { signal }) => forever(signal),
    'wait.begun': () => begun,
    'wait.cancelled': () => cancelled,
    'html.of': ({ markdown }) => renderMarkdown(markdown),
    'environment.names': () => Object.keys(process.env),
    'count.watch': ({ everyMs }, emit) => {
      let count = 0;
      const timer = setInterval(() => emit({ count: ++count }), everyMs);
      return () => clearInterval(timer);
    },
    'die.now': () => process.kill(process.pid, 'SIGKILL') && null,
  };
  return {
    attach: (transport) => serve(trial, handlers, transport),
    http: async (request) => {
      if (request.path === '/api/v1/slow') await pause(60_000, undefined, { ref: false });
      if (request.query === 'query=forever' && request.signal !== undefined) await forever(request.signal);
      const { body, headers, signal: _signal, ...rest } = request;
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...rest, headers, bodyBytes: body.length, safe: settings.safe }),
      };
    },
    close: async () => undefined,
  };
});
