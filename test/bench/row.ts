/** One figure of a benchmark. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** As PERFORMANCE.md has it, such as `<= 0.3`. */
  readonly goal?: string;
  /** What a peer was measured at, with its name. */
  readonly peer?: string;
  /** How it compares to the best of the peers that ran beside it; above 1 it is better. */
  readonly ratio?: number;
}

export interface BenchOptions {
  /** `--long`: the full size of PERFORMANCE.md, however long it takes. */
  readonly long: boolean;
}
