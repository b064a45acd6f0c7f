import { describe, expect, test } from 'vitest';
import { keyName, matchKeys, shownKeys, type KeyBinding } from '../../renderer/shell/keymap.ts';
import { matchScore, rank } from '../../renderer/shell/palette.ts';

const bind = (keys: string): KeyBinding => ({ keys, title: keys, group: 'x', act: () => undefined });
const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

describe('keys', () => {
  test.each([
    [{ ...plain, key: 'a' }, 'a'],
    [{ ...plain, key: '?', shiftKey: true }, '?'],
    [{ ...plain, key: 'K', ctrlKey: true }, 'Mod+k'],
    [{ ...plain, key: 'k', metaKey: true }, 'Mod+k'],
    [{ ...plain, key: 'ArrowLeft', shiftKey: true }, 'Shift+ArrowLeft'],
  ])('%o is %s', (press, name) => {
    expect(keyName(press)).toBe(name);
  });

  test('a sequence is begun, then done', () => {
    const bindings = [bind('g a'), bind('a')];
    expect(matchKeys(bindings, '', 'g')).toEqual({ kind: 'begun', pressed: 'g' });
    expect(matchKeys(bindings, 'g', 'a')).toEqual({ kind: 'act', binding: bindings[0] });
  });

  test('a key that does not go on with the sequence stands for itself', () => {
    const bindings = [bind('g a'), bind('x')];
    expect(matchKeys(bindings, 'g', 'x')).toEqual({ kind: 'act', binding: bindings[1] });
    expect(matchKeys(bindings, 'g', 'y')).toEqual({ kind: 'none' });
    expect(matchKeys(bindings, 'g', 'g')).toEqual({ kind: 'begun', pressed: 'g' });
  });

  test('the view on the screen wins over the app', () => {
    const [app, view] = [bind('c'), bind('c')];
    expect(matchKeys([app, view], '', 'c')).toEqual({ kind: 'act', binding: view });
  });

  test('are shown as they are printed on this machine', () => {
    expect(shownKeys('Mod+k', false)).toBe('Ctrl+K');
    expect(shownKeys('Mod+k', true)).toBe('⌘K');
    expect(shownKeys('t ArrowLeft', false)).toBe('t ←');
    expect(shownKeys('g a', false)).toBe('g a');
  });
});

describe('the palette', () => {
  const items = ['Alerts', 'Latency of checkout', 'http_requests_total', 'Settings'].map((title) => ({ title }));
  const titles = (typed: string): readonly string[] => rank(typed, items, 10).map((item) => item.title);

  test('finds by part, the beginning of a word first', () => {
    expect(titles('late')).toEqual(['Latency of checkout']);
    expect(titles('s')[0]).toBe('Settings');
  });
  test('finds by the beginnings of words', () => expect(titles('hrt')).toEqual(['http_requests_total']));
  test('does not find by scattered letters', () => expect(matchScore('lat', 'queue_length waits')).toBeUndefined());
  test('shows all for nothing typed', () => expect(titles(' ')).toHaveLength(4));
  test('finds by the words beside a title, after the titles', () => {
    const worded = [{ title: 'up', words: 'alerts of nodes' }, { title: 'Alerts' }];
    expect(rank('alerts', worded, 10).map((item) => item.title)).toEqual(['Alerts', 'up']);
  });
});
