/** What the desktop allows, as pure decisions: reliability, section 2a. */

export const appScheme = 'app';
const appHost = 'ui';
export const appOrigin = `${appScheme}://${appHost}`;

/** Node's URL calls the origin of such an address `null`, so protocol and host are compared. */
export function isOurs(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === `${appScheme}:` && url.host === appHost && url.username === '' && url.password === '';
}

/** The asset path of an address of ours; undefined for any other host. The path is as it came, to be looked up, not joined. */
export function assetPath(address: string): string | undefined {
  if (!isOurs(address)) return undefined;
  return new URL(address).pathname;
}

/** What a page may load at all; everything else is cancelled before it leaves. */
export function mayLoad(address: string, isPackaged: boolean): boolean {
  return isOurs(address) || /^(?:blob|data):/.test(address) || (!isPackaged && address.startsWith('devtools:'));
}

/** The only permission: notifications are shown by the main process, and everything else is not needed. */
export const mayUse = (permission: string): boolean => permission === 'clipboard-sanitized-write';

/** A download is allowed when the screen itself made its content. */
export const mayDownload = (address: string): boolean => address.startsWith(`blob:${appOrigin}/`);

/**
 * An address that may be handed to the person's browser, once they agreed; undefined for all others. Schemes that start
 * programs, names with a user part and characters that hide where it leads are refused.
 */
export function externalAddress(address: string): URL | undefined {
  // Control, format (zero-width and bidirectional marks) and separator characters, and backslashes.
  if (/[\p{C}\p{Z}\\]/u.test(address)) return undefined;
  const url = URL.parse(address);
  if (url === null || !['https:', 'http:', 'mailto:'].includes(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return url;
}

/** What the system asked the app to open. Links only show a place; nothing is run or imported by them. */
export type Opening = { readonly kind: 'link'; readonly link: string } | { readonly kind: 'case'; readonly file: string };

/** A place in the app: path and parameters as the screen writes them. */
const placeForm = /^[\w/.~%?&=+:,;@!*'()-]{0,4000}$/;

/** Finds it among arguments, in which Chromium leaves switches of its own. `signalbox://alerts/00ab` is `#/alerts/00ab`. */
export function openingIn(args: readonly string[]): Opening | undefined {
  const link = args.find((arg) => arg.startsWith('signalbox://'));
  if (link !== undefined) {
    const place = link.slice('signalbox://'.length).replace(/\/+$/, '');
    return placeForm.test(place) ? { kind: 'link', link: `#/${place}` } : undefined;
  }
  const file = args.find((arg) => !arg.startsWith('-') && arg.endsWith('.signalbox'));
  return file === undefined ? undefined : { kind: 'case', file };
}

/** Notices that a person has not been told of: those after the app started, each once. */
export function freshNotices<N extends { readonly id: number; readonly atMs: number }>(
  notices: readonly N[],
  told: ReadonlySet<string>,
  sinceMs: number,
): N[] {
  return notices.filter((notice) => notice.atMs >= sinceMs && !told.has(noticeKey(notice)));
}

/** Ids start again when the engine does. */
export const noticeKey = (notice: { readonly id: number; readonly atMs: number }): string => `${notice.id} ${notice.atMs}`;
