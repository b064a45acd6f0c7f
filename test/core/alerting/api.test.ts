/** Alertmanager's API as a table of requests; status and fields are those of Alertmanager 0.33, but for 422, which is 400 here. */
import { describe, expect, test } from 'vitest';
import { answerAlertmanagerApi } from '#core/alerting/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { open } from './support/bench.ts';

const config = `route: {receiver: team, group_by: [alertname]}
inhibit_rules: [{source_matchers: [alertname="Src"], target_matchers: [alertname="Tgt"]}]
receivers: [{name: team, labels: {area: shop}}, {name: other}]
`;
const iso = (minutes: number): string => new Date(Date.UTC(2026, 0, 5, 3) + minutes * 60_000).toISOString();
const matchers = [{ name: 'alertname', value: 'A', isRegex: false, isEqual: true }];
const silence = { matchers, startsAt: iso(0), endsAt: iso(60), createdBy: 'ada', comment: 'known' };

type Row = readonly [method: string, path: string, body: unknown, status: number, answer?: unknown];

function run(rows: readonly Row[]): void {
  const { alerting } = open({ config: parseAlertmanagerConfig(config, 'am.yml') });
  for (const [method, path, body, status, answer] of rows) {
    const id = alerting.silences()[0]?.id ?? '';
    const [route, query = ''] = path.replace('{id}', id).split('?') as [string, string?];
    const bytes = new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body));
    const made = { port: 'app', method, path: `/api/v2${route}`, query, headers: {}, body: bytes } as const;
    const given = answerAlertmanagerApi(alerting, made, { startedMs: 0, version: '0' })!;
    expect([method, path, given.status]).toEqual([method, path, status]);
    if (answer !== undefined) expect(JSON.parse(String(given.body))).toMatchObject(answer as object);
  }
}

describe('posted alerts', () => {
  test.each<readonly [name: string, rows: readonly Row[]]>([
    [
      'an end that is missing comes after resolve_timeout, a start that is missing is now; no source, no field for it',
      [
        ['POST', '/alerts', [{ labels: { alertname: 'A', empty: '' } }], 200],
        ['GET', '/alerts', undefined, 200, [{ labels: { alertname: 'A' }, startsAt: iso(0), endsAt: iso(5), receivers: [{ name: 'team' }] }]],
      ],
    ],
    [
      'with an end alone that is its start; zero times are none',
      [
        ['POST', '/alerts', [{ labels: { alertname: 'E' }, endsAt: iso(2) }], 200],
        ['POST', '/alerts', [{ labels: { alertname: 'Z' }, startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00Z' }], 200],
        ['GET', '/alerts?filter=alertname%3DE', undefined, 200, [{ startsAt: iso(2), endsAt: iso(2) }]],
        ['GET', '/alerts?filter=alertname%3DZ', undefined, 200, [{ startsAt: iso(0), endsAt: iso(5) }]],
      ],
    ],
    [
      'what is over is not listed, what contradicts itself is refused, the rest of its request is taken',
      [
        ['POST', '/alerts', [{ labels: { alertname: 'Past' }, startsAt: iso(-10), endsAt: iso(-1) }], 200],
        ['POST', '/alerts', [{ labels: { alertname: 'Wrong' }, startsAt: iso(2), endsAt: iso(1) }, { labels: { alertname: 'Good' } }], 400],
        ['POST', '/alerts', [{ labels: {} }], 400],
        ['POST', '/alerts', {}, 400],
        ['GET', '/alerts', undefined, 200, [{ labels: { alertname: 'Good' } }]],
      ],
    ],
    [
      'inhibited ones are told apart',
      [
        ['POST', '/alerts', [{ labels: { alertname: 'Src' } }, { labels: { alertname: 'Tgt' } }], 200],
        ['GET', '/alerts?active=false', undefined, 200, [{ labels: { alertname: 'Tgt' }, status: { state: 'suppressed' } }]],
        ['GET', '/alerts/groups?inhibited=false', undefined, 200, [{ labels: { alertname: 'Src' }, receiver: { name: 'team' } }]],
        ['GET', '/alerts?receiver=%28', undefined, 400],
        ['GET', '/alerts?filter=bad', undefined, 400],
      ],
    ],
  ])('%s', (_name, rows) => run(rows));

  test('an alert without a source has no generatorURL', () => {
    const { alerting } = open({ config: parseAlertmanagerConfig(config, 'am.yml') });
    alerting.post([{ labels: ['alertname', 'A'], annotations: [], startsMs: undefined, endsMs: undefined, generatorUrl: '' }]);
    const made = { port: 'app', method: 'GET', path: '/api/v2/alerts', query: '', headers: {}, body: new Uint8Array() } as const;
    const given = answerAlertmanagerApi(alerting, made, { startedMs: 0, version: '0' })!;
    expect(String(given.body)).not.toContain('generatorURL');
  });
});

describe('silences', () => {
  test.each<readonly [name: string, rows: readonly Row[]]>([
    [
      'are ended, and ended again without complaint',
      [
        ['POST', '/silences', silence, 200],
        ['GET', '/silence/{id}', undefined, 200, { status: { state: 'active' }, comment: 'known', matchers }],
        ['DELETE', '/silence/{id}', undefined, 200],
        ['DELETE', '/silence/{id}', undefined, 200],
        ['GET', '/silence/{id}', undefined, 200, { status: { state: 'expired' } }],
        ['DELETE', '/silence/00000000-0000-0000-0000-000000000000', undefined, 404],
      ],
    ],
    [
      'need all their fields, though words may be empty',
      [
        ['POST', '/silences', { ...silence, createdBy: '', comment: '' }, 200],
        ['POST', '/silences', { ...silence, comment: undefined }, 400],
        ['POST', '/silences', { ...silence, createdBy: undefined }, 400],
        ['POST', '/silences', { ...silence, startsAt: undefined }, 400],
        ['POST', '/silences', { ...silence, matchers: [] }, 400],
        ['POST', '/silences', { ...silence, matchers: [{ name: 'a', value: '.*', isRegex: true }] }, 400],
        ['POST', '/silences', { ...silence, startsAt: iso(60), endsAt: iso(1) }, 400],
        ['POST', '/silences', { ...silence, startsAt: iso(-60), endsAt: iso(-1) }, 400],
        ['POST', '/silences', { ...silence, id: 'nope' }, 404],
      ],
    ],
  ])('%s', (_name, rows) => run(rows));
});

test('receivers carry their labels, and their name as one', () =>
  run([
    [
      'GET',
      '/receivers',
      undefined,
      200,
      [
        { name: 'team', labels: { name: 'team', area: 'shop' } },
        { name: 'other', labels: { name: 'other' } },
      ],
    ],
  ]));
