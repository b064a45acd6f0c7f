/** What `signalbox help`, `signalbox help COMMAND` and `--help` say. */
import { faults } from '#core/practice/index.ts';
import { defaultDataDir, version } from '../places.ts';

/** What the help knows of a command. */
export interface CommandHelp {
  readonly usage: string;
  readonly does: string;
}

/** What stands behind an option, wherever a command's usage names it. */
const options: readonly (readonly [option: string, meaning: string])[] = [
  ['--port', 'the port of the app: 9797 unless said, 0 takes any that is free'],
  ['--otlp-port', 'OTLP over HTTP: 4318 unless said'],
  ['--otlp-grpc-port', 'OTLP over gRPC: 4317 unless said'],
  ['--data', `the folder of the data: ${defaultDataDir()} unless said; practice keeps to one of its own in it`],
  ['--config', 'a signalbox.yml or prometheus.yml; without it signalbox.yml of the data folder, if there is one'],
  ['--web.external-url', 'where links in notifications lead, when others reach the app under another address'],
  ['--no-open', 'prints the link and opens no browser'],
  ['--json', 'one JSON document, for programs'],
  ['--case', 'a case by its name, instead of the live dataset'],
  ['--time', 'the moment that is asked about: now, or in a case its newest sample, unless said'],
  ['--start', 'the beginning of the range'],
  ['--end', 'the end of the range'],
  ['--step', 'how far apart the answers are: 30s, 5m, or seconds'],
  ['--rules', 'a rule file in Prometheus’ form'],
  ['--alertmanager', 'an alertmanager.yml: says who would have been told, too'],
  ['--users', 'how many users the practice system has'],
  ['--fault', `breaks something at once: ${faults.map(({ name }) => name).join(', ')}`],
  ['--out', 'where it is written; what is there already stays as it is'],
];

const closing = 'Times are RFC 3339 or Unix seconds. Exit code 1: can be mended; 2: wrong usage.\n';

export function helpOfAll(commands: readonly CommandHelp[]): string {
  const rows = commands.map(({ usage, does }) => `  signalbox ${usage}\n      ${does}`);
  return `Signalbox ${version}\n\n${rows.join('\n')}\n\n"signalbox help COMMAND" says what its options mean. ${closing}`;
}

export function helpOf({ usage, does }: CommandHelp): string {
  const named: readonly string[] = usage.match(/--[\w.-]+/g) ?? [];
  const rows = options.filter(([option]) => named.includes(option)).map(([option, meaning]) => `  ${option.padEnd(20)}${meaning}\n`);
  return `signalbox ${usage}\n    ${does}\n\n${rows.join('')}${rows.length > 0 ? '\n' : ''}${closing}`;
}
