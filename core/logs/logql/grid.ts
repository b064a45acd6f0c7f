/** The instants at which a metric query is answered: `startMs`, and `stepMs` further until `endMs`. */
export interface Grid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export const stepsOf = ({ startMs, endMs, stepMs }: Grid): number => Math.floor((endMs - startMs) / stepMs) + 1;
