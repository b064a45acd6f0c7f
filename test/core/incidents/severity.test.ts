import { suggestSev, suggestTitle } from '#core/incidents/index.ts';
import { labelsFromRecord, noLabels } from '#core/model/index.ts';
import { expect, test } from 'vitest';
import { firing } from './room.ts';

test.each([
  [0.51, 1, '51 % of users affected: complete outage, or more than 50 % of users'],
  [1, 1, '100 % of users affected: complete outage, or more than 50 % of users'],
  [0.5, 1, '50 % of users affected, on the border, so the worse one: complete outage, or more than 50 % of users'],
  [0.12, 2, '12 % of users affected: major degradation, more than 10 % of users'],
  [0.1, 2, '10 % of users affected, on the border, so the worse one: major degradation, more than 10 % of users'],
  [0.0004, 3, '0.04 % of users affected: minor degradation, less than 10 % of users'],
  [0, 4, '0 % of users affected: no user impact, potential risk'],
] as const)('a share of %d is SEV-%d', (share, sev, why) => {
  expect(suggestSev(share, 'affected', noLabels)).toEqual({ sev, why });
});

test.each([
  [undefined, 'affected', { severity: 'critical' }, 2, 'no data for the share of users affected (affected); the alert\'s severity is "critical"'],
  [Number.NaN, 'affected', { severity: 'Warning' }, 3, 'no data for the share of users affected (affected); the alert\'s severity is "Warning"'],
  [undefined, '', { severity: 'info' }, 4, 'no query for the share of users affected is set; the alert\'s severity is "info"'],
  [
    undefined,
    '',
    { severity: 'constructor' },
    2,
    'no query for the share of users affected is set, and the severity "constructor" is not known; in doubt, the worse one',
  ],
  [
    undefined,
    '',
    { alertname: 'X' },
    2,
    'no query for the share of users affected is set, and the alert has no severity label; in doubt, the worse one',
  ],
  [undefined, '', {}, 2, 'no query for the share of users affected is set, and no alert says how severe it is; in doubt, the worse one'],
  [
    12,
    'affected',
    { severity: 'page' },
    2,
    'the query for the share of users affected gives 12, which is no share from 0 to 1 (affected); the alert\'s severity is "page"',
  ],
  [-0.1, 'affected', {}, 2, expect.stringContaining('gives -0.1')],
] as const)('without a usable share (%d, %s, %o) the severity decides: SEV-%d', (share, expr, labels, sev, why) => {
  expect(suggestSev(share, expr, labelsFromRecord(labels))).toEqual({ sev, why });
});

test.each([
  [firing(0), 'api answers one request of five with an error'],
  [firing(0, {}, { annotations: labelsFromRecord({ summary: ' two\n lines ' }) }), 'two lines'],
  [firing(0, { service: 'shop' }, { annotations: noLabels }), 'HighErrorRate on shop'],
  [firing(0, {}, { annotations: noLabels, labels: labelsFromRecord({ alertname: 'Watchdog' }) }), 'Watchdog'],
])('a title for an alert', (alert, title) => {
  expect(suggestTitle(alert)).toBe(title);
});
