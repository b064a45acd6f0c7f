import type { HostStatus } from './host.ts';

const answerMs = 5_000;

/** What the host says of the engine, over HTTP or the desktop's own scheme; undefined when the host does not answer. */
export async function readStatus(bearer: string): Promise<HostStatus | undefined> {
  try {
    const headers: HeadersInit = bearer === '' ? {} : { authorization: `Bearer ${bearer}` };
    const answer = await fetch('/host/status', { headers, signal: AbortSignal.timeout(answerMs) });
    return answer.ok ? ((await answer.json()) as HostStatus) : undefined;
  } catch {
    return undefined; // Nobody listens: the caller says that the host is gone.
  }
}
