import { describe, expect, test } from 'vitest';
import { labelsFromRecord } from '#core/model/index.ts';
import { evaluateInstant, parseSeries, samplesOf, ScriptStore } from '#core/promql/index.ts';
import { createRules, explainRules, type Rules } from '#core/rules/index.ts';
import { ManualClock } from '../../support/clock.ts';

const minute = 60_000;
const text = `groups:
  - name: g
    interval: 1m
    rules:
      - alert: Slow
        expr: latency > 5
        for: 10m
        labels: {severity: page}
      - alert: Down
        expr: up == 0
      - alert: Backwards
        expr: 3 < queue
      - alert: Many
        expr: sum by (job) (up) < 1 and on (job) wanted
`;

/** latency of job a is 9 from minute 10 on, of job b it is 2; up is 1. */
const store = new ScriptStore();
store.load([parseSeries('latency{job="a"} 1x9 9x20'), parseSeries('latency{job="b"} 2x30'), parseSeries('up{job="a"} 1x30')], minute);
const source = store.source();

async function loaded(): Promise<Rules> {
  const rules = createRules({ query: () => Promise.resolve([]), append: () => undefined, clock: new ManualClock(0), onAlerts: () => undefined });
  expect(await rules.load([{ path: 'rules.yml', text }])).toEqual([]);
  return rules;
}

async function explain(labels: Record<string, string>, atMin: number): Promise<string[]> {
  const rules = await loaded();
  const ask = async (expr: Parameters<typeof evaluateInstant>[1], timeMs: number) => samplesOf(await evaluateInstant(source, expr, timeMs));
  const steps = await explainRules(rules.at(atMin * minute), rules.groups(), labelsFromRecord(labels), atMin * minute, ask);
  return steps.map(({ stage, passed, sentence, place }) => `${stage} ${passed} ${place}: ${sentence}`);
}

describe('why a rule fired, or did not', () => {
  test('it held long enough', async () => {
    expect(await explain({ alertname: 'Slow', job: 'a' }, 25)).toEqual([
      'rule yes rules.yml:5: Slow of the group g looks each 1m',
      'expression yes rules.yml:5: its expression held at 1970-01-01T00:25:00Z: {job="a"} 9',
      'for yes rules.yml:5: it had held for 10m without a break, as its "for" asks',
    ]);
  });

  test('it held, but not for as long as "for" asks', async () => {
    const steps = await explain({ alertname: 'Slow', job: 'a', severity: 'page' }, 15);
    expect(steps[2]).toBe('for no rules.yml:5: it had held since about 1970-01-01T00:10:00Z only; its "for" asks 10m without a break');
  });

  test('its value was not over the level', async () => {
    expect((await explain({ alertname: 'Slow', job: 'b' }, 25))[1]).toBe(
      'expression no rules.yml:5: it fires when latency > 5, and that was 2 for {job="b"}',
    );
  });

  test('nothing was scraped, or nothing with these labels', async () => {
    expect((await explain({ alertname: 'Backwards', job: 'a' }, 20))[1]).toMatch(
      /expression no .*: queue found no series at .*: nothing was scraped or pushed under it$/,
    );
    expect((await explain({ alertname: 'Down', job: 'z' }, 20))[1]).toBe(
      'expression no rules.yml:9: up found 1 series, none of them with these labels',
    );
    expect((await explain({ alertname: 'Many', job: 'a' }, 20))[1]).toMatch(/wanted found no series/);
  });

  test('no rule gives such an alert', async () => {
    expect(await explain({ alertname: 'Gone' }, 20)).toEqual(['rule no : no rule here is named Gone; such an alert can only come from outside']);
    expect(await explain({ alertname: 'Slow', severity: 'ticket' }, 20)).toEqual([
      'rule no rules.yml:5: Slow gives other labels: {severity="page"} contradicts {alertname="Slow", severity="ticket"}',
    ]);
    expect(await explain({ job: 'a' }, 20)).toEqual(['rule no : the labels name no alertname, so that no rule can be looked up']);
  });
});
