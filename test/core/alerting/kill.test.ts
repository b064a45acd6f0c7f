import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../support/folder.ts';

/** Raise it by hand for a long run: the promise is proved with 300. */
const killCount = Number(process.env['KILLS'] ?? 20);
const program = fileURLToPath(import.meta.resolve('./support/outbox-child.ts'));

/** What a killed process and its successors told, and what they had on disk before. */
class Story {
  /** Keys under which each alert was told. */
  readonly keysOf = new Map<string, string[]>();
  readonly onDisk = new Set<number>();
  kills = 0;
  /** Deliveries that were answered by a kill. */
  killedAtPost = 0;
}

/** Mulberry32: the same kills each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test(
  `${killCount} kills around the POST: nothing is lost, and what comes twice has the same key`,
  { timeout: 30_000 + killCount * 1500 },
  async () => {
    const story = new Story();
    const random = randomFrom(1);
    let child: ChildProcess | undefined;
    const kill = (): void => {
      if (child?.kill('SIGKILL') === true) story.kills++;
    };
    const server = createServer((request, response) => void receive(request, response, story, random, kill));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const path = join(tempFolder(), 'journal.sqlite');
    while (story.kills < killCount) {
      // Most are killed at work; some while they start and take up what was left.
      const early = random() < 0.15 ? setTimeout(kill, random() * 500) : undefined;
      let late: NodeJS.Timeout | undefined;
      const next = Math.max(-1, ...story.onDisk) + 1;
      child = start(path, url, String(next), (i) => {
        story.onDisk.add(i);
        late ??= setTimeout(kill, 500 + random() * 1500);
      });
      await new Promise<void>((done) => child!.once('exit', () => done()));
      clearTimeout(early);
      clearTimeout(late);
    }
    child = start(path, url, 'drain', () => undefined);
    await new Promise<void>((done) => child.once('exit', () => done()));

    const lost = [...story.onDisk].filter((i) => !story.keysOf.has(`alert${i}`));
    const twice = [...story.keysOf.values()].filter((keys) => keys.length > 1);
    expect(lost).toEqual([]);
    expect(twice.every((keys) => new Set(keys).size === 1)).toBe(true);
    // Up to 32 sends are under way at a kill; each of them may come once more, never twice.
    expect(twice.reduce((sum, keys) => sum + keys.length - 1, 0)).toBeLessThanOrEqual(story.kills * 32);
    // The run was worth something: there was work to lose, and kills hit the moment in question.
    expect(story.onDisk.size).toBeGreaterThan(killCount / 10);
    expect(story.killedAtPost).toBeGreaterThan(killCount / 10);
  },
);

/** Takes a notification and, now and then, kills its sender: before the answer, after it, or while it is on its way. */
async function receive(request: IncomingMessage, response: ServerResponse, story: Story, random: () => number, kill: () => void): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as { readonly alerts: readonly { readonly labels: { readonly alertname: string } }[] };
  const name = body.alerts[0]!.labels.alertname;
  story.keysOf.set(name, [...(story.keysOf.get(name) ?? []), String(request.headers['idempotency-key'])]);
  const choice = story.kills < killCount ? random() : 1;
  if (choice < 0.15) {
    story.killedAtPost++;
    kill();
    response.end();
  } else if (choice < 0.3) {
    story.killedAtPost++;
    response.end();
    kill();
  } else if (choice < 0.4) {
    response.statusCode = 503;
    response.end('away');
  } else response.end();
}

function start(path: string, url: string, first: string, onDisk: (i: number) => void): ChildProcess {
  const child = spawn(process.execPath, [program, path, url, first], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => onDisk(Number(line)));
  return child;
}
