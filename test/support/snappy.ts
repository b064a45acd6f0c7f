/** A plain snappy compressor for tests: copies of up to 64 bytes found by a hash of four, literals between. */
export function snappyEncode(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let length = bytes.length;
  while (length >= 0x80) {
    out.push((length & 0x7f) | 0x80);
    length = Math.floor(length / 128);
  }
  out.push(length);
  const seen = new Map<number, number>();
  let literalFrom = 0;
  const literal = (to: number): void => {
    for (let from = literalFrom; from < to; from += 65536) {
      const part = bytes.subarray(from, Math.min(to, from + 65536));
      const n = part.length - 1;
      if (n < 60) out.push(n << 2);
      else if (n < 256) out.push(60 << 2, n);
      else out.push(61 << 2, n & 255, n >> 8);
      for (const b of part) out.push(b);
    }
  };
  for (let at = 0; at + 4 <= bytes.length;) {
    const key = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const before = seen.get(key);
    seen.set(key, at);
    if (before === undefined || at - before > 65535) {
      at++;
      continue;
    }
    literal(at);
    let size = 4;
    while (size < 64 && at + size < bytes.length && bytes[before + size] === bytes[at + size]) size++;
    const back = at - before;
    if (size <= 11 && back < 2048) out.push(1 | ((size - 4) << 2) | ((back >> 8) << 5), back & 255);
    else out.push(2 | ((size - 1) << 2), back & 255, back >> 8);
    at += size;
    literalFrom = at;
  }
  literal(bytes.length);
  return Uint8Array.from(out);
}
