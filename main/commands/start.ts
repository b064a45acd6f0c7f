/** `signalbox start`: the window where there can be one, else the same app in the browser, saying why. */
import { EngineError } from '#core/model/index.ts';
import { runningIn, type SessionFile } from '../data-dir.ts';
import { hostArgs, hostOptions, readArgs, refusePositionals } from './arguments.ts';
import { openInBrowser } from './browser.ts';
import { findElectron, runElectron } from './electron.ts';
import { serveWeb } from './serve.ts';

export async function start(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { ...hostOptions, 'no-open': { type: 'boolean' } });
  refusePositionals(positionals);
  const options = hostArgs(values);
  const electron = findElectron();
  if ('binary' in electron) return runElectron(electron.binary, args);
  const running = runningIn(options.dataDir);
  if (running !== undefined && running.url !== '') return openRunning(running, values['no-open'] !== true);
  process.stderr.write(`Opening in the browser, because ${electron.why}.\n`);
  return serveWeb(options, { opens: values['no-open'] !== true, json: false });
}

/** Another start on the same data opens another tab of what is running. */
async function openRunning({ url, token, pid }: SessionFile, opens: boolean): Promise<number> {
  const answer = await fetch(`${url}/session/code`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new EngineError('unavailable', `the Signalbox of process ${pid} at ${url} gave no link (${answer.status})`);
  const { code } = (await answer.json()) as { code: string };
  const link = `${url}/#code=${code}`;
  process.stdout.write(`Signalbox is running already (process ${pid}): ${link}\n`);
  if (opens) openInBrowser(link);
  return 0;
}
