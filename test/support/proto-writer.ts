/** A small protobuf writer for tests: fields in the order they are given. */
export type Field =
  | readonly [number: number, kind: 'varint' | 'int' | 'zigzag', value: number]
  | readonly [number: number, kind: 'double', value: number]
  | readonly [number: number, kind: 'fixed64', value: number | bigint]
  | readonly [number: number, kind: 'bytes', value: Uint8Array | string]
  | readonly [number: number, kind: 'message', value: readonly Field[]];

export function proto(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, kind, value] of fields) {
    if (kind === 'varint' || kind === 'int' || kind === 'zigzag') {
      const whole = BigInt(value);
      parts.push(varint(BigInt(number) << 3n), varint(kind === 'zigzag' ? (whole < 0n ? -whole * 2n - 1n : whole * 2n) : BigInt.asUintN(64, whole)));
    } else if (kind === 'double' || kind === 'fixed64') {
      const view = new DataView(new ArrayBuffer(8));
      if (kind === 'double') view.setFloat64(0, value, true);
      else view.setBigUint64(0, BigInt(value), true);
      parts.push(varint((BigInt(number) << 3n) | 1n), new Uint8Array(view.buffer));
    } else {
      const bytes = kind === 'message' ? proto(value) : Buffer.from(value as string);
      parts.push(varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.length)), bytes);
    }
  }
  return Buffer.concat(parts);
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}
