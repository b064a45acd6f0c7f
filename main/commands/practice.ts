/** `signalbox practice`: the app on a data folder of its own, with the practice system to watch and to break. */
import { join } from 'node:path';
import { faults, usersDefault, usersMost } from '#core/practice/index.ts';
import { defaultDataDir } from '../places.ts';
import { hostArgs, hostOptions, readArgs, refusePositionals, UsageError } from './arguments.ts';
import { serveWeb } from './serve.ts';

export async function practice(args: readonly string[]): Promise<number> {
  const options = {
    ...hostOptions,
    users: { type: 'string' },
    fault: { type: 'string' },
    'no-open': { type: 'boolean' },
    json: { type: 'boolean' },
  } as const;
  const { values, positionals } = readArgs(args, options);
  refusePositionals(positionals);
  const users = readUsers(values.users);
  const fault = readFault(values.fault);
  // What is practised stays apart from what is real, unless somebody says where.
  const host = hostArgs({ ...values, data: values.data ?? join(defaultDataDir(), 'practice') });
  return serveWeb(host, {
    opens: values['no-open'] !== true && values.json !== true,
    json: values.json === true,
    onUp: ({ practice: system }) => {
      system.wish({ k: 'start', users });
      if (fault !== '') system.wish({ k: 'fault', name: fault });
    },
  });
}

function readUsers(text: string | undefined): number {
  const users = text === undefined ? usersDefault : Number(text);
  if (!Number.isInteger(users) || users < 1 || users > usersMost)
    throw new UsageError(`--users must be a number from 1 to ${usersMost}, not "${text}"`);
  return users;
}

function readFault(name = ''): string {
  if (name === '' || faults.some((fault) => fault.name === name)) return name;
  throw new UsageError(`there is no fault "${name}"; there are ${faults.map((fault) => fault.name).join(', ')}`);
}
