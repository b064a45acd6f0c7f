/** The command line: one row a command; each reads its own arguments and returns the exit code. */
import { EngineError, messageOf } from '#core/model/index.ts';
import { UsageError } from './commands/arguments.ts';
import type { CommandHelp } from './commands/help.ts';
import { version } from './places.ts';

/** 1 is what a person can mend, 2 is wrong usage. */
type Run = (args: readonly string[]) => Promise<number>;

interface Command extends CommandHelp {
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
    usage: 'test rules FILE... | test promql FILE...',
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
  export: { usage: 'export --case NAME --out FILE', does: 'writes a case file (not yet supported)', load: later },
  open: { usage: 'open FILE', does: 'opens a case file (not yet supported)', load: later },
  practice: {
    usage: 'practice [--users N] [--fault NAME] [--port N] [--data DIR] [--no-open] [--json]',
    does: 'runs a small system of real processes to watch and to break',
    load: async () => (await import('./commands/practice.ts')).practice,
  },
  drill: { usage: 'drill list | drill run NAME [--speed N]', does: 'practice drills (not yet supported)', load: later },
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

/** Whether an argument asks for the help rather than for the command. */
const asksHelp = (arg: string): boolean => arg === '--help' || arg === '-h';

const commandNamed = (name: string): Command | undefined => (Object.hasOwn(commands, name) ? commands[name] : undefined);

async function main(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '' || name === 'help' || args.some(asksHelp)) {
    const { helpOf, helpOfAll } = await import('./commands/help.ts');
    const about = commandNamed(name === 'help' ? (rest[0] ?? '') : name);
    process.stdout.write(about === undefined ? helpOfAll(Object.values(commands)) : helpOf(about));
    return name === '' ? 2 : 0;
  }
  if (name === '--version' || name === 'version') {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const command = commandNamed(name);
  try {
    if (command === undefined) throw new UsageError(`there is no command named ${name}; "signalbox help" lists them`);
    return await (
      await command.load()
    )(command.load === later ? args : rest);
  } catch (error) {
    const sentence = error instanceof UsageError || error instanceof EngineError ? messageOf(error) : refusalOfSystem(error);
    if (sentence === undefined) throw error;
    const usage = error instanceof UsageError && command !== undefined ? `; usage: signalbox ${command.usage}` : '';
    process.stderr.write(`signalbox ${name}: ${sentence}${usage}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** What the operating system refused at a file or a folder, as a sentence; undefined when the error is no such thing. */
function refusalOfSystem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'may not be used by you; change its permissions, or name another place',
    EPERM: 'may not be used by you; change its permissions, or name another place',
    EROFS: 'cannot be written, its disk is read-only; name another place',
    ENOSPC: 'cannot be written, its disk is full; make room, or name another place',
    EISDIR: 'is a folder; name a file',
    ENOTDIR: 'lies below what is no folder; name another place',
  };
  return path !== undefined && code !== undefined && Object.hasOwn(reasons, code) ? `${path} ${reasons[code]}` : undefined;
}

process.exitCode = await main(process.argv.slice(2));
