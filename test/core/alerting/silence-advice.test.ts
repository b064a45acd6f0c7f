import { describe, expect, test } from 'vitest';
import { silenceWarnings, similarSilences } from '#core/alerting/index.ts';
import { parseMatchers } from '#core/formats/index.ts';
import { open, ruleAlert } from './support/bench.ts';

const hour = 3_600_000;

/** Five alerts fire: three of api under two names, two of db. */
function firing(): ReturnType<typeof open> {
  let drawn = 0;
  const bench = open({ random: () => ((drawn += 7) % 100) / 100 });
  const labels = [
    { alertname: 'Down', job: 'api', instance: '1' },
    { alertname: 'Down', job: 'api', instance: '2' },
    { alertname: 'Slow', job: 'api', instance: '1' },
    { alertname: 'Full', job: 'db', instance: '3' },
    { alertname: 'Lag', job: 'db', instance: '4' },
  ];
  bench.alerting.put(labels.map((one) => ruleAlert(one, 'firing', bench.clock)));
  return bench;
}

describe('what a silence would keep quiet beyond what was meant', () => {
  test.each([
    ['alertname="Full", instance="3"', []],
    ['alertname="Down"', []],
    ['job="db"', ['It names no alertname: alerts that nobody has thought of yet will be quiet too.']],
    ['job="api"', ['It matches 3 of the 5 alerts that fire.', 'It names no alertname: alerts that nobody has thought of yet will be quiet too.']],
    [
      'alertname=~".+"',
      ['It matches 5 of the 5 alerts that fire.', 'It matches alerts of 4 names: Down, Full, Lag, Slow.', '{alertname=~".+"} matches any value.'],
    ],
  ])('%s', (text, warnings) => {
    const { alerting } = firing();
    const matchers = parseMatchers(text);
    expect(silenceWarnings(matchers, alerting.silencePreview(matchers), alerting.alerts())).toEqual(warnings);
  });
});

test('similar ones: the same matchers in any order, also when they have ended, and what covers the same alerts', async () => {
  const { alerting, clock } = firing();
  const set = (text: string, hours: number): string =>
    alerting.setSilence({ matchers: parseMatchers(text), startsMs: clock.now(), endsMs: clock.now() + hours * hour, createdBy: 'ada', comment: 'x' })
      .id;
  const ended = set('job="api", alertname="Down"', 1);
  set('alertname="Lag"', 9);
  const wide = set('instance="1"', 9);
  await clock.advance(2 * hour);
  const matchers = parseMatchers('alertname="Down", job="api"');
  const similar = similarSilences(matchers, alerting.silencePreview(matchers), alerting.silences(), clock.now());
  expect(similar.map(({ silence, why }) => [silence.id, why])).toEqual([
    [ended, 'the same matchers, ended'],
    [wide, 'covers 1 of the same alerts'],
  ]);
});
