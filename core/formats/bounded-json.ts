import { EngineError } from '#core/model/index.ts';

const depthMax = 64;
/** Every value costs some 50 bytes of heap, however short its text: this many cost about 100 MB at most. */
const valuesMax = 2_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * JSON from outside: its depth and the number of its values are counted over the bytes before anything is built. Throws
 * EngineError `invalid` or `limit`.
 */
export function parseBoundedJson(body: Uint8Array): unknown {
  checkShape(body);
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    throw new EngineError('invalid', `the body is not JSON: ${(error as Error).message}`);
  }
}

function checkShape(body: Uint8Array): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < body.length; at++) {
    const b = body[at]!;
    if (b === 0x22) at = stringEnd(body, at);
    else if (b === 0x7b || b === 0x5b) {
      values++;
      if (++depth > depthMax) throw new EngineError('limit', `the JSON is nested deeper than ${depthMax}`);
    } else if (b === 0x7d || b === 0x5d) depth--;
    else if (b === 0x2c && ++values > valuesMax) throw new EngineError('limit', `the JSON holds more than ${valuesMax} values`);
  }
}

/** Where a string that begins at `from` has its closing quote; the end of the body when it has none. */
function stringEnd(body: Uint8Array, from: number): number {
  for (let at = from + 1; at < body.length; at++) {
    if (body[at] === 0x5c) at++;
    else if (body[at] === 0x22) return at;
  }
  return body.length;
}
