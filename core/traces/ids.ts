/** Ids as bytes and as hex digits. */
const digits = '0123456789abcdef';
const byteTexts = Array.from({ length: 256 }, (_, byte) => digits[byte >> 4]! + digits[byte & 15]!);

/** Ids of `width` bytes, one behind the other. */
export function bytesOfHex(ids: readonly string[], width: number): Uint8Array {
  const bytes = new Uint8Array(ids.length * width);
  let at = 0;
  for (const id of ids) {
    for (let i = 0; i < width * 2; i += 2) bytes[at++] = (nibble(id.charCodeAt(i)) << 4) | nibble(id.charCodeAt(i + 1));
  }
  return bytes;
}

/** Of a lower-case hex digit; the letters lie 39 beyond the digits. */
function nibble(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

/** The id of `width` bytes at `index`. */
export function hexAt(bytes: Uint8Array, index: number, width: number): string {
  let text = '';
  for (let at = index * width; at < (index + 1) * width; at++) text += byteTexts[bytes[at]!]!;
  return text;
}

/** Of a trace id in hex: its last four bytes as a number, which few others share. */
export function fingerprintOf(traceId: string): number {
  return Number.parseInt(traceId.slice(-8), 16);
}

/** The same of the id at `index` of trace ids as bytes. */
export function fingerprintOfBytes(traceIds: Uint8Array, index: number): number {
  const at = index * 16 + 12;
  return ((traceIds[at]! << 24) | (traceIds[at + 1]! << 16) | (traceIds[at + 2]! << 8) | traceIds[at + 3]!) >>> 0;
}

const hexForm = /^[0-9a-f]+$/;

/** Whether `text` is an id of `width` bytes, not all of them zero, in lower-case hex (W3C Trace Context, section 3.2.2). */
export function isId(text: string, width: number): boolean {
  return text.length === width * 2 && hexForm.test(text) && !(text.startsWith('0') && /^0+$/.test(text));
}
