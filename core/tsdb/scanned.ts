import type { Labels, SeriesColumns } from '#core/model/index.ts';
import type { Scan } from './scan.ts';
import type { ScannedColumns } from './types.ts';

/** A series that is decoded when its columns are asked for. */
export class ScannedSeries implements ScannedColumns {
  readonly labels: Labels;
  readonly scan: Scan;
  readonly index: number;

  constructor(labels: Labels, scan: Scan, index: number) {
    this.labels = labels;
    this.scan = scan;
    this.index = index;
  }

  get timesMs(): Float64Array {
    return this.scan.times(this.index);
  }

  get values(): Float64Array {
    return this.scan.values(this.index);
  }

  get histograms(): SeriesColumns['histograms'] {
    return this.scan.histograms(this.index);
  }

  get isPlain(): boolean {
    return !this.scan.mayHoldOdd(this.index);
  }
}
