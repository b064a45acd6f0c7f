import * as v from 'valibot';
import { line, nothing, person, unixMs, words } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

export interface SilenceView {
  readonly id: string;
  /** `{alertname="Down", env=~"prod.*"}`. */
  readonly matchers: string;
  readonly state: 'active' | 'pending' | 'expired';
  readonly startsMs: number;
  readonly endsMs: number;
  readonly updatedMs: number;
  readonly createdBy: string;
  readonly comment: string;
  /** Alerts that fire now and that it matches. */
  readonly matchedCount: number;
}

/** What a silence with some matchers would do now. */
export interface SilencePreview {
  /** Why the matchers cannot be used; empty when they can. */
  readonly problem: string;
  /** The matchers as Alertmanager writes them. */
  readonly matchers: string;
  readonly firingCount: number;
  /** Alerts that it would match; `matched` shows the first of them. */
  readonly matchedCount: number;
  readonly matched: readonly { readonly alert: string; readonly name: string; readonly severity: string; readonly text: string }[];
  /** Why it may keep more quiet than was meant, a sentence each. */
  readonly warnings: readonly string[];
  /** Silences that are, will be, or lately were there for the same. */
  readonly similar: readonly { readonly silence: SilenceView; readonly why: string }[];
}

const matchersText = v.pipe(v.string(), v.maxLength(8192, 'is longer than 8,192 characters'));
const silenceId = v.pipe(v.string(), v.regex(/^[0-9a-f-]{1,64}$/i, 'is no silence id'));

export const silencesContract = {
  /** By end, the next to end first; expired ones stay for five days. */
  'silences.watch': stream<readonly SilenceView[]>()(nothing),
  'silences.preview': procedure<SilencePreview>()(v.object({ matchers: matchersText, except: v.optional(silenceId) })),
  /** Creates one, or changes the one with `id`; answers the id that is in force then. */
  'silences.set': procedure<{ readonly id: string }>()(
    v.object({
      id: v.optional(silenceId),
      matchers: matchersText,
      startsMs: v.optional(unixMs),
      endsMs: unixMs,
      comment: v.pipe(words, v.trim(), v.minLength(1, 'is empty: say why')),
      by: person,
    }),
  ),
  'silences.expire': procedure<null>()(v.object({ id: silenceId, by: line })),
};
