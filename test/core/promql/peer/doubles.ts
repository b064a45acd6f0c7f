const bits = new DataView(new ArrayBuffer(16));

/** How many doubles lie between two numbers; NaN equals NaN. */
export function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  bits.setFloat64(0, a);
  bits.setFloat64(8, b);
  const order = (at: number): bigint => {
    const raw = bits.getBigInt64(at);
    return raw < 0n ? -(raw & 0x7fffffffffffffffn) : raw;
  };
  const between = order(0) - order(8);
  return Number(between < 0n ? -between : between);
}

/** A float as Prometheus' JSON has it. */
export function parseValue(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}
