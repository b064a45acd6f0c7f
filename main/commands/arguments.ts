/** What the commands have in common in reading their arguments. */
import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '#core/model/index.ts';
import { defaultDataDir } from '../places.ts';

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** parseArgs of node:util with positionals; what it does not know is a UsageError. */
export function readArgs<O extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const [sentence = ''] = messageOf(error).split(/\.\s/, 1);
    const [, open] = /'(--[\w.-]+)' argument is ambiguous/.exec(sentence) ?? [];
    throw new UsageError(open === undefined ? sentence : `${open} needs a value; write ${open}=VALUE where the value begins with a dash`);
  }
}

/** For commands that take options only. */
export function refusePositionals(positionals: readonly string[]): void {
  if (positionals[0] !== undefined) throw new UsageError(`"${positionals[0]}" is one argument too many`);
}

/** Options of `start` and `serve`, and of the desktop app that `start` opens. */
export const hostOptions = {
  port: { type: 'string' },
  'otlp-port': { type: 'string' },
  'otlp-grpc-port': { type: 'string' },
  data: { type: 'string' },
  config: { type: 'string' },
  'web.external-url': { type: 'string' },
} as const;

export interface HostArgs {
  readonly port: number;
  readonly otlpPort: number;
  readonly grpcPort: number;
  readonly dataDir: string;
  readonly configFile: string | undefined;
  readonly externalUrl: string | undefined;
}

const appPort = 9797;
/** OTLP over HTTP: the specification's own port. */
const otlpPort = 4318;
/** OTLP over gRPC: likewise. */
const grpcPort = 4317;

export function hostArgs(values: { readonly [K in keyof typeof hostOptions]?: string }): HostArgs {
  const port = readPort(values.port, appPort, '--port');
  return {
    port,
    // Who asks for any free port wants to run beside others.
    otlpPort: readPort(values['otlp-port'], port === 0 ? 0 : otlpPort, '--otlp-port'),
    grpcPort: readPort(values['otlp-grpc-port'], port === 0 ? 0 : grpcPort, '--otlp-grpc-port'),
    dataDir: values.data === undefined ? defaultDataDir() : resolve(values.data),
    configFile: values.config === undefined ? undefined : resolve(values.config),
    externalUrl: values['web.external-url'] === undefined ? undefined : readExternalUrl(values['web.external-url']),
  };
}

/** As Prometheus and Alertmanager read theirs: an http address whose path, if any, has no slash at its end. */
function readExternalUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new UsageError(`--web.external-url must be an address such as http://ops.example.com:9797, not "${text}"`);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function readPort(text: string | undefined, otherwise: number, option: string): number {
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new UsageError(`${option} must be a port number, not "${text}"`);
  return port;
}
