import * as v from 'valibot';
import { datasetName } from './inputs.ts';
import { procedure } from './rpc.ts';

/** What became of one imported file. */
export interface CaseFileView {
  readonly path: string;
  /** What it was taken for; empty when it was not understood. */
  readonly format: string;
  readonly bytes: number;
  readonly samples: number;
  readonly spans: number;
  readonly logs: number;
  readonly edges: number;
  /** Records that were there already. */
  readonly duplicates: number;
  /** The first of what was not understood; line 0 when it cannot be told. */
  readonly faults: readonly { readonly line: number; readonly reason: string }[];
  readonly faultCount: number;
  readonly notes: readonly string[];
  readonly isRefused: boolean;
  readonly importedMs: number;
}

export const casesContract = {
  /** Reports of the imports into a case, newest first. */
  'cases.files': procedure<readonly CaseFileView[]>()(v.object({ name: datasetName })),
  /** Deletes a case with all that it holds. */
  'cases.delete': procedure<null>()(v.object({ name: datasetName })),
};
