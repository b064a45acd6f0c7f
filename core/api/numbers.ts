/**
 * Numbers written straight into bytes, with the digits that `String` gives them: the fewest that read back as the same double, and of
 * those the nearest. `String` makes a text of each, which takes ten times as long as everything else about a sample.
 */
const ascii = (character: string): number => character.charCodeAt(0);
const [minus, zero, dot] = [ascii('-'), ascii('0'), ascii('.')];

/** The longest number is one like -2.2250738585072014e-308. */
export const numberBytesMax = 32;

const decimalsMax = 6;
const powersOf10 = Float64Array.from({ length: decimalsMax + 1 }, (_, k) => 10 ** k);
/** No two decimals of fifteen digits are the same double, so such a decimal is the shortest that reads back as it. */
const wholeMax = 1e15;
/** Numbers of one series mostly have as many decimals as the one before. */
let decimalsBefore = 0;
/** Or, like that one, no few decimals at all. */
let wasDecimal = true;

/** Writes a number in Prometheus' form at `at`, where there is room for the longest, and returns where it ends. */
export function putNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value === 0 && 1 / value > 0) {
    bytes[at] = zero;
    return at + 1;
  }
  const whole = wasDecimal ? wholeOf(value, decimalsBefore) : 0;
  if (whole !== 0) return putDecimal(bytes, at, whole, decimalsBefore);
  const size = Math.abs(value);
  if (size >= shortestMin && size < shortestMax) {
    const from = value < 0 ? at + 1 : at;
    const end = putShortest(bytes, from, size);
    if (end > from) {
      if (from > at) bytes[at] = minus;
      return end;
    }
  }
  return putText(bytes, at, formatNumber(value));
}

/** The value in units of 10^-decimals, when it is a whole number of them of fifteen digits at most; else 0. */
function wholeOf(value: number, decimals: number): number {
  const power = powersOf10[decimals]!;
  const whole = Math.round(value * power);
  return whole / power === value && whole < wholeMax && whole > -wholeMax ? whole : 0;
}

/** `whole` / 10^places, without zeros at its end; `whole` is not 0 and has fifteen digits at most. */
function putDecimal(bytes: Uint8Array, at: number, whole: number, places: number): number {
  let from = at;
  let digits = whole;
  if (whole < 0) {
    bytes[from++] = minus;
    digits = -whole;
  }
  let decimals = places;
  for (; decimals > 0; decimals--) {
    const tenth = Math.round(digits * 0.1);
    if (tenth * 10 !== digits) break;
    digits = tenth;
  }
  if (decimals === 0) {
    decimalsBefore = 0;
    return putDigits(bytes, from, digits, digitsIn(digits));
  }
  const power = powersOf10[decimals]!;
  const units = Math.floor(digits / power);
  const point = putDigits(bytes, from, units, digitsIn(units));
  bytes[point] = dot;
  return putDigits(bytes, point + 1, digits - units * power, decimals);
}

/** What putShortest() works for: below stand exponents, above are whole numbers that no double comes between. */
const shortestMin = 1e-6;
const shortestMax = 2 ** 53;
const exponentMin = -20;
const exponentBias = 1023;
/** Of every number that putShortest() works on this many digits are before its last eight. */
const lowDigits = 8;
const low = 10 ** lowDigits;

/** By the binary exponent of a number: the power of ten that makes it a whole number of 17 or 18 digits. */
const scales = Array.from({ length: 53 - exponentMin }, (_, i) => Math.ceil(16 - (i + exponentMin) * Math.log10(2)));
/** That power in two doubles, the first of them in two parts of 26 bits, so that products of parts are exact. */
const scalesHigh = Float64Array.from(scales, (k) => Number(10n ** BigInt(k)));
const scalesLow = Float64Array.from(scales, (k, i) => Number(10n ** BigInt(k) - BigInt(scalesHigh[i]!)));
const scalesTop = scalesHigh.map(topBits);
/** Half the distance to the next double, in the last digit's units: what lies nearer reads back as the number. It is 1.1 to 11.2. */
const halves = Float64Array.from(scales, (_, i) => 2 ** (i + exponentMin - 53) * scalesHigh[i]!);
/** More than all roundings below: what comes so near to a bound is left to `String`. */
const doubt = 2 ** -20;

/** The upper 26 bits of a double. Source: T. J. Dekker, Numerische Mathematik 18 (1971), 224-242. */
function topBits(value: number): number {
  const much = value * 134_217_729;
  return much - (much - value);
}

const asDouble = new Float64Array(1);
const asWords = new Uint32Array(asDouble.buffer);
const [lowWord, highWord] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/**
 * The shortest digits of a number of 1e-6 to 2^53; returns where they end, or `at` when rounding leaves a doubt which they are. The number is
 * made a whole one of 17 or 18 digits, in two doubles; then multiples of 100, of 10 and of 1 are tried, in this order.
 */
function putShortest(bytes: Uint8Array, at: number, value: number): number {
  asDouble[0] = value;
  const word = asWords[highWord]!;
  const index = (word >>> 20) - exponentBias - exponentMin;
  const high = scalesHigh[index]!;
  const scaled = value * high;
  const top = topBits(value);
  const rest = value - top;
  const scaleTop = scalesTop[index]!;
  const scaleRest = high - scaleTop;
  const lost = top * scaleTop - scaled + top * scaleRest + rest * scaleTop + rest * scaleRest + value * scalesLow[index]!;
  let upper = Math.floor(scaled * 1e-8);
  const lower = scaled - upper * low + lost;
  const isPowerOf2 = (word & 0xfffff) === 0 && asWords[lowWord] === 0;
  let chosen = nearestShort(lower, halves[index]!, isPowerOf2);
  if (chosen !== chosen) return at;
  if (chosen < 0) {
    upper--;
    chosen += low;
  } else if (chosen >= low) {
    upper++;
    chosen -= low;
  }
  return putPlaces(bytes, at, upper, chosen, scales[index]!);
}

/** Most numbers are no multiple of 10, or of 10 alone. The roundest whole number less than `half` from `exact`; NaN where that is in doubt. Below a power of two doubles lie twice as close. */
function nearestShort(exact: number, half: number, isPowerOf2: boolean): number {
  const tens = Math.round(exact * 0.1) * 10;
  const offTens = Math.abs(tens - exact);
  if (offTens > half + doubt && !isPowerOf2) {
    const ones = Math.round(exact);
    return Math.abs(ones - exact) < 0.5 - doubt ? ones : NaN;
  }
  const hundreds = Math.round(exact * 0.01) * 100;
  const offHundreds = Math.abs(hundreds - exact) * (isPowerOf2 && hundreds < exact ? 2 : 1);
  if (offHundreds < half - doubt) return hundreds;
  return offHundreds < half + doubt || isPowerOf2 || offTens > half - doubt || offTens > 5 - doubt ? NaN : tens;
}

/** Writes (`upper` * 10^8 + `lower`) / 10^places, without zeros at the end; `upper` has nine or ten digits. */
function putPlaces(bytes: Uint8Array, at: number, upper: number, lower: number, places: number): number {
  const first = (upper / low) | 0;
  const units = (first < 10 ? 17 : 18) - places;
  let from = at + 1; // units make room for the point
  if (units <= 0) {
    from = at + 2 - units;
    for (let i = at; i < from; i++) bytes[i] = zero;
    bytes[at + 1] = dot;
  }
  if (first >= 10) bytes[from++] = zero + ((first / 10) | 0);
  bytes[from] = zero + (first % 10);
  putEight(bytes, from + 1, upper - first * low);
  putEight(bytes, from + 9, lower);
  let end = from + 17;
  if (units > 0) {
    for (let i = at; i < at + units; i++) bytes[i] = bytes[i + 1]!;
    bytes[at + units] = dot;
  }
  while (bytes[end - 1] === zero) end--;
  if (bytes[end - 1] === dot) end--;
  const decimals = Math.max(0, end - at - Math.max(units, 1) - 1);
  wasDecimal = decimals <= decimalsMax && units + decimals <= 15;
  if (wasDecimal) decimalsBefore = decimals;
  return end;
}

/** Writes a whole number below 10^8 with eight digits. */
function putEight(bytes: Uint8Array, at: number, whole: number): void {
  const above = (whole / 10_000) | 0;
  const a = above * 4;
  const b = (whole - above * 10_000) * 4;
  bytes[at] = fours[a]!;
  bytes[at + 1] = fours[a + 1]!;
  bytes[at + 2] = fours[a + 2]!;
  bytes[at + 3] = fours[a + 3]!;
  bytes[at + 4] = fours[b]!;
  bytes[at + 5] = fours[b + 1]!;
  bytes[at + 6] = fours[b + 2]!;
  bytes[at + 7] = fours[b + 3]!;
}

/** The digits of 0 to 9999, four bytes each. */
const fours = Uint8Array.from({ length: 40_000 }, (_, i) => zero + (Math.floor(i / 4 / 10 ** (3 - (i % 4))) % 10));

/** Writes a whole number of fifteen digits at most with so many digits, zeros in front. */
export function putDigits(bytes: Uint8Array, at: number, whole: number, digits: number): number {
  const end = at + digits;
  if (digits <= 8) {
    putSmall(bytes, at, end, whole);
    return end;
  }
  const high = Math.floor(whole / 1e8);
  putSmall(bytes, at, end - 8, high);
  putEight(bytes, end - 8, whole - high * 1e8);
  return end;
}

/** Fills `[from, to)` with the digits of a whole number below 10^8. */
function putSmall(bytes: Uint8Array, from: number, to: number, whole: number): void {
  let rest = whole | 0;
  let at = to;
  for (; at - from >= 4; at -= 4) {
    const above = (rest / 10_000) | 0;
    const four = (rest - above * 10_000) * 4;
    bytes[at - 4] = fours[four]!;
    bytes[at - 3] = fours[four + 1]!;
    bytes[at - 2] = fours[four + 2]!;
    bytes[at - 1] = fours[four + 3]!;
    rest = above;
  }
  const four = rest * 4 + 4;
  for (let back = 1; at > from; back++) bytes[--at] = fours[four - back]!;
}

export function digitsIn(whole: number): number {
  if (whole >= 1e8) return 8 + digitsIn(Math.floor(whole / 1e8));
  if (whole >= 1e4) return whole >= 1e6 ? (whole >= 1e7 ? 8 : 7) : whole >= 1e5 ? 6 : 5;
  return whole >= 100 ? (whole >= 1000 ? 4 : 3) : whole >= 10 ? 2 : 1;
}

export function putText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Prometheus' form of a number in JSON: the shortest digits, an exponent of at least two digits below 1e-6 and from 1e21 on. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e-6 && size < 1e21) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}
