import { parseDuration } from '#core/model/index.ts';
import type { Unit } from '../../ui/format.ts';

/** What Explore shows, in Prometheus' own parameter names (its query page, version 3), so that links go both ways. */
export interface ExploreQuery {
  /** A to Z. Always one at least. */
  readonly asked: readonly AskedQuery[];
  readonly tab: ExploreTab;
  /** Whose table, or explanation, is shown: an index of `asked`. */
  readonly shown: number;
  /** When the table is evaluated; undefined: at the end of the range. */
  readonly momentMs: number | undefined;
  readonly density: Density;
  /** A step of one's own in ms; undefined: from the density. */
  readonly stepMs: number | undefined;
  readonly stacked: boolean;
  /** Undefined: read off the query. */
  readonly unit: Unit | undefined;
}

export interface AskedQuery {
  readonly expr: string;
  /** Kept, and not drawn. */
  readonly hidden: boolean;
}

export type ExploreTab = 'graph' | 'table' | 'explain';

export const queriesMax = 26;
/** What a query is called: its letter. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);

export type Density = 'low' | 'medium' | 'high';
/** About so many points a series. */
export const densityPoints: Readonly<Record<Density, number>> = { low: 100, medium: 250, high: 750 };

const units: readonly Unit[] = ['none', 'percent', 'seconds', 'bytes', 'bytes/s', 'per second'];

export function readExplore(params: ReadonlyMap<string, string>): ExploreQuery {
  const get = (name: string): string => params.get(`g0.${name}`) ?? '';
  const moment = Date.parse(`${get('moment_input').trim().replace(' ', 'T')}Z`);
  const density = get('res_density');
  const tab = get('tab');
  const asked = readAsked(params);
  const shown = get('shown').charCodeAt(0) - 65;
  return {
    asked,
    tab: tab === 'table' || tab === '1' ? 'table' : tab === 'explain' ? 'explain' : 'graph',
    shown: shown > 0 && shown < asked.length ? shown : 0,
    momentMs: Number.isNaN(moment) ? undefined : moment,
    density: density === 'low' || density === 'high' ? density : 'medium',
    stepMs: readStep(get('res_step') || get('step_input')),
    stacked: get('display_mode') === 'stacked' || get('stacked') === '1',
    unit: units.find((unit) => unit === get('unit')),
  };
}

/** Prometheus gives each query a number: g0, g1. The last that has a text ends them. */
function readAsked(params: ReadonlyMap<string, string>): AskedQuery[] {
  const all = Array.from({ length: queriesMax }, (_, i) => ({ expr: params.get(`g${i}.expr`) ?? '', hidden: params.get(`g${i}.hide`) === '1' }));
  return all.slice(0, Math.max(1, all.findLastIndex(({ expr }) => expr !== '') + 1));
}

function readStep(text: string): number | undefined {
  const stepMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  return stepMs === undefined || stepMs < 1 ? undefined : Math.round(stepMs);
}

/** The parameters that say it; those that say what goes without saying are undefined. */
export function writeExplore(query: ExploreQuery): Readonly<Record<string, string | undefined>> {
  const asked = Array.from({ length: queriesMax }, (_, i) => [
    [`g${i}.expr`, query.asked[i]?.expr],
    [`g${i}.hide`, query.asked[i]?.hidden === true ? '1' : undefined],
  ]).flat();
  return {
    ...(Object.fromEntries(asked) as Record<string, string | undefined>),
    'g0.tab': query.tab === 'graph' ? undefined : query.tab,
    'g0.shown': query.shown === 0 ? undefined : letterOf(query.shown),
    'g0.moment_input': query.momentMs === undefined ? undefined : new Date(query.momentMs).toISOString().slice(0, 19).replace('T', ' '),
    'g0.res_type': query.stepMs !== undefined ? 'custom' : query.density === 'medium' ? undefined : 'auto',
    'g0.res_density': query.stepMs === undefined && query.density !== 'medium' ? query.density : undefined,
    'g0.res_step': query.stepMs === undefined ? undefined : String(query.stepMs / 1000),
    'g0.display_mode': query.stacked ? 'stacked' : undefined,
    'g0.unit': query.unit,
    'g0.step_input': undefined,
    'g0.stacked': undefined,
  };
}
