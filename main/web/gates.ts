/**
 * Who may ask at all, before anything is looked up: reliability, rows L2 and L3. Another page in the person's browser can
 * make requests to loopback, under names it controls (DNS rebinding) and from its own origin; each leaves a trace here.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  /** Name, value, name, value, as they came; doubles show here only. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
}

export interface Refusal {
  readonly status: number;
  readonly why: string;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];

/** Why a listener that answers to `names` (each `host:port`) refuses the request; undefined when it does not. */
export function refusalOf(asked: Asked, names: readonly string[]): Refusal | undefined {
  const hosts = asked.rawHeaders.filter((_, i) => i % 2 === 1 && asked.rawHeaders[i - 1]!.toLowerCase() === 'host');
  if (hosts.length !== 1 || !names.includes(hosts[0]!)) return { status: 421, why: `this host answers to http://${names[0]}/ only` };
  if (!asked.target.startsWith('/')) return { status: 400, why: 'the request target must be a path' };
  if (!methods.includes(asked.method)) return { status: 405, why: `${asked.method} is not answered here` };
  const { origin } = asked.headers;
  if (origin !== undefined && !names.includes(origin.replace(/^http:\/\//, ''))) return { status: 403, why: 'another site may not ask here' };
  const site = asked.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return { status: 403, why: 'another site may not ask here' };
  return undefined;
}
