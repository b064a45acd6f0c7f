/**
 * What the two listeners hand to the engine, as data. Reading and changing needs the bearer. Pushing does not, so that any
 * exporter can be pointed here without set-up; its content types are those that its senders use, which keeps out what a
 * page in a browser could send without being asked (multipart forms, and more where the protocol names a type).
 */

export interface Route {
  readonly methods: readonly string[];
  /** Exact, or a prefix when it ends in `/` or `@`. */
  readonly path: string;
  readonly access: 'open' | 'push' | 'bearer';
  /** What a body may be; anything else is answered 415. Without a list there is no body. */
  readonly types?: readonly string[];
  readonly bodyBytesMax: number;
}

const MiB = 1 << 20;
const protobuf = 'application/x-protobuf';
const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
/** Pushgateway never named a type: curl says `form`, client libraries text or delimited protobuf, some say nothing (''). */
const expositions = ['', form, 'text/plain', 'application/openmetrics-text', 'application/vnd.google.protobuf'];

/** The first that fits answers. Limits: reliability, "Default limits". */
export const appRoutes: readonly Route[] = [
  { methods: ['GET', 'HEAD'], path: '/-/healthy', access: 'open', bodyBytesMax: 0 },
  { methods: ['GET', 'HEAD'], path: '/-/ready', access: 'open', bodyBytesMax: 0 },
  { methods: ['GET'], path: '/metrics', access: 'open', bodyBytesMax: 0 },
  { methods: ['POST'], path: '/api/v1/write', access: 'push', types: [protobuf], bodyBytesMax: 8 * MiB },
  { methods: ['POST'], path: '/loki/api/v1/push', access: 'push', types: [protobuf, json], bodyBytesMax: 8 * MiB },
  { methods: ['POST'], path: '/api/v2/spans', access: 'push', types: [json, protobuf], bodyBytesMax: 8 * MiB },
  { methods: ['POST'], path: '/api/v2/alerts', access: 'push', types: [json], bodyBytesMax: 8 * MiB },
  { methods: ['POST', 'PUT'], path: '/metrics/job/', access: 'push', types: expositions, bodyBytesMax: 8 * MiB },
  { methods: ['POST', 'PUT'], path: '/metrics/job@', access: 'push', types: expositions, bodyBytesMax: 8 * MiB },
  { methods: ['DELETE'], path: '/metrics/job/', access: 'bearer', bodyBytesMax: 0 },
  { methods: ['DELETE'], path: '/metrics/job@', access: 'bearer', bodyBytesMax: 0 },
  { methods: ['GET', 'POST', 'PUT'], path: '/api/v1/admin/tsdb/', access: 'bearer', types: ['', form], bodyBytesMax: MiB },
  { methods: ['GET'], path: '/federate', access: 'bearer', bodyBytesMax: 0 },
  { methods: ['GET'], path: '/api/v1/', access: 'bearer', bodyBytesMax: 0 },
  { methods: ['POST'], path: '/api/v1/', access: 'bearer', types: [form, json], bodyBytesMax: MiB },
  { methods: ['GET', 'DELETE'], path: '/api/v2/', access: 'bearer', bodyBytesMax: 0 },
  { methods: ['POST'], path: '/api/v2/', access: 'bearer', types: [json], bodyBytesMax: MiB },
  { methods: ['GET'], path: '/loki/', access: 'bearer', bodyBytesMax: 0 },
];

export const otlpRoutes: readonly Route[] = ['/v1/metrics', '/v1/traces', '/v1/logs'].map((path) => ({
  methods: ['POST'],
  path,
  access: 'push',
  types: [protobuf, json],
  bodyBytesMax: 20 * MiB,
}));

const fits = (route: Route, path: string): boolean => (/[/@]$/.test(route.path) ? path.startsWith(route.path) : path === route.path);

/** The route for a request; `other-method` when the path is known and the method is not. */
export function routeOf(routes: readonly Route[], method: string, path: string): Route | 'other-method' | undefined {
  const same = routes.filter((route) => fits(route, path));
  return same.find((route) => route.methods.includes(method)) ?? (same.length > 0 ? 'other-method' : undefined);
}

/** What a path may be asked with, for the header `Allow` (RFC 9110, section 15.5.6). */
export function methodsOf(routes: readonly Route[], path: string): string {
  return [...new Set(routes.filter((route) => fits(route, path)).flatMap((route) => route.methods))].sort().join(', ');
}

/** `application/json; charset=utf-8` is `application/json`; none is ''. */
export const mediaType = (contentType: string | undefined): string => (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
