/** Requests of tools, handed to the engine: the route's access and body checked here, everything else answered there. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { EngineError, type HttpRequest } from '#core/model/index.ts';
import type { Departure, EngineProcess } from '../engine/engine-process.ts';
import type { BodyReader } from './body.ts';
import { plain, type Asking, type Given } from './listener.ts';
import { mediaType, methodsOf, routeOf, type Route } from './routes.ts';
import type { Session } from './session.ts';

interface Options {
  readonly port: HttpRequest['port'];
  readonly routes: readonly Route[];
  readonly engine: EngineProcess;
  readonly session: Session;
  readonly bodies: BodyReader;
}

/** The answer for `asking`; undefined when the path is none of the routes'. */
export async function relay(options: Options, asking: Asking): Promise<Given | undefined> {
  const { engine, session, bodies } = options;
  const route = routeOf(options.routes, asking.method, asking.path);
  if (route === undefined) return undefined;
  if (route === 'other-method') {
    const refused = plain({ status: 405, why: `${asking.method} is not answered here` });
    return { ...refused, headers: { ...refused.headers, allow: methodsOf(options.routes, asking.path) } };
  }
  const { headers } = asking.request;
  if (route.access === 'bearer' && !session.admitsHeader(headers.authorization)) {
    return plain({ status: 401, why: 'this needs "Authorization: Bearer TOKEN"; the token is in session.json of the data folder' });
  }
  if (route.access === 'push' && !engine.takesData) return plain({ status: 503, why: engine.status.reason });
  if (route.types !== undefined && !route.types.includes(mediaType(headers['content-type']))) {
    return plain({ status: 415, why: `the content type must be ${route.types.filter((type) => type !== '').join(' or ')}` });
  }
  const read = hasBody(headers) ? await bodies.read(asking.request, route.bodyBytesMax) : noBody;
  if ('why' in read) return plain(read);
  try {
    const { method, path, query } = asking;
    const request = { port: options.port, method, path, query, headers: handedOn(headers), body: read.body };
    const answer = await engine.http(request, departureOf(asking.request));
    return { ...answer, headers: { 'cache-control': 'no-store', ...answer.headers } };
  } catch (error) {
    if (error instanceof EngineError) return plain({ status: error.code === 'timeout' ? 504 : 503, why: error.message });
    throw error;
  } finally {
    read.release();
  }
}

/** The connection that a request came on ends before it has been answered. */
function departureOf({ socket }: IncomingMessage): Departure {
  return (left) => {
    socket.once('close', left);
    return () => socket.off('close', left);
  };
}

/** A request of HTTP/1 that announces no body has none, and most have none; waiting for it takes a tenth of a small answer's time. RFC 9112, section 6.3. */
const hasBody = (headers: IncomingHttpHeaders): boolean => headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
const noBody = { body: new Uint8Array(), release: (): void => undefined };

/** The headers without what proves who asks: the engine has no use for it. */
function handedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const handed: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name === 'authorization' || name === 'cookie') continue;
    handed[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return handed;
}
