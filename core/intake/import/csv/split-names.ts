/** What a wide table's column speaks of: a metric of a service, a metric of a call, or a metric alone. */
export interface ColumnSubject {
  readonly service: string;
  /** Set when the column speaks of a call of `callee` by `service`. */
  readonly callee: string;
  /** Empty for a call, whose metric is the table's. */
  readonly metric: string;
}

/**
 * Parts columns named `service_metric` (and `caller_callee`). Services may hold signs too: of all places to cut, the one is taken at which the
 * left part has most metrics and the right part most services, over the whole header.
 */
export function splitNames(columns: readonly string[]): ColumnSubject[] {
  const left = new Map<string, number>();
  const right = new Map<string, number>();
  for (const column of columns) {
    for (const [service, metric] of cutsOf(column)) {
      left.set(service, (left.get(service) ?? 0) + 1);
      right.set(metric, (right.get(metric) ?? 0) + 1);
    }
  }
  const calls = columns.filter((column) => cutsOf(column).some(([a, b]) => left.has(b) || right.has(a))).length;
  const isCallTable = columns.length > 3 && calls > columns.length * 0.6;
  const sure = columns.map((column) => best(cutsOf(column), (a, b) => (left.get(a)! > 1 && right.get(b)! > 1 ? left.get(a)! * right.get(b)! : 0)));
  const services = new Set(sure.flatMap((cut) => (cut === undefined ? [] : [cut[0]])));
  return columns.map((column, i) => {
    const cuts = cutsOf(column);
    const cut = sure[i] ?? best(cuts, (a) => (services.has(a) ? a.length : 0)) ?? (isCallTable ? cuts[0] : undefined);
    if (cut === undefined) return { service: '', callee: '', metric: column };
    return isCallTable ? { service: cut[0], callee: cut[1], metric: '' } : { service: cut[0], callee: '', metric: cut[1] };
  });
}

type Cut = readonly [string, string];

/** The cut with the highest mark above 0. */
function best(cuts: readonly Cut[], mark: (left: string, right: string) => number): Cut | undefined {
  let found: Cut | undefined;
  let highest = 0;
  for (const cut of cuts) {
    const own = mark(cut[0], cut[1]);
    if (own > highest) [found, highest] = [cut, own];
  }
  return found;
}

/** Every way to cut a name at a sign. */
function cutsOf(column: string): Cut[] {
  const cuts: Cut[] = [];
  for (let at = 1; at < column.length - 1; at++) {
    if (!'_|/:#@ '.includes(column[at]!)) continue;
    cuts.push([column.slice(0, at), column.slice(at + 1)]);
  }
  return cuts;
}
