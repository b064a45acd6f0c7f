/** What the build leaves in `out/`. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';

const out = resolve(import.meta.dirname, '../../out');
const textOf = (...path: string[]): string => readFileSync(join(out, ...path), 'utf8');

test('the preload is one CommonJS file that requires electron only, as a sandboxed one must', () => {
  expect(readdirSync(join(out, 'preload'))).toEqual(['index.cjs']);
  const code = textOf('preload', 'index.cjs');
  expect([...code.matchAll(/require\((['"`])(.+?)\1\)/g)].map((found) => found[2])).toEqual(['electron']);
  expect(code).not.toMatch(/^\s*(import|export)\s/m);
});

test('only the desktop entry needs electron', () => {
  const files = readdirSync(join(out, 'main'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  expect(files.filter((name) => /from ["']electron["']/.test(textOf('main', name)))).toEqual(['index.js']);
});

test('the list of assets is the files that are there', () => {
  const listed = JSON.parse(textOf('renderer', 'assets.json')) as string[];
  const there = readdirSync(join(out, 'renderer'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(there.length).toBe(listed.length + 1);
  expect(listed).toContain('index.html');
});
