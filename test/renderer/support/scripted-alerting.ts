/** What the scripted engine says of routing, silences and why: plain data beside the alerts of the scene. */
import { EngineError, labelPairs, labelsFrom, labelValue } from '#core/model/index.ts';
import type { AlertGroupView, AlertView, Handlers, SignalboxContract, SilenceView, WhyView } from '#core/contract/index.ts';

const hour = 3_600_000;

/** Alerts of one name are told together; pages go to one receiver, the rest to another. */
export function groupsOf(alerts: readonly AlertView[], nowMs: number): AlertGroupView[] {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const byKey = Map.groupBy(firing, ({ labels, severity }) => `${severity === 'page' ? 'on-call' : 'team'} ${labelValue(labels, 'alertname')}`);
  return [...byKey].map(([key, held]) => ({
    key,
    receiver: key.split(' ')[0]!,
    place: 'alertmanager.yml:9',
    labels: ['alertname', labelValue(held[0]!.labels, 'alertname')],
    alerts: held.map(({ id }) => id),
    nextMs: nowMs + 240_000,
  }));
}

export function silencesOf(nowMs: number): SilenceView[] {
  const by = { updatedMs: nowMs - hour, createdBy: 'Ada' };
  return [
    {
      id: '51-1',
      matchers: '{alertname="DiskFull",instance=~"db-.*"}',
      state: 'active',
      startsMs: nowMs - hour,
      endsMs: nowMs + 900_000,
      ...by,
      comment: 'disks are swapped',
      matchedCount: 1,
    },
    {
      id: '51-2',
      matchers: '{job="batch"}',
      state: 'pending',
      startsMs: nowMs + hour,
      endsMs: nowMs + 3 * hour,
      ...by,
      comment: 'move to the new queue',
      matchedCount: 0,
    },
    {
      id: '51-3',
      matchers: '{alertname="TargetDown"}',
      state: 'expired',
      startsMs: nowMs - 4 * hour,
      endsMs: nowMs - 2 * hour,
      ...by,
      comment: 'network work',
      matchedCount: 0,
    },
  ];
}

export function whyOf(alert: AlertView, timeMs: number): WhyView {
  const name = labelValue(alert.labels, 'alertname');
  return {
    alert: alert.id,
    labels: alert.labels,
    timeMs,
    paged: true,
    answer: 'Paged: on-call was told (webhook/0) at 03:00:30; the next reminder is due after 07:00:30.',
    steps: [
      { stage: 'rule', passed: 'yes', sentence: `${name} of the group shop looks each 15s`, place: 'rules/shop.yml:4', atMs: undefined },
      { stage: 'expression', passed: 'yes', sentence: 'its expression held: {job="checkout"} 0.23', place: 'rules/shop.yml:4', atMs: undefined },
      { stage: 'route', passed: 'yes', sentence: 'its labels lead to on-call', place: 'alertmanager.yml:9', atMs: undefined },
      { stage: 'tell', passed: 'yes', sentence: 'on-call was told (webhook/0)', place: 'alertmanager.yml:9', atMs: timeMs - 30_000 },
    ],
    alike: [],
    record: [
      { id: 1, atMs: timeMs - 60_000, kind: 'firing', reason: `${name} fires`, place: 'rules/shop.yml', receiver: '' },
      { id: 2, atMs: timeMs - 30_000, kind: 'sent', reason: 'on-call (webhook/0): delivered', place: 'alertmanager.yml:9', receiver: 'on-call' },
    ],
  };
}

export interface SilencesHeld {
  silences: SilenceView[];
  alerts: readonly AlertView[];
}

type SilenceAnswers = Pick<Handlers<SignalboxContract>, 'silences.preview' | 'silences.set' | 'silences.expire'>;

/** Understands `name="value"` only. */
export function silenceAnswers(held: SilencesHeld, changed: () => void): SilenceAnswers {
  return {
    'silences.preview': ({ matchers, except }) => {
      const pairs = [...matchers.matchAll(/([\w]+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!] as const);
      const firing = held.alerts.filter(({ state }) => state === 'firing');
      if (pairs.length === 0)
        return {
          problem: `bad matcher ${JSON.stringify(matchers)}`,
          matchers: '',
          firingCount: firing.length,
          matchedCount: 0,
          matched: [],
          warnings: [],
          similar: [],
        };
      const matched = firing.filter(({ labels }) => pairs.every(([name, value]) => labelValue(labels, name) === value));
      const text = `{${pairs.map(([name, value]) => `${name}="${value}"`).join(',')}}`;
      return {
        problem: '',
        matchers: text,
        firingCount: firing.length,
        matchedCount: matched.length,
        matched: matched.slice(0, 20).map(({ id, labels, severity }) => ({
          alert: id,
          name: labelValue(labels, 'alertname'),
          severity,
          text: [...labelPairs(labels)].map(([name, value]) => `${name}=${value}`).join('  '),
        })),
        warnings: pairs.some(([name]) => name === 'alertname')
          ? []
          : ['It names no alertname: alerts that nobody has thought of yet will be quiet too.'],
        similar: held.silences.filter((one) => one.matchers === text && one.id !== except).map((silence) => ({ silence, why: 'the same matchers' })),
      };
    },
    'silences.set': ({ id, matchers, startsMs, endsMs, comment, by }) => {
      const made: SilenceView = {
        id: id ?? `51-${held.silences.length + 1}`,
        matchers,
        state: 'active',
        startsMs: startsMs ?? Date.now(),
        endsMs,
        updatedMs: Date.now(),
        createdBy: by,
        comment,
        matchedCount: 1,
      };
      held.silences = [...held.silences.filter((one) => one.id !== made.id), made];
      changed();
      return { id: made.id };
    },
    'silences.expire': ({ id }) => {
      held.silences = held.silences.map((one) => (one.id === id ? { ...one, state: 'expired', endsMs: Date.now() } : one));
      changed();
      return null;
    },
  };
}

/** Labels as the why form sends them. */
export function askedAlert(
  alerts: readonly AlertView[],
  alert: string | undefined,
  labels: readonly { name: string; value: string }[] | undefined,
): AlertView {
  const wanted = labelsFrom((labels ?? []).map(({ name, value }) => [name, value] as const));
  const found = alerts.find(
    (one) => one.id === alert || (wanted.length > 0 && labelValue(one.labels, 'alertname') === labelValue(wanted, 'alertname')),
  );
  if (found === undefined) throw new EngineError('not-found', 'the record knows no such alert');
  return found;
}
