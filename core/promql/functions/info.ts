import {
  EngineError,
  formatLabels,
  labelPairs,
  labelsKey,
  labelValue,
  matcher,
  matchesValue,
  METRIC_NAME,
  withLabel,
  type Labels,
  type Matcher,
} from '#core/model/index.ts';
import { walk, type Call, type VectorSelector } from '../syntax/index.ts';
import type { Evaluator } from '../context.ts';
import { sightOf, type Grid } from '../grid.ts';
import { absent, Block, collect, copyStep, float, newRow, type Head, type Row, type Vector } from '../vector.ts';

/** Labels that tell which info series belongs to which series. */
const identifying: readonly string[] = ['instance', 'job'];
const targetInfo = 'target_info';

/** What the second argument of info() asks for. */
interface Wanted {
  /** Conditions on the info metric's name. */
  readonly names: readonly Matcher[];
  /** Conditions on its other labels; only these labels are copied when there are any. */
  readonly data: readonly Matcher[];
}

/** info(): copies labels from info metrics, `target_info` unless another is named, with the same `instance` and `job`. */
export async function info(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const { budget } = evaluator.query;
  const base = await collect(await evaluator.vector(call.args[0]!, grid), grid.steps, budget);
  const wanted = wantedBy(call);
  const isInfo = base.heads.map(({ labels }) => matchAll(wanted.names, labelValue(labels, METRIC_NAME)));
  const times = await infoTimes(evaluator, call, grid, base, isInfo, wanted);
  const joined = new Joined(grid.steps);
  for (const [i, row] of base.rows.entries()) {
    const candidates = isInfo[i] === true ? [] : candidatesOf(base.heads[i]!.labels, times);
    enrich(base.heads[i]!, row, candidates, isInfo[i] === true ? undefined : wanted.data, joined);
    if (budget.spend(grid.steps * (1 + candidates.length))) await budget.breathe();
  }
  return joined.vector();
}

/** Without a condition on the name `target_info` is meant; where it only says what the name is not, any name that ends in `_info`. */
function wantedBy(call: Call): Wanted {
  const selector = call.args[1];
  const matchers = selector?.kind === 'selector' ? selector.matchers : [];
  const names = matchers.filter((m) => m.name === METRIC_NAME);
  const data = matchers.filter((m) => m.name !== METRIC_NAME);
  if (names.length === 0) return { names: [matcher(METRIC_NAME, '=', targetInfo)], data };
  const isPositive = names.some((m) => m.op === '=' || m.op === '=~');
  return { names: isPositive ? names : [matcher(METRIC_NAME, '=~', '.+_info'), ...names], data };
}

function matchAll(matchers: readonly Matcher[], value: string): boolean {
  return matchers.every((m) => matchesValue(m, value));
}

/** The info series that may belong to the base series; the values are the times of their samples. */
async function infoTimes(evaluator: Evaluator, call: Call, grid: Grid, base: Block, isInfo: readonly boolean[], wanted: Wanted): Promise<Block> {
  const values = identifying.map((name) => {
    const found = new Set(base.heads.filter((_, i) => isInfo[i] !== true).map(({ labels }) => labelValue(labels, name)));
    return { name, found: [...found] };
  });
  if (values.every(({ found }) => found.every((value) => value === ''))) return new Block([], []);
  const matchers = [...wanted.names, ...values.flatMap(({ name, found }) => oneOf(name, found)), ...wanted.data];
  let first: VectorSelector | undefined;
  walk(call.args[0]!, (expr) => {
    if (expr.kind === 'selector') first ??= expr;
  });
  const selector: VectorSelector = {
    kind: 'selector',
    place: call.place,
    name: '',
    matchers,
    offset: first?.offset,
    at: first?.at,
    extend: undefined,
  };
  // As in Prometheus, `offset` and `@` of the series say which samples are read, but not at which time they are looked for.
  const times = await evaluator.sampleTimes(selector, grid, sightOf(grid, undefined, 0));
  return collect(times, grid.steps, evaluator.query.budget);
}

/** A condition that a label has one of some values, the empty one among them where it is absent; none where they are too many for a pattern. */
function oneOf(name: string, values: readonly string[]): Matcher[] {
  const source = values.map((value) => value.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|');
  if (source.length <= 4096) return [matcher(name, '=~', source)];
  return values.includes('') ? [] : [matcher(name, '!=', '')];
}

/** Info series of one metric with the same identity as a base series. */
interface Candidates {
  readonly heads: readonly Head[];
  readonly rows: readonly Row[];
}

/** The info series with the same identity; a series without one has none. */
function candidatesOf(labels: Labels, times: Block): Candidates[] {
  if (identifying.every((name) => labelValue(labels, name) === '')) return [];
  const groups = new Map<string, { heads: Head[]; rows: Row[] }>();
  for (const [i, head] of times.heads.entries()) {
    if (identifying.some((name) => labelValue(head.labels, name) !== labelValue(labels, name))) continue;
    const metric = labelValue(head.labels, METRIC_NAME);
    let group = groups.get(metric);
    if (group === undefined) groups.set(metric, (group = { heads: [], rows: [] }));
    group.heads.push(head);
    group.rows.push(times.rows[i]!);
  }
  return [...groups.values()];
}

/** Writes each step of a base series to the series with the labels that belong to it then. `data` undefined: as it is. */
function enrich(head: Head, row: Row, candidates: readonly Candidates[], data: readonly Matcher[] | undefined, joined: Joined): void {
  for (let k = 0; k < row.kinds.length; k++) {
    if (row.kinds[k] === absent) continue;
    if (data === undefined) {
      joined.put(head, [], row, k);
      continue;
    }
    const chosen = candidates.flatMap((group) => newest(group, k) ?? []);
    if (chosen.length === 0 && !data.every((m) => matchesValue(m, ''))) continue;
    joined.put(head, chosen.length === 0 ? [] : dataLabels(head.labels, chosen, data), row, k);
  }
}

/** The info series with the newest sample at a step. Throws when two are equally new. */
function newest({ heads, rows }: Candidates, step: number): Head | undefined {
  let best = -1;
  for (const [i, row] of rows.entries()) {
    if (row.kinds[step] !== float) continue;
    if (best < 0 || row.values[step]! > rows[best]!.values[step]!) best = i;
    else if (row.values[step] === rows[best]!.values[step]) {
      const timeMs = Math.round(row.values[step]! * 1000);
      const [existing, next] = [heads[best]!, heads[i]!].map((head) => formatLabels(head.labels));
      throw new EngineError('invalid', `found duplicate series for info metric: existing ${existing} @ ${timeMs}, new ${next} @ ${timeMs}`);
    }
  }
  return heads[best];
}

/** The labels to add, as pairs. */
function dataLabels(base: Labels, chosen: readonly Head[], data: readonly Matcher[]): readonly (readonly [string, string])[] {
  const added = new Map<string, string>();
  for (const { labels } of chosen) {
    for (const [name, value] of labelPairs(labels)) {
      if (name === METRIC_NAME || (data.length > 0 && !data.some((m) => m.name === name))) continue;
      const before = added.get(name);
      if (before !== undefined && before !== value) throw new EngineError('invalid', `conflicting label: ${name}`);
      if (labelValue(base, name) === '') added.set(name, value);
    }
  }
  return [...added];
}

/** Series by their joined labels. */
class Joined {
  readonly #steps: number;
  readonly #rows = new Map<string, { head: Head; row: Row }>();

  constructor(steps: number) {
    this.#steps = steps;
  }

  put(head: Head, added: readonly (readonly [string, string])[], from: Row, step: number): void {
    let { labels } = head;
    for (const [name, value] of added) labels = withLabel(labels, name, value);
    const key = labelsKey(labels);
    let known = this.#rows.get(key);
    if (known === undefined) this.#rows.set(key, (known = { head: { labels, dropName: head.dropName }, row: newRow(this.#steps) }));
    if (known.row.kinds[step] !== absent) throw new EngineError('invalid', 'vector cannot contain metrics with the same labelset');
    copyStep(from, known.row, step);
  }

  vector(): Vector {
    const rows = [...this.#rows.values()];
    return new Block(
      rows.map(({ head }) => head),
      rows.map(({ row }) => row),
    );
  }
}
