import { parseDuration } from '#core/model/index.ts';
import type { Unit } from '../../ui/format.ts';

/** What Explore shows, in Prometheus' own parameter names (its query page, version 3), so that links go both ways. */
export interface ExploreQuery {
  readonly expr: string;
  readonly tab: 'graph' | 'table';
  /** When the table is evaluated; undefined: at the end of the range. */
  readonly momentMs: number | undefined;
  readonly density: Density;
  /** A step of one's own in ms; undefined: from the density. */
  readonly stepMs: number | undefined;
  readonly stacked: boolean;
  /** Undefined: read off the query. */
  readonly unit: Unit | undefined;
}

export type Density = 'low' | 'medium' | 'high';
/** About so many points a series. */
export const densityPoints: Readonly<Record<Density, number>> = { low: 100, medium: 250, high: 750 };

const units: readonly Unit[] = ['none', 'percent', 'seconds', 'bytes', 'bytes/s', 'per second'];

export function readExplore(params: ReadonlyMap<string, string>): ExploreQuery {
  const get = (name: string): string => params.get(`g0.${name}`) ?? '';
  const moment = Date.parse(`${get('moment_input').trim().replace(' ', 'T')}Z`);
  const density = get('res_density');
  return {
    expr: get('expr'),
    tab: get('tab') === 'table' || get('tab') === '1' ? 'table' : 'graph',
    momentMs: Number.isNaN(moment) ? undefined : moment,
    density: density === 'low' || density === 'high' ? density : 'medium',
    stepMs: readStep(get('res_step') || get('step_input')),
    stacked: get('display_mode') === 'stacked' || get('stacked') === '1',
    unit: units.find((unit) => unit === get('unit')),
  };
}

function readStep(text: string): number | undefined {
  const stepMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  return stepMs === undefined || stepMs < 1 ? undefined : Math.round(stepMs);
}

/** The parameters that say it; those that say what goes without saying are undefined. */
export function writeExplore(query: ExploreQuery): Readonly<Record<string, string | undefined>> {
  return {
    'g0.expr': query.expr,
    'g0.tab': query.tab === 'table' ? 'table' : undefined,
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
