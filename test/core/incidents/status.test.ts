import { draftUpdate, statusText } from '#core/incidents/index.ts';
import { expect, test } from 'vitest';
import { minuteMs, room } from './room.ts';

test('a draft says how it stands, what was done since the last update, and who is missing', async () => {
  const r = room();
  r.incidents.declare({ title: 'API fails', sev: 2, why: '', by: 'Ada' });
  r.incidents.note(1, 'first look', 'Ada');
  r.incidents.update(1, { conditions: 'c', actions: '', needs: '', by: 'Ada' });
  await r.clock.advance(12 * minuteMs);
  r.incidents.note(1, 'rolling back deploy 14\nlong story', 'Ada');
  const draft = () => draftUpdate(r.incidents.get(1), r.incidents.events(1), r.clock.now());
  expect(draft()).toEqual({
    conditions: 'API fails: SEV-2 (major degradation, more than 10 % of users), going on for 12m.',
    actions: 'rolling back deploy 14',
    needs: 'An incident commander.',
  });
  r.incidents.setRole(1, 'Incident commander', 'Grace', 'Ada');
  r.incidents.mitigate(1, 'rolled back', 'Ada');
  expect(draft()).toEqual({
    conditions: 'API fails: SEV-2 (major degradation, more than 10 % of users), mitigated, and watched.',
    actions: 'rolling back deploy 14\nrolled back',
    needs: '',
  });
});

test('the text for colleagues and the one for everybody', () => {
  const r = room();
  r.incidents.declare({ title: 'API fails', sev: 1, why: '', by: 'Ada' });
  const incident = r.incidents.setRole(1, 'Incident commander', 'Grace', 'Ada');
  const update = { conditions: 'All requests fail.\u001b[2J', actions: '', needs: 'A database person.', nextMs: r.clock.now() + 20 * minuteMs };
  expect(statusText(incident, update, 'internal', r.clock.now())).toBe(
    [
      'Incident 1, SEV-1, open: API fails (03:00 UTC)',
      'Conditions: All requests fail.␛[2J',
      'Actions: none yet',
      'Needs: A database person.',
      'Incident commander: Grace',
      'Next update by 03:20 UTC.',
    ].join('\n'),
  );
  expect(statusText(incident, { ...update, nextMs: undefined }, 'public', r.clock.now())).toBe(
    'We are working on it. All requests fail.␛[2J\nIt began at 03:00 UTC on 2026-01-05.',
  );
});
