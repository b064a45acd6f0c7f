/** "Why was I (not) paged?" as one line of steps: the rule, its expression, its `for`, the route, the telling. */
import type { Decision, Why, WhyReceiver } from '#core/alerting/index.ts';
import type { DecisionView, WhyStep, WhyView } from '#core/contract/index.ts';
import type { Labels, UnixMs } from '#core/model/index.ts';
import { samplesOf } from '#core/promql/index.ts';
import { explainRules } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';

export async function whyView(parts: Parts, target: string | Labels, timeMs: UnixMs): Promise<WhyView> {
  const { alerting, rules, queries } = parts;
  const why = alerting.why(target, timeMs);
  const asked = await explainRules(rules.groups(), why.labels, timeMs, async (expr, atMs) => samplesOf(await queries.instant(expr, atMs)));
  return {
    alert: why.alert,
    labels: why.labels,
    timeMs,
    paged: why.paged,
    answer: why.answer,
    steps: [...asked.map((step) => ({ ...step, atMs: undefined })), ...why.receivers.flatMap((one) => receiverSteps(why, one))],
    record: why.record.map(decisionView),
  };
}

const toldOutcomes: ReadonlySet<WhyReceiver['outcome']> = new Set(['told', 'would-be-told']);

function receiverSteps({ paged }: Why, { receiver, group, outcome, why, place, atMs }: WhyReceiver): WhyStep[] {
  const kept = outcome === 'waiting' ? 'unknown' : toldOutcomes.has(outcome) ? 'yes' : 'no';
  return [
    {
      stage: 'route',
      passed: 'yes',
      sentence: `its labels lead to ${receiver}, in the group ${group}`,
      place: routePlace(outcome, place),
      atMs: undefined,
    },
    { stage: 'tell', passed: !paged && outcome === 'would-be-told' ? 'unknown' : kept, sentence: `${receiver} ${why}`, place, atMs },
  ];
}

/** A receiver's place is its route's, except where something else decided. */
const routePlace = (outcome: WhyReceiver['outcome'], place: string): string => (outcome === 'inhibited' || outcome === 'silenced' ? '' : place);

export function decisionView({ id, atMs, kind, reason, place, receiver }: Decision): DecisionView {
  return { id, atMs, kind, reason, place, receiver: receiver ?? '' };
}
