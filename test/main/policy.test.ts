import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assetPath, externalAddress, freshNotices, isOurs, mayDownload, mayLoad, mayUse, noticeKey, openingIn } from '../../main/desktop/policy.ts';

describe('the desktop policy', () => {
  test.each([
    ['app://ui/', true],
    ['app://ui/assets/index.js?x#y', true],
    ['app://ui.evil/', false],
    ['app://evil/', false],
    ['app://user@ui/', false],
    ['https://ui/', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['about:blank', false],
    ['', false],
  ])('%s is ours: %s', (address, ours) => {
    expect(isOurs(address)).toBe(ours);
    expect(assetPath(address) !== undefined).toBe(ours);
  });

  test.each([
    ['app://ui/x', true],
    ['blob:app://ui/1', true],
    ['data:image/png;base64,AA', true],
    ['https://example.com/', false],
    ['http://127.0.0.1:9797/', false],
    ['file:///etc/passwd', false],
    ['devtools://devtools/x', false],
    ['ws://127.0.0.1:1/', false],
  ])('a packaged app loads %s: %s', (address, may) => {
    expect(mayLoad(address, true)).toBe(may);
  });

  test.each([
    ['https://example.com/a?b', 'example.com'],
    ['http://127.0.0.1:9090/graph', '127.0.0.1:9090'],
    ['mailto:oncall@example.com', ''],
  ])('%s may be opened outside', (address, host) => {
    expect(externalAddress(address)?.host).toBe(host);
  });

  test.each([
    'file:///etc/passwd',
    'smb://host/share',
    'ms-msdt:/id',
    'search-ms:query=x',
    'vscode://x',
    'javascript:alert(1)',
    'data:text/html,x',
    'signalbox://alerts',
    '\\\\host\\share',
    'http:\\\\example.com',
    'https://user:secret@example.com/',
    'https://example.com@evil.example/',
    'https://example.com/\u202egnp.exe',
    'https://exam\u200bple.com/',
    'https://example.com/\u0000',
    'https://example.com/ x',
    ' https://example.com/',
    'https://',
    'not an address',
    '',
  ])('%j may not be opened outside', (address) => {
    expect(externalAddress(address)).toBeUndefined();
  });

  test('one permission is granted, and downloads that the screen made itself', () => {
    expect(['clipboard-sanitized-write', 'clipboard-read', 'media', 'notifications', 'openExternal'].filter(mayUse)).toEqual([
      'clipboard-sanitized-write',
    ]);
    expect(mayDownload('blob:app://ui/3f')).toBe(true);
    expect(['https://example.com/x.zip', 'blob:https://example.com/3f', 'data:text/plain,x', 'app://ui/assets/index.js'].filter(mayDownload)).toEqual(
      [],
    );
  });

  test.each([
    [['/opt/signalbox', '--flag', 'signalbox://alerts/00ab?from=now-6h&to=now'], { kind: 'link', link: '#/alerts/00ab?from=now-6h&to=now' }],
    [['signalbox://incidents/7/'], { kind: 'link', link: '#/incidents/7' }],
    [['signalbox://'], { kind: 'link', link: '#/' }],
    [['x', '/home/a b/outage.signalbox'], { kind: 'case', file: '/home/a b/outage.signalbox' }],
    [['x', '--file=/x/outage.signalbox'], undefined],
    [['signalbox://<img src=x>'], undefined],
    [[`signalbox://${'a'.repeat(5_000)}`], undefined],
    [['x', 'https://example.com/'], undefined],
    [[], undefined],
  ])('%j opens %j', (args, opening) => {
    expect(openingIn(args)).toEqual(opening);
  });

  test('notices are told once, and those from before the start not at all', () => {
    const notice = (id: number, atMs: number): { id: number; atMs: number } => ({ id, atMs });
    const [old, first, again] = [notice(1, 50), notice(2, 100), notice(1, 200)];
    expect(freshNotices([old, first], new Set(), 100)).toEqual([first]);
    expect(freshNotices([old, first, again], new Set([old, first].map(noticeKey)), 100)).toEqual([again]);
  });
});

describe('windows', () => {
  const source = readFileSync(resolve(import.meta.dirname, '../../main/desktop/window.ts'), 'utf8');

  test('are made in one place', () => {
    const main = resolve(import.meta.dirname, '../../main');
    const makers = readdirSync(main, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && /new (BrowserWindow|BrowserView|WebContentsView)\(/.test(readFileSync(join(main, name), 'utf8')),
    );
    expect(makers).toEqual([join('desktop', 'window.ts')]);
  });

  test.each([
    ['sandbox', true],
    ['contextIsolation', true],
    ['nodeIntegration', false],
    ['nodeIntegrationInWorker', false],
    ['nodeIntegrationInSubFrames', false],
    ['webSecurity', true],
    ['webviewTag', false],
    ['allowRunningInsecureContent', false],
    ['experimentalFeatures', false],
    ['navigateOnDragDrop', false],
    ['spellcheck', false],
    ['safeDialogs', true],
  ])('say %s: %s', (name, value) => {
    expect(source).toMatch(new RegExp(`^ +${name}: ${value},$`, 'm'));
  });
});
