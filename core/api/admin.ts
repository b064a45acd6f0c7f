import { EngineError, type HttpAnswer, type UnixMs } from '#core/model/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import { plainly } from './answer.ts';
import { flagParam, type Params } from './params.ts';
import { rangeOf, selectorsOf } from './series.ts';

/** What POST and PUT under /api/v1/admin/tsdb/ need. */
export interface AdminParts {
  readonly live: Tsdb;
  readonly clock: { now(): UnixMs };
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where copies go, a folder each; `signalbox ... --data` opens one. */
  readonly snapshotsFolder: string;
  readonly breathe: () => Promise<void>;
}

type AdminAct = (parts: AdminParts, params: Params) => HttpAnswer | Promise<HttpAnswer>;

/** Prometheus' admin API. Whoever has the bearer may change what is kept, so it needs no switch. Source: its HTTP API documentation, "TSDB Admin APIs". */
export const adminActs: Readonly<Record<string, AdminAct>> = {
  delete_series: deleteSeries,
  clean_tombstones: cleanTombstones,
  snapshot: takeSnapshot,
};

const done: HttpAnswer = { status: 204, headers: {}, body: '' };

/** Answers change at once, durably; the room comes back in the course of maintenance, or with clean_tombstones. */
function deleteSeries({ live }: AdminParts, params: Params): HttpAnswer {
  if (params.getAll('match[]').length === 0) throw new EngineError('invalid', 'no match[] parameter provided');
  const { minMs, maxMs } = rangeOf(params);
  for (const matchers of selectorsOf(params, 'invalid parameter "match[]": ')) live.deleteSeries(matchers, minMs, maxMs);
  return done;
}

async function cleanTombstones({ live, breathe }: AdminParts): Promise<HttpAnswer> {
  while (live.cleanTombstones()) await breathe();
  return done;
}

/** The name has the form of Prometheus' own: `20261121T171133Z-48ec6afb92965240`. */
async function takeSnapshot({ live, clock, random, snapshotsFolder }: AdminParts, params: Params): Promise<HttpAnswer> {
  const skipsHead = flag(params, 'skip_head');
  const stamp = `${new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const name = `${stamp}-${hexDigits(random, 16)}`;
  await live.snapshot(`${snapshotsFolder}/${name}/live`, skipsHead ? 'sealed' : 'all');
  return plainly({ name });
}

function flag(params: Params, name: string): boolean {
  try {
    return flagParam(params, name);
  } catch {
    const why = `unable to parse boolean: strconv.ParseBool: parsing ${JSON.stringify(params.get(name))}: invalid syntax`;
    throw new EngineError('invalid', `invalid parameter "${name}": ${why}`);
  }
}

function hexDigits(random: () => number, count: number): string {
  return Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('');
}
