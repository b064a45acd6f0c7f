import { formatLink } from '../../shell/link.ts';
import { traceIdOf } from '../../shell/trace-id.ts';

/** How one trace is shown; all of it stands in the address. */
export type TraceTab = 'waterfall' | 'flame' | 'statistics';

export interface TraceView {
  readonly tab: TraceTab;
  /** The chosen span: its id, and behind a colon which one it is where ids repeat. */
  readonly span: string | undefined;
  readonly find: string;
  readonly matchesOnly: boolean;
  /** Spans shorter than this share of the trace are hidden; 0 hides none. */
  readonly hideBelow: number;
  readonly critical: boolean;
  readonly folded: boolean;
  /** So many levels of the tree are open, from 1; undefined: all. */
  readonly level: number | undefined;
  /** Clocks moved as `skews` says. */
  readonly aligned: boolean;
  /** The shown part, in ns from the trace's start; undefined: the whole. */
  readonly zoom: readonly [fromNs: number, toNs: number] | undefined;
  /** Statistics by this attribute instead of by operation. */
  readonly by: string | undefined;
}

const tabs: readonly TraceTab[] = ['waterfall', 'flame', 'statistics'];
export const hideChoices: readonly number[] = [0, 0.001, 0.005, 0.01, 0.05, 0.1];

export function readTraceView(params: ReadonlyMap<string, string>): TraceView {
  const hideBelow = Number(params.get('min') ?? 0);
  return {
    tab: tabs.find((tab) => tab === params.get('tab')) ?? 'waterfall',
    span: /^[0-9a-f]{16}(:\d{1,6})?$/.test(params.get('span') ?? '') ? params.get('span') : undefined,
    find: params.get('find') ?? '',
    matchesOnly: params.get('only') === '1',
    hideBelow: hideBelow > 0 && hideBelow < 1 ? hideBelow : 0,
    critical: params.get('critical') !== '0',
    folded: params.get('fold') !== '0',
    level: /^[1-9]\d{0,4}$/.test(params.get('level') ?? '') ? Number(params.get('level')) : undefined,
    aligned: params.get('aligned') === '1',
    zoom: readZoom(params.get('zoom') ?? ''),
    by: params.get('by'),
  };
}

function readZoom(text: string): TraceView['zoom'] {
  const [, from, to] = /^(-?\d{1,19})~(-?\d{1,19})$/.exec(text) ?? [];
  return from === undefined || to === undefined || Number(from) >= Number(to) ? undefined : [Number(from), Number(to)];
}

/** The parameters that say it; what goes without saying is undefined. */
export function writeTraceView(part: Partial<TraceView>): Readonly<Record<string, string | undefined>> {
  const params: Record<string, string | undefined> = {};
  if ('tab' in part) params['tab'] = part.tab === 'waterfall' ? undefined : part.tab;
  if ('span' in part) params['span'] = part.span;
  if ('find' in part) params['find'] = part.find;
  if ('matchesOnly' in part) params['only'] = part.matchesOnly ? '1' : undefined;
  if ('hideBelow' in part) params['min'] = part.hideBelow === 0 ? undefined : String(part.hideBelow);
  if ('critical' in part) params['critical'] = (part.critical ?? true) ? undefined : '0';
  if ('folded' in part) params['fold'] = (part.folded ?? true) ? undefined : '0';
  if ('level' in part) params['level'] = part.level === undefined ? undefined : String(part.level);
  if ('aligned' in part) params['aligned'] = part.aligned ? '1' : undefined;
  if ('zoom' in part) params['zoom'] = part.zoom === undefined ? undefined : part.zoom.map((ns) => String(Math.round(ns))).join('~');
  if ('by' in part) params['by'] = part.by;
  return params;
}

/** The link to a trace, or to a span of it. */
export function traceLink(traceId: string, dataset: string, view: Partial<TraceView> = {}): string {
  return formatLink(['explore', 'traces', traceId], { ...writeTraceView(view), dataset: dataset === 'live' ? undefined : dataset });
}

export function compareLink(before: string, after: string, dataset: string): string {
  return formatLink(['explore', 'traces', `${before}...${after}`], { dataset: dataset === 'live' ? undefined : dataset });
}

/** What the part of the path behind `traces` asks for; undefined for none of these. */
export function readTracePath(
  text: string | undefined,
):
  | { readonly kind: 'search' }
  | { readonly kind: 'trace'; readonly traceId: string }
  | { readonly kind: 'compare'; readonly before: string; readonly after: string }
  | undefined {
  if (text === undefined) return { kind: 'search' };
  const [before, after] = text.toLowerCase().split('...').map(traceIdOf);
  if (before === undefined) return undefined;
  if (!text.includes('...')) return { kind: 'trace', traceId: before };
  return after === undefined ? undefined : { kind: 'compare', before, after };
}
