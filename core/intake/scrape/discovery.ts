import { promises as fs } from 'node:fs';
import { readTargetGroups, type FileSource, type HttpSource, type ScrapeConfig, type TargetGroup } from '#core/formats/index.ts';
import { EngineError, messageOf, withLabel, type Cancel, type Clock, type DurationMs } from '#core/model/index.ts';
import { fromFolder, type FileTexts } from './file-texts.ts';
import { HttpClient } from './http-client.ts';

/** Files are looked at this often; only those that changed are read again. */
const fileLookMs: DurationMs = 5_000;
const filesMax = 1000;
const answerBytesMax = 1 << 20;
const answerTimeoutMs: DurationMs = 30_000;

export interface DiscoveryOptions {
  readonly config: ScrapeConfig;
  readonly clock: Clock;
  readonly folder: string;
  readonly files: FileTexts;
  /** Called with all groups whenever some source says something new. */
  readonly onGroups: (groups: readonly TargetGroup[]) => void;
}

/** What one source said last. A source that fails keeps saying it. */
interface Source {
  readonly name: string;
  readonly everyMs: DurationMs;
  /** The groups; undefined when nothing has changed. Throws EngineError. */
  readonly ask: () => Promise<readonly TargetGroup[] | undefined>;
  groups: readonly TargetGroup[];
  problem: string;
}

/** Where a job's targets come from beside its configuration: files and HTTP answers, asked again for as long as the job runs. */
export class Discovery {
  readonly #clock: Clock;
  readonly #sources: readonly Source[];
  readonly #onGroups: (groups: readonly TargetGroup[]) => void;
  readonly #clients: HttpClient[] = [];
  readonly #timers = new Map<Source, Cancel>();
  #stopped = false;

  /** `said`: what earlier sources of the same name said last, to begin with. */
  constructor({ config, clock, folder, files, onGroups }: DiscoveryOptions, said: ReadonlyMap<string, readonly TargetGroup[]>) {
    this.#clock = clock;
    this.#onGroups = onGroups;
    const source = (name: string, everyMs: DurationMs, ask: Source['ask']): Source => ({
      name,
      everyMs,
      ask,
      groups: said.get(name) ?? [],
      problem: '',
    });
    this.#sources = [
      ...config.fileSources.map((from) =>
        source(`file_sd ${from.patterns.join(', ')}`, Math.min(from.refreshMs, fileLookMs), fileAsker(from, folder)),
      ),
      ...config.httpSources.map((from) => {
        const client = new HttpClient(from.http, folder, files);
        this.#clients.push(client);
        return source(`http_sd ${from.url}`, from.refreshMs, () => askHttp(from, client, clock));
      }),
    ];
  }

  /** What all sources said last. */
  get groups(): readonly TargetGroup[] {
    return this.#sources.flatMap(({ groups }) => groups);
  }

  get said(): ReadonlyMap<string, readonly TargetGroup[]> {
    return new Map(this.#sources.map(({ name, groups }) => [name, groups]));
  }

  /** Sources that cannot be asked now, a sentence each. */
  get problems(): readonly string[] {
    return this.#sources.flatMap(({ name, problem }) => (problem === '' ? [] : [`${name}: ${problem}`]));
  }

  start(): void {
    for (const source of this.#sources) void this.#ask(source);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #ask(source: Source): Promise<void> {
    try {
      const groups = await source.ask();
      source.problem = '';
      if (groups !== undefined && !this.#stopped) {
        source.groups = groups;
        this.#onGroups(this.groups);
      }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      source.problem = error.message;
    }
    if (!this.#stopped)
      this.#timers.set(
        source,
        this.#clock.after(source.everyMs, () => void this.#ask(source)),
      );
  }
}

/** Asks files for their groups, and tells them apart by the time and size of each. */
function fileAsker({ patterns }: FileSource, folder: string): Source['ask'] {
  let seen = '';
  return async () => {
    const paths = (await Promise.all(patterns.map((pattern) => pathsOf(fromFolder(folder, pattern))))).flat().slice(0, filesMax);
    const states = await Promise.all(paths.map(async (path) => [path, await stateOf(path)]));
    const now = JSON.stringify(states);
    if (now === seen) return undefined;
    const groups = await Promise.all(paths.map((path) => readFileGroups(path)));
    seen = now;
    return groups.flat();
  };
}

/** The files of a pattern whose last part may hold one `*`. */
async function pathsOf(pattern: string): Promise<string[]> {
  const cut = pattern.lastIndexOf('/') + 1;
  const [before, after] = pattern.slice(cut).split('*') as [string, string?];
  if (after === undefined) return [pattern];
  const names = await orInvalid(fs.readdir(pattern.slice(0, cut) || '.'), pattern);
  return names
    .filter((name) => name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length)
    .map((name) => pattern.slice(0, cut) + name);
}

async function stateOf(path: string): Promise<string> {
  const { mtimeMs, size } = await orInvalid(fs.stat(path), path);
  return `${mtimeMs} ${size}`;
}

async function readFileGroups(path: string): Promise<readonly TargetGroup[]> {
  return withMeta(readTargetGroups(await orInvalid(fs.readFile(path, 'utf8'), path), path), '__meta_filepath', path);
}

async function orInvalid<T>(reading: Promise<T>, path: string): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw new EngineError('invalid', `${path} cannot be read: ${messageOf(error)}`);
  }
}

async function askHttp({ url, refreshMs }: HttpSource, client: HttpClient, clock: Clock): Promise<readonly TargetGroup[]> {
  const abort = new AbortController();
  const cancel = clock.after(answerTimeoutMs, () => abort.abort());
  try {
    const headers = { accept: 'application/json', 'user-agent': 'Signalbox', 'x-prometheus-refresh-interval-seconds': String(refreshMs / 1000) };
    const { body } = await client.get(url, headers, answerBytesMax, abort.signal);
    return withMeta(readTargetGroups(Buffer.from(body).toString(), url), '__meta_url', url);
  } finally {
    cancel();
  }
}

function withMeta(groups: readonly TargetGroup[], name: string, value: string): readonly TargetGroup[] {
  return groups.map(({ targets, labels }) => ({ targets, labels: withLabel(labels, name, value) }));
}
