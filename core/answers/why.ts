/** "Why was I (not) paged?" as one line of steps: the rule, its expression, its `for`, the route, the telling. */
import type { Decision, Why, WhyReceiver } from '#core/alerting/index.ts';
import type { DecisionView, WhyStep, WhyView } from '#core/contract/index.ts';
import { alertId, labelPairs, labelValue, type Labels, type UnixMs } from '#core/model/index.ts';
import { samplesOf } from '#core/promql/index.ts';
import { explainRules } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';

/** How far back the record is looked through for alerts that carry labels, and how many of them are told. */
const recordMax = 5000;
const alikeMax = 10;

/** `target` is an alert's id, or labels; labels that several alerts carry are answered for the one that was heard of last. */
export async function whyView(parts: Parts, target: string | Labels, timeMs: UnixMs): Promise<WhyView> {
  const { alerting, rules, queries } = parts;
  const [known, ...alike] = typeof target === 'string' ? [] : carriers(parts, target, timeMs);
  const why = alerting.why(known?.alert ?? target, timeMs);
  const asked = await explainRules(rules.at(timeMs), rules.groups(), why.labels, timeMs, async (expr, atMs) =>
    samplesOf(await queries.instant(expr, atMs)),
  );
  return {
    alert: why.alert,
    labels: why.labels,
    timeMs,
    paged: why.paged,
    answer: why.answer,
    steps: [...asked.map((step) => ({ ...step, atMs: undefined })), ...why.receivers.flatMap((one) => receiverSteps(why, one))],
    record: why.record.map(decisionView),
    alike: alike.slice(0, alikeMax),
  };
}

/** Alerts of the record by then that carry all of the labels, the one heard of last first; alone the one that has just these. */
function carriers({ alerting }: Parts, labels: Labels, timeMs: UnixMs): { readonly alert: string; readonly labels: Labels }[] {
  const found = new Map<string, Labels>();
  const edges = alerting.decisions({ kinds: ['pending', 'firing', 'resolved'], toMs: timeMs, limit: recordMax });
  for (const { alert, detail } of edges.toReversed())
    if (alert !== undefined && detail.labels !== undefined && !found.has(alert)) found.set(alert, detail.labels);
  const all = [...found].map(([alert, own]) => ({ alert, labels: own }));
  const exact = all.find(({ alert }) => alert === alertId(labels));
  const wanted = [...labelPairs(labels)];
  return exact === undefined ? all.filter((one) => wanted.every(([name, value]) => labelValue(one.labels, name) === value)) : [exact];
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
