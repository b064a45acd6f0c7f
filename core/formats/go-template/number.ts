/**
 * Numbers as Go's strconv writes them: `e`, `f` and `g` with a precision or in the shortest form that reads back the same.
 * Rounding is exact and half to even, which neither toFixed nor toPrecision promises.
 */
type FloatForm = 'e' | 'f' | 'g';

/** value = 0.digits x 10^point; digits carries neither leading nor trailing zeros and is empty for 0. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** `precision` -1 asks for the shortest form. */
export function formatFloat(value: number, form: FloatForm, precision = -1): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatMagnitude(Math.abs(value), form, precision);
}

function formatMagnitude(value: number, form: FloatForm, precision: number): string {
  const shortest = precision < 0;
  const wanted = form === 'g' && precision === 0 ? 1 : precision;
  const decimal = shortest ? shortestDecimal(value) : roundedDecimal(value, form, wanted);
  const { digits, point } = decimal;
  if (form === 'e') return withExponent(decimal, shortest ? Math.max(digits.length - 1, 0) : precision);
  if (form === 'f') return withPoint(decimal, shortest ? Math.max(digits.length - point, 0) : precision);
  const exponent = digits === '' ? 0 : point - 1;
  // 6 when the shortest form is asked for, as strconv decides between %e and %f.
  const limit = shortest ? 6 : wanted > digits.length && digits.length >= point ? digits.length : wanted;
  if (digits !== '' && (exponent < -4 || exponent >= limit)) return withExponent(decimal, digits.length - 1);
  return withPoint(decimal, Math.max(digits.length - point, 0));
}

function withExponent({ digits, point }: Decimal, precision: number): string {
  const padded = digits.padEnd(precision + 1, '0');
  const exponent = digits === '' ? 0 : point - 1;
  const fraction = precision > 0 ? `.${padded.slice(1, precision + 1)}` : '';
  return `${padded[0] ?? '0'}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function withPoint({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = (point < 0 ? '0'.repeat(Math.min(-point, precision)) : '') + digits.slice(Math.max(point, 0));
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return { digits: mantissa.replace('.', '').replace(/0+$/, ''), point: Number(exponent) + 1 };
}

const bits = new DataView(new ArrayBuffer(8));

/** Rounds to `precision` decimals (`f`) or significant digits (`e` counts one more, `g`). */
function roundedDecimal(value: number, form: FloatForm, precision: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [top, bottom] = fractionOf(value);
  if (form === 'f') return decimalOf(roundHalfEven(top * 10n ** BigInt(precision), bottom), -precision);
  const count = form === 'e' ? precision + 1 : precision;
  let exponent = Number(value.toExponential().split('e')[1]);
  // The shortest form may round up to the next power of ten (1e23): then one more place is needed.
  if (top * scale(-exponent) < bottom * scale(exponent)) exponent--;
  const shift = count - 1 - exponent;
  return decimalOf(roundHalfEven(top * scale(shift), bottom * scale(-shift)), -shift);
}

const scale = (exponent: number): bigint => (exponent > 0 ? 10n ** BigInt(exponent) : 1n);

/** A positive finite double as an exact fraction. */
function fractionOf(value: number): [top: bigint, bottom: bigint] {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = Math.max(biased, 1) - 1075;
  return exponent >= 0 ? [mantissa << BigInt(exponent), 1n] : [mantissa, 1n << BigInt(-exponent)];
}

function roundHalfEven(top: bigint, bottom: bigint): bigint {
  const whole = top / bottom;
  const twice = (top % bottom) * 2n;
  return twice > bottom || (twice === bottom && whole % 2n === 1n) ? whole + 1n : whole;
}

/** whole x 10^exponent. */
function decimalOf(whole: bigint, exponent: number): Decimal {
  if (whole === 0n) return { digits: '', point: 0 };
  const text = whole.toString();
  return { digits: text.replace(/0+$/, ''), point: text.length + exponent };
}
