import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { postmortem, postmortemSections, readTemplate } from '#core/incidents/index.ts';
import { sectionsOf, standardTemplate } from '#core/incidents/template.ts';
import { createRunbooks } from '#core/runbooks/index.ts';
import { describe, expect, test } from 'vitest';
import { room } from './room.ts';

const shipped = join(import.meta.dirname, '../../../runbooks');
const templates = readdirSync(join(shipped, 'templates'));

function written(template: string, title = 'API fails'): string {
  const r = room();
  r.incidents.declare({ title, sev: 2, why: '', by: 'Ada' });
  return postmortem({ incident: r.incidents.get(1), events: r.incidents.events(1), charts: [], nowMs: r.clock.now(), template });
}

test('the standard one asks for every section there is', () => {
  expect([...new Set(sectionsOf(standardTemplate))].sort()).toEqual([...postmortemSections].sort());
});

describe.each(templates)('the template %s', (name) => {
  const text = readFileSync(join(shipped, 'templates', name), 'utf8');

  test('has a title and asks only for what there is', () => {
    const { title, body } = readTemplate(text);
    expect(title).not.toBe('');
    expect(sectionsOf(body).length).toBeGreaterThan(3);
    expect(sectionsOf(body).filter((section) => !postmortemSections.includes(section))).toEqual([]);
  });

  test('is written in full, without its front matter', () => {
    const markdown = written(text);
    expect(markdown).toMatch(/^# .*API fails\n/);
    expect(markdown).not.toMatch(/\{\{|---\ntitle/);
  });
});

test('every section is described in the README', () => {
  const readme = readFileSync(join(shipped, 'README.md'), 'utf8');
  expect(postmortemSections.filter((section) => !readme.includes(`{{${section}}}`))).toEqual([]);
});

test('an unknown section says so; what a section says is no template', () => {
  expect(written('{{ title }} {{nope}}', '{{data}}')).toMatch(/^\{\{data\}\} _There is no section "nope"; there are title, facts, /);
});

test('templates are found beside the runbooks, those of the user first', () => {
  const r = room();
  const runbooks = createRunbooks({ folders: [shipped], db: r.db, clock: r.clock, query: () => Promise.resolve({ samples: [] }) });
  expect([...runbooks.templates().keys()].sort()).toEqual(templates.map((name) => name.replace('.md', '')).sort());
  expect(readTemplate(runbooks.templates().get('short')!).title).toBe('Short review');
});
