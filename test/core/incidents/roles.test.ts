import { roleCards } from '#core/incidents/index.ts';
import { expect, test } from 'vitest';
import { room } from './room.ts';

test('each role has one card with a purpose, duties and a limit, the commander first', () => {
  expect(roleCards[0]!.role).toBe('Incident commander');
  expect(new Set(roleCards.map(({ role }) => role)).size).toBe(roleCards.length);
  for (const { purpose, duties, notTheirs } of roleCards) expect([purpose, notTheirs, ...duties].every((text) => text.endsWith('.'))).toBe(true);
});

test.each(roleCards.map(({ role, severalPeople }) => [role, severalPeople] as const))(
  '%s held by several: %s; nobody leaves it free',
  (role, several) => {
    const r = room();
    r.incidents.declare({ title: 'x', sev: 3, why: '', by: 'A' });
    r.incidents.setRole(1, role, 'Ada', 'A');
    r.incidents.setRole(1, role, 'Ada', 'A');
    expect(r.incidents.setRole(1, role, 'Bo', 'A').roles.map(({ who }) => who)).toEqual(several ? ['Ada', 'Bo'] : ['Bo']);
    expect(r.incidents.setRole(1, role, '', 'A').roles).toEqual([]);
  },
);
