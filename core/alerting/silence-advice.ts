/** What a person should know before a silence is set: what it reaches beyond what they think of, and which silences are there already. */
import { labelValue, matchesValue, type Matcher, type UnixMs } from '#core/model/index.ts';
import { formatMatchers } from '#core/formats/index.ts';
import { silenceState, type Silence } from './silences.ts';
import type { AlertView } from './view.ts';

/** One that matches alerts of so many names was probably meant for one of them. */
const namesMany = 3;
/** A share of few alerts says nothing. */
const shareOfMin = 5;
const shareMuch = 0.5;

/** Why a silence may keep more quiet than was meant, a sentence each. `matched` are those of the `firing` alerts that it matches. */
export function silenceWarnings(matchers: readonly Matcher[], matched: readonly AlertView[], firing: readonly AlertView[]): string[] {
  const warnings: string[] = [];
  const names = new Set(matched.map(({ alert }) => labelValue(alert.labels, 'alertname')));
  if (firing.length >= shareOfMin && matched.length / firing.length >= shareMuch)
    warnings.push(`It matches ${matched.length} of the ${firing.length} alerts that fire.`);
  if (names.size >= namesMany) warnings.push(`It matches alerts of ${names.size} names: ${[...names].sort().slice(0, 5).join(', ')}.`);
  if (matchers.length > 0 && !matchers.some(({ name, op }) => name === 'alertname' && (op === '=' || op === '=~')))
    warnings.push('It names no alertname: alerts that nobody has thought of yet will be quiet too.');
  for (const one of matchers) if (one.op === '=~' && matchesAnything(one)) warnings.push(`${formatMatchers([one])} matches any value.`);
  return warnings;
}

function matchesAnything(one: Matcher): boolean {
  return ['a', 'zz-9', '10.0.0.1:9100'].every((value) => matchesValue(one, value));
}

export interface SimilarSilence {
  readonly silence: Silence;
  readonly why: string;
}

const similarMax = 5;

/** Silences with the same matchers, lately ended ones too, and those in force that cover some of the same alerts. The nearest first. */
export function similarSilences(
  matchers: readonly Matcher[],
  matched: readonly AlertView[],
  silences: readonly Silence[],
  nowMs: UnixMs,
): SimilarSilence[] {
  const wanted = keyOf(matchers);
  const found = silences.flatMap((silence): (SimilarSilence & { rank: number })[] => {
    const state = silenceState(silence, nowMs);
    if (keyOf(silence.matchers) === wanted)
      return [{ silence, why: state === 'expired' ? 'the same matchers, ended' : 'the same matchers', rank: state === 'expired' ? 1 : 0 }];
    if (state === 'expired') return [];
    const shared = matched.filter(({ alert }) => silence.matchers.every((one) => matchesValue(one, labelValue(alert.labels, one.name)))).length;
    return shared === 0 ? [] : [{ silence, why: `covers ${shared} of the same alerts`, rank: 2 }];
  });
  return found
    .sort((a, b) => a.rank - b.rank || b.silence.endsMs - a.silence.endsMs)
    .slice(0, similarMax)
    .map(({ silence, why }) => ({ silence, why }));
}

const keyOf = (matchers: readonly Matcher[]): string =>
  [...matchers]
    .map((one) => formatMatchers([one]))
    .sort()
    .join();
