import type { DurationMs } from '#core/model/index.ts';
import type { SampledTrace, Voter } from './policies.ts';

export interface Verdict {
  readonly kept: boolean;
  readonly policy: string;
  readonly part: string;
}

/**
 * Asks every policy and weighs their votes as the Collector does: a drop outweighs all, then an inverted no, then a yes; an inverted
 * yes counts where nobody says no. The policy named is the first whose vote decided.
 */
export function decide(voters: readonly Voter[], trace: SampledTrace, nowMs: DurationMs): Verdict {
  const votes = voters.map((voter) => ({ voter, vote: voter.vote(trace, nowMs) }));
  const first = (wanted: string): Voter | undefined => votes.find(({ vote }) => vote === wanted)?.voter;
  const refused = first('drop') ?? first('not_inverted');
  if (refused !== undefined) return { kept: false, policy: refused.name, part: '' };
  const kept = first('sample') ?? (first('not') === undefined ? first('sample_inverted') : undefined);
  return { kept: kept !== undefined, policy: kept?.name ?? '', part: kept?.part ?? '' };
}
