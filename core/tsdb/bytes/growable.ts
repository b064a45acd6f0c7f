type Growable = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** `array` itself when it holds `length` entries, else a larger copy (at least doubled), zero-filled at its end. */
export function grown<T extends Growable>(array: T, length: number): T {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
