import type { Notice } from '#core/contract/index.ts';

/** A notice as one line: what several alerts of a group say alike is said once. */
export function noticeLine({ title, body }: Pick<Notice, 'title' | 'body'>): string {
  const said = [...new Set(body.split('\n').map((line) => line.trim()))].filter((line) => line !== '').join('; ');
  return said === '' ? title : `${title}: ${said}`;
}
