/** What the practice system's owners would configure is taken by the readers that take everybody's. */
import { expect, test } from 'vitest';
import { parseSignalboxConfig, readRuleFile, readSloFile } from '#core/formats/index.ts';
import { faults, practiceRules, practiceScrapes, practiceSlos, practiceUsersAffected, services } from '#core/practice/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { sloRuleFile } from '#core/rules/index.ts';

test('a job for each process that is up, and none before', () => {
  const ports = Object.fromEntries(services.map((service, i) => [service, 9_000 + i]));
  const { scrapeConfigs, warnings } = parseSignalboxConfig(practiceScrapes(ports), 'practice');
  expect(scrapeConfigs.map(({ job, staticGroups }) => `${job} ${staticGroups[0]?.targets[0]}`)).toEqual(
    services.map((service, i) => `${service} 127.0.0.1:${9_000 + i}`),
  );
  expect(warnings).toEqual([]);
  expect(parseSignalboxConfig(practiceScrapes({}), 'practice').scrapeConfigs).toEqual([]);
});

test('its rules and objectives are read without a complaint', () => {
  const rules = readRuleFile(practiceRules, 'practice', parseExpr);
  expect(rules.problems).toEqual([]);
  const slos = readSloFile(practiceSlos, 'practice');
  expect(slos.problems).toEqual([]);
  expect(readRuleFile(sloRuleFile(slos.slos), 'made', parseExpr).problems).toEqual([]);
  expect(() => parseExpr(practiceUsersAffected)).not.toThrow();
});

test('every fault is told apart by its name, and is one of a process that is there', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  for (const { service } of faults) expect(services).toContain(service);
});
