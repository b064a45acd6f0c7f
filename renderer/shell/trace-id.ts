/** A trace id as people paste it: of 64 bits too, in capitals, or inside a traceparent. Undefined when it is none. */
export function traceIdOf(text: string): string | undefined {
  const bare = text.trim().toLowerCase();
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(bare)?.[1] ?? bare.replaceAll('-', '');
  return /^[0-9a-f]{1,32}$/.test(id) && !/^0+$/.test(id) ? id.padStart(32, '0') : undefined;
}

/** Whether a text looks like a trace id rather than a word that happens to be of hex digits. */
export const looksLikeTraceId = (text: string): boolean => /^[0-9a-f-]{16,55}$/i.test(text.trim()) && traceIdOf(text) !== undefined;
