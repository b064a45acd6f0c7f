import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Engine } from '#core/engine.ts';
import type { Clock, HttpAnswer, HttpRequest } from '#core/model/index.ts';
import { tempFolder } from '../../../support/folder.ts';
import { engineOn } from '../../../support/engine.ts';
import { startPrometheus } from '../../../support/peers.ts';

/** One request of a client. */
export interface Ask {
  readonly path: string;
  /** Appended to the path for GET, a form body for POST. */
  readonly params?: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly accept?: string;
}

export interface Told {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface PairOptions {
  readonly clock: Clock;
  /** Scrape and rule configuration that both sides take. */
  readonly config: string;
  readonly rules?: string;
}

const features = 'promql-experimental-functions,promql-duration-expr,native-histograms,exemplar-storage,promql-per-step-stats';

/** A real Prometheus and an engine on a real folder, both with the same configuration. */
export class Pair {
  readonly #url: string;
  readonly #engine: Engine;

  private constructor(url: string, engine: Engine) {
    this.#url = url;
    this.#engine = engine;
  }

  static async open({ clock, config, rules = 'groups: []\n' }: PairOptions): Promise<Pair> {
    const dataDir = tempFolder();
    const rulesFile = join(dataDir, 'rules.yml');
    writeFileSync(rulesFile, rules);
    const shared = `${config}\nrule_files: ['${rulesFile}']\n`;
    writeFileSync(join(dataDir, 'signalbox.yml'), shared);
    const own = [
      '--web.enable-remote-write-receiver',
      '--web.enable-admin-api',
      '--storage.tsdb.retention.time=100y',
      `--enable-feature=${features}`,
    ];
    const url = await startPrometheus(shared, own);
    const engine = await engineOn(dataDir, clock);
    onTestFinished(() => engine.close());
    return new Pair(url, engine);
  }

  /** The same remote write 1.0 request to both. */
  async write(body: Uint8Array): Promise<void> {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
    const theirs = await fetch(`${this.#url}/api/v1/write`, { method: 'POST', headers, body: Buffer.from(body) });
    const ours = await this.#http({ method: 'POST', path: '/api/v1/write', query: '', headers, body });
    if (!theirs.ok || ours.status >= 300) throw new Error(`remote write: ${theirs.status} ${await theirs.text()}; ${ours.status} ${textOf(ours)}`);
  }

  async ask(ask: Ask): Promise<{ theirs: Told; ours: Told }> {
    return { theirs: await this.#peer(ask), ours: await this.#own(ask) };
  }

  async #peer({ path, params = '', method = 'GET', accept = '*/*' }: Ask): Promise<Told> {
    const answer =
      method === 'GET'
        ? await fetch(`${this.#url}${path}?${params}`, { headers: { accept } })
        : await fetch(`${this.#url}${path}`, { method, body: params, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    return { status: answer.status, contentType: answer.headers.get('content-type') ?? '', text: await answer.text() };
  }

  async #own({ path, params = '', method = 'GET', accept = '*/*' }: Ask): Promise<Told> {
    const answer =
      method === 'GET'
        ? await this.#http({ method, path, query: params, headers: { accept }, body: new Uint8Array() })
        : await this.#http({ method, path, query: '', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from(params) });
    return { status: answer.status, contentType: answer.headers['content-type'] ?? '', text: textOf(answer) };
  }

  #http(request: Omit<HttpRequest, 'port'>): Promise<HttpAnswer> {
    return this.#engine.http({ port: 'app', ...request });
  }
}

const textOf = ({ body }: HttpAnswer): string => (typeof body === 'string' ? body : new TextDecoder().decode(body));
