/** The command line: one row a command; each reads its own arguments and returns the exit code. */
import { EngineError, messageOf } from '#core/model/index.ts';
import { UsageError } from './commands/arguments.ts';
import { version } from './places.ts';

/** 1 is what a person can mend, 2 is wrong usage. */
type Run = (args: readonly string[]) => Promise<number>;

interface Command {
  readonly usage: string;
  readonly does: string;
  readonly load: () => Promise<Run>;
}

const later = async (): Promise<Run> => (await import('./commands/later.ts')).refuseLater;

/** In the order of the help. */
const commands: Readonly<Record<string, Command>> = {
  start: {
    usage: 'start [--port N] [--data DIR] [--config FILE] [--web.external-url URL]',
    does: 'opens the app: its window, or the browser where there is none',
    load: async () => (await import('./commands/start.ts')).start,
  },
  serve: {
    usage: 'serve [--port N] [--otlp-port N] [--otlp-grpc-port N] [--data DIR] [--config FILE] [--web.external-url URL] [--no-open] [--json]',
    does: 'runs the app in the foreground for a browser',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  query: {
    usage: 'query EXPR [--time T | --start T --end T --step D] [--data DIR] [--case NAME] [--json]',
    does: 'asks a PromQL question',
    load: async () => (await import('./commands/query.ts')).query,
  },
  check: {
    usage: 'check config|rules|alertmanager FILE',
    does: 'says what is wrong in a file, and where',
    load: async () => (await import('./commands/check.ts')).check,
  },
  test: {
    usage: 'test rules FILE | test promql FILE...',
    does: "runs rule tests (promtool's form) or PromQL scripts (Prometheus' form)",
    load: async () => (await import('./commands/test.ts')).test,
  },
  import: {
    usage: 'import PATH... [--data DIR] [--case NAME] [--json]',
    does: 'imports files, folders and archives',
    load: async () => (await import('./commands/import.ts')).importFiles,
  },
  backtest: {
    usage: 'backtest --rules FILE --start T --end T [--alertmanager FILE] [--data DIR] [--case NAME] [--json]',
    does: 'says what would have fired, and when',
    load: async () => (await import('./commands/backtest.ts')).backtest,
  },
  rootcause: {
    usage: 'rootcause --case NAME --start T --end T [--data DIR] [--json]',
    does: 'ranks the services that a fault may have begun in, with the evidence',
    load: async () => (await import('./commands/rootcause.ts')).rootcause,
  },
  export: { usage: 'export --case NAME --out FILE', does: 'writes a case file', load: later },
  open: { usage: 'open FILE', does: 'opens a case file', load: later },
  practice: {
    usage: 'practice [--users N] [--fault NAME] [--port N] [--data DIR] [--no-open] [--json]',
    does: 'runs a small system of real processes to watch and to break',
    load: async () => (await import('./commands/practice.ts')).practice,
  },
  drill: { usage: 'drill list | drill run NAME [--speed N]', does: 'practice drills', load: later },
  snapshot: {
    usage: 'snapshot --data DIR --out DIR',
    does: 'copies the data while it is in use',
    load: async () => (await import('./commands/snapshot.ts')).snapshot,
  },
  doctor: {
    usage: 'doctor --data DIR',
    does: 'checks every checksum and says what is damaged',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
};

function help(): string {
  const rows = Object.values(commands).map(({ usage, does }) => `  signalbox ${usage}\n      ${does}`);
  return `Signalbox ${version}\n\n${rows.join('\n')}\n\nTimes are RFC 3339 or Unix seconds. Exit code 1: can be mended; 2: wrong usage.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '' || name === 'help' || args.includes('--help')) {
    process.stdout.write(help());
    return name === '' ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (command === undefined) throw new UsageError(`there is no command named ${name}; "signalbox help" lists them`);
    return await (
      await command.load()
    )(command.load === later ? args : rest);
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof EngineError)) throw error;
    const usage = error instanceof UsageError && command !== undefined ? `; usage: signalbox ${command.usage}` : '';
    process.stderr.write(`signalbox ${name}: ${messageOf(error)}${usage}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
