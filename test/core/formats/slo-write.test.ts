import { describe, expect, test } from 'vitest';
import { burnWindows, readSloFile, writeOpenSlo, type SloIndicator, type SloSpec } from '#core/formats/index.ts';
import { sloQueries } from '#core/rules/index.ts';

const none = { labels: [], annotations: [] };
const base: Omit<SloSpec, 'indicator'> = {
  file: 'a.yml',
  line: 1,
  form: 'openslo/v1',
  service: 'shop',
  name: 'checkout',
  title: 'Checkout answers',
  description: 'Orders can be placed.',
  labels: [],
  objective: 99.9,
  periodMs: 28 * 86_400_000,
  alerting: { name: 'Checkout answers', windows: burnWindows.slice(0, 2), page: none, ticket: none, minEvents: 100 },
};
const indicators: SloIndicator[] = [
  { kind: 'events', of: 'bad', query: 'http_requests_total{code=~"5.."}', total: 'http_requests_total', counter: true },
  { kind: 'latency', metric: 'http_seconds', matchers: 'job="shop"', seconds: 0.3, histogram: 'classic' },
  { kind: 'latency', metric: 'http_seconds', matchers: 'job="shop"', seconds: 0.3, histogram: 'native' },
  { kind: 'threshold', query: 'queue_length', op: '<', value: 100 },
];

describe('an objective written as OpenSLO is read as the same', () => {
  test.each(indicators.map((indicator) => [`${indicator.kind} ${'histogram' in indicator ? indicator.histogram : ''}`, indicator] as const))(
    '%s',
    (_name, indicator) => {
      const text = writeOpenSlo({ ...base, indicator });
      const { slos, problems } = readSloFile(text, 'a.yml');
      expect(problems).toEqual([]);
      expect(slos).toHaveLength(1);
      const [read] = slos as [SloSpec];
      expect(read).toMatchObject({ service: 'shop', name: 'checkout', title: 'Checkout answers', objective: 99.9, periodMs: base.periodMs });
      expect(read.alerting.minEvents).toBe(100);
      expect(read.alerting.windows.map(({ severity, longMs, shortMs, share }) => [severity, longMs, shortMs, Number(share.toFixed(9))])).toEqual(
        burnWindows.slice(0, 2).map(({ severity, longMs, shortMs, share }) => [severity, longMs, shortMs, share]),
      );
      if (indicator.kind !== 'latency') expect(read.indicator).toEqual(indicator);
      else
        expect(sloQueries(read).burnRate(300_000).replace(/\s+/g, ' ')).toContain(
          indicator.histogram === 'native' ? 'histogram_fraction(0, 0.3' : 'le="0.3"',
        );
    },
  );

  test('policies by reference, and ones that say nothing of burn rates', () => {
    const text = writeOpenSlo({ ...base, indicator: indicators[0]! });
    const bare = text.replace(/ {2}alertPolicies:[\s\S]*$/, '  alertPolicies:\n    - team-pager\n');
    expect(readSloFile(bare, 'a.yml').slos[0]!.alerting.windows).toEqual(burnWindows);
    const defined = `${bare}---\napiVersion: openslo/v1\nkind: AlertPolicy\nmetadata: {name: team-pager}\nspec:\n  conditions:\n    - kind: AlertCondition\n      metadata: {name: c}\n      spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 2h, alertAfter: 10m}}\n`;
    expect(readSloFile(defined, 'a.yml').slos[0]!.alerting.windows).toEqual([
      { severity: 'page', longMs: 7_200_000, shortMs: 600_000, share: (2 * 7_200_000) / base.periodMs },
    ]);
  });
});
