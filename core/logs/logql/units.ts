const durationUnits: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
const durationForm = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w|y)(?:(?:\d+(?:\.\d+)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w|y))*$/;

/** A duration as Go and Prometheus write it, `1h30m` or `1.5s`, in seconds. Undefined when it is none. */
export function durationSeconds(text: string): number | undefined {
  if (text === '0') return 0;
  if (!durationForm.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/g)) seconds += Number(count) * durationUnits[unit!]!;
  return text.startsWith('-') ? -seconds : seconds;
}

/** A size, `5MB` or `1.5 KiB`, in bytes. Undefined when it is none. */
export function bytesOf(text: string): number | undefined {
  const [, count, letter = '', binary] = /^([+-]?\d+(?:\.\d+)?) ?([KMGTPkmgtp]?)(i?)[Bb]?$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const power = letter === '' ? 0 : 'KMGTP'.indexOf(letter.toUpperCase()) + 1;
  return Number(count) * (binary === 'i' ? 1024 : 1000) ** power;
}
