import { describe, expect, test } from 'vitest';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { parseTime } from '#core/model/index.ts';
import { inNamedInterval } from '../../../core/alerting/times.ts';

/** An interval as alertmanager.yml has it, moments inside, and moments outside. */
const table: readonly (readonly [interval: string, inside: readonly string[], outside: readonly string[]])[] = [
  ['{}', ['2026-01-05T03:00:00Z'], []],
  [
    "times: [{ start_time: '09:00', end_time: '17:00' }]",
    ['2026-01-05T09:00:00Z', '2026-01-05T16:59:59Z'],
    ['2026-01-05T08:59:59Z', '2026-01-05T17:00:00Z'],
  ],
  [
    "times: [{ start_time: '22:00', end_time: '24:00' }, { start_time: '00:00', end_time: '06:00' }]",
    ['2026-01-05T23:59:59Z', '2026-01-05T00:00:00Z'],
    ['2026-01-05T06:00:00Z'],
  ],
  ["weekdays: ['monday:friday']", ['2026-01-05T12:00:00Z', '2026-01-09T23:59:59Z'], ['2026-01-10T00:00:00Z', '2026-01-11T12:00:00Z']],
  ["weekdays: ['saturday', 'sunday']", ['2026-01-10T00:00:00Z', '2026-01-11T12:00:00Z'], ['2026-01-12T00:00:00Z']],
  [
    "days_of_month: ['-3:-1']",
    ['2026-02-26T00:00:00Z', '2026-02-28T23:59:59Z', '2024-02-27T00:00:00Z'],
    ['2026-02-25T23:59:59Z', '2024-02-26T12:00:00Z'],
  ],
  ["days_of_month: ['1', '15:16']", ['2026-03-01T12:00:00Z', '2026-03-16T12:00:00Z'], ['2026-03-02T12:00:00Z', '2026-03-17T00:00:00Z']],
  ["days_of_month: ['29:31']", ['2026-01-29T12:00:00Z', '2024-02-29T12:00:00Z'], ['2026-02-28T12:00:00Z']],
  ["months: ['december:december', '1']", ['2026-12-31T23:59:59Z', '2026-01-01T00:00:00Z'], ['2026-02-01T00:00:00Z']],
  ["years: ['2026:2027']", ['2026-01-01T00:00:00Z', '2027-12-31T23:59:59Z'], ['2025-12-31T23:59:59Z', '2028-01-01T00:00:00Z']],
  // Berlin is at +1 in winter and at +2 in summer; the clocks go forward on 29 March 2026 and back on 25 October.
  [
    "{ times: [{ start_time: '09:00', end_time: '17:00' }], location: Europe/Berlin }",
    ['2026-01-05T08:00:00Z', '2026-07-06T07:00:00Z', '2026-03-30T07:00:00Z'],
    ['2026-01-05T07:59:59Z', '2026-07-06T15:00:00Z', '2026-10-26T07:59:59Z'],
  ],
  [
    "{ times: [{ start_time: '02:00', end_time: '03:00' }], location: Europe/Berlin }",
    ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z'],
  ],
  ["{ weekdays: ['monday'], location: Pacific/Auckland }", ['2026-01-04T11:00:00Z'], ['2026-01-04T10:59:59Z', '2026-01-05T11:00:00Z']],
  [
    "{ days_of_month: ['-1'], months: ['february'], location: America/New_York }",
    ['2026-03-01T04:59:59Z'],
    ['2026-03-01T05:00:00Z', '2026-02-28T04:59:59Z'],
  ],
];

describe('time intervals', () => {
  test.each(table)('%s', (interval, inside, outside) => {
    const braced = interval.startsWith('{') ? interval : `{ ${interval} }`;
    const text = `{ route: { receiver: a }, receivers: [{ name: a }], time_intervals: [{ name: t, time_intervals: [${braced}] }] }`;
    const [named] = parseAlertmanagerConfig(text, 'a.yml').intervals;
    for (const time of inside) expect(inNamedInterval(named!, parseTime(time)!), `${time} is inside`).toBe(true);
    for (const time of outside) expect(inNamedInterval(named!, parseTime(time)!), `${time} is outside`).toBe(false);
  });
});
