/**
 * Time and its units. Nothing in core reads the wall clock: a Clock is handed in, so that an incident
 * can be played again and a test can run a day in a second.
 *
 * Metrics and events count Unix milliseconds in a double. Spans and logs count Unix nanoseconds, which pass 2^53:
 * they are bigints inside the engine and decimal strings on a wire; a whole trace crosses as one
 * base (decimal string) and a Float64Array of offsets in ns, exact up to 104 days.
 */

/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type UnixMs = number & { readonly unit?: 'unix-ms' };
/** Nanoseconds since 1970-01-01T00:00:00Z. */
export type UnixNs = bigint & { readonly unit?: 'unix-ns' };
export type DurationMs = number & { readonly unit?: 'ms' };

export type Cancel = () => void;

/** The only source of time in the engine. */
export interface Clock {
  /** Wall time; may jump when somebody sets the machine's clock. */
  now(): UnixMs;
  /** Milliseconds since some fixed instant; never jumps and never runs backwards. For schedules and durations. */
  monotonicMs(): DurationMs;
  /** Runs `act` once, `delayMs` of monotonic time from now. */
  after(delayMs: DurationMs, act: () => void): Cancel;
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const durationForm = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** A Prometheus duration such as `1h30m` or `0`, in ms. Undefined when it is not one. */
export function parseDuration(text: string): DurationMs | undefined {
  if (text === '0') return 0;
  const parts = text === '' ? null : durationForm.exec(text);
  if (parts === null) return undefined;
  return ['y', 'w', 'd', 'h', 'm', 's', 'ms'].reduce((sum, unit, i) => sum + Number(parts[i + 1] ?? 0) * unitMs[unit]!, 0);
}

/** The shortest Prometheus form of a duration: 90_000 is `1m30s`, 0 is `0s`. Weeks and years only when they divide. */
export function formatDuration(durationMs: DurationMs): string {
  if (durationMs === 0) return '0s';
  let rest = Math.abs(Math.round(durationMs));
  let text = durationMs < 0 ? '-' : '';
  for (const unit of ['y', 'w', 'd', 'h', 'm', 's', 'ms']) {
    const size = unitMs[unit]!;
    if ((unit === 'y' || unit === 'w') && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** RFC 3339 or Unix seconds (decimals allowed), in ms; undefined when it is neither. */
export function parseTime(text: string): UnixMs | undefined {
  if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const parsedMs = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(parsedMs) ? undefined : parsedMs;
}

/** RFC 3339 in UTC; milliseconds only when there are any. */
export function formatTime(timeMs: UnixMs): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
