/**
 * Bounds of buckets and quantiles as Prometheus 3 stores them, so that `le="1"` and `le="1.0"` are one series: the shortest
 * decimal, with an exponent below 1e-4 and from 1e6 on, and otherwise always with a fraction (OpenMetrics 1.0, "Canonical numbers").
 */
export function boundText(bound: number): string {
  if (Number.isNaN(bound)) return 'NaN';
  if (!Number.isFinite(bound)) return bound > 0 ? '+Inf' : '-Inf';
  if (bound === 0) return '0.0';
  const [digits = '', exponent = '0'] = bound.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 6) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

/** Which label of a metric's lines is a number: that of buckets under `# TYPE ... histogram`, that of quantiles under `summary`. */
export type BoundLabel = 'le' | 'quantile';

/** Rewrites the value of that label in `pairs` (name, value, ...); a value that is no number stays as it is. */
export function normaliseBound(pairs: string[], label: BoundLabel): void {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== label) continue;
    const bound = boundOf(pairs[i + 1]!);
    if (bound !== undefined) pairs[i + 1] = boundText(bound);
  }
}

/** The number that a text says in any form that Prometheus takes: signs, exponents, Inf, Infinity and NaN in any case. */
function boundOf(text: string): number | undefined {
  if (text.length > boundCharsMax) return undefined;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^\+?inf(?:inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-inf(?:inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
}

/** Nobody writes a bound in more digits. */
const boundCharsMax = 1100;
