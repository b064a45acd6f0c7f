import type { OtlpMetric } from './metrics.ts';

/**
 * OpenTelemetry's names as Prometheus has them: the classic alphabet, the unit and `_total` at the end. This is what
 * Prometheus' own OTLP receiver does by default, so dashboards and rules made for it work.
 * Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility", with the units of Prometheus' OTLP guide.
 */
const units = wordTable(
  'd=days h=hours min=minutes s=seconds ms=milliseconds us=microseconds ns=nanoseconds ' +
    'By=bytes KiBy=kibibytes MiBy=mebibytes GiBy=gibibytes TiBy=tibibytes KBy=kilobytes MBy=megabytes GBy=gigabytes TBy=terabytes ' +
    'm=meters V=volts A=amperes J=joules W=watts g=grams Cel=celsius Hz=hertz 1= %=percent',
);
const perUnits = wordTable('s=second m=minute h=hour d=day w=week mo=month y=year');

function wordTable(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(' ').map((entry) => entry.split('=', 2) as [string, string]));
}

/** The metric's name in Prometheus. */
export function prometheusName({ name, unit, kind, monotonic }: Pick<OtlpMetric, 'name' | 'unit' | 'kind' | 'monotonic'>): string {
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  for (const suffix of unitSuffixes(unit)) if (!tokens.includes(suffix)) tokens.push(suffix);
  if (kind === 'sum' && monotonic) tokens = [...tokens.filter((token) => token !== 'total'), 'total'];
  if (kind === 'gauge' && unit === '1') tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
  const joined = tokens.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** `By/s` is `bytes` and `per_second`. Parts in braces say nothing that belongs in a name. */
function unitSuffixes(unit: string): string[] {
  const [main = '', per = ''] = unit.split('/', 2).map((part) => part.trim());
  const suffixes: string[] = [];
  const mainWord = unitWord(main, units);
  if (mainWord !== '') suffixes.push(mainWord);
  const perWord = unitWord(per, perUnits);
  if (perWord !== '') suffixes.push('per', perWord);
  return suffixes;
}

function unitWord(part: string, words: ReadonlyMap<string, string>): string {
  if (part.includes('{') || part.includes('}')) return '';
  return (words.get(part) ?? part)
    .split(/[^a-zA-Z0-9]+/)
    .filter((token) => token !== '')
    .join('_');
}

/** The unit as metadata has it. */
export function prometheusUnit(unit: string): string {
  return unitSuffixes(unit).join('_');
}

/** An attribute's key as a label name. */
export function prometheusLabel(key: string): string {
  const plain = key.replace(/[^a-zA-Z0-9_]/g, '_');
  if (/^\d/.test(plain)) return `key_${plain}`;
  return plain.startsWith('_') && !plain.startsWith('__') ? `key${plain}` : plain;
}
