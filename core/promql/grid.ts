import type { DurationMs, UnixMs } from '#core/model/index.ts';

/** The instants at which an expression is evaluated: `steps` of them from `startMs` on, `stepMs` apart. */
export interface Grid {
  readonly startMs: UnixMs;
  readonly stepMs: DurationMs;
  readonly steps: number;
  /** Where samples that are looked at are counted by step, when somebody wants to know. */
  readonly reads?: Float64Array | undefined;
}

export function stepTime(grid: Grid, step: number): UnixMs {
  return grid.startMs + step * grid.stepMs;
}

/** The instants a selector looks at: the grid, moved by `offset` and held still by `@`. */
export interface Sight {
  readonly firstMs: UnixMs;
  readonly stepMs: DurationMs;
  readonly steps: number;
  /** As in the grid. */
  readonly reads?: Float64Array | undefined;
}

export function sightOf(grid: Grid, atMs: UnixMs | undefined, offsetMs: DurationMs): Sight {
  const { steps, reads } = grid;
  return atMs === undefined
    ? { firstMs: grid.startMs - offsetMs, stepMs: grid.stepMs, steps, reads }
    : { firstMs: atMs - offsetMs, stepMs: 0, steps, reads };
}

export function lastOf(sight: Sight): UnixMs {
  return sight.firstMs + (sight.steps - 1) * sight.stepMs;
}
