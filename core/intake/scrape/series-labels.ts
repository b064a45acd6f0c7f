import type { ScrapeConfig } from '#core/formats/index.ts';
import { compareText, dropLabels, EngineError, labelsFrom, labelValue, type Labels } from '#core/model/index.ts';

/**
 * The labels of a scraped series with those of its target. Where both have a name, `honorLabels` decides: the scraped one
 * stays, or it moves to `exported_NAME` (with as many prefixes as it takes to be free). `emptied` are honoured names that the page gives
 * no value: they stay away altogether, as a Pushgateway has it for `instance`.
 */
export function withTargetLabels(scraped: Labels, given: Labels, honorLabels: boolean, emptied: readonly string[] = []): Labels {
  const target = emptied.length === 0 ? given : dropLabels(given, new Set(emptied));
  const merged: string[] = [];
  let i = 0;
  let k = 0;
  while (i < scraped.length || k < target.length) {
    if (scraped[i] === target[k]) return withConflicts(scraped, target, honorLabels);
    const fromScraped = k >= target.length || (i < scraped.length && scraped[i]! < target[k]!);
    if (fromScraped) merged.push(scraped[i++]!, scraped[i++]!);
    else merged.push(target[k++]!, target[k++]!);
  }
  return merged;
}

function withConflicts(scraped: Labels, target: Labels, honorLabels: boolean): Labels {
  const merged = new Map<string, string>();
  const moved: [name: string, value: string][] = [];
  for (let i = 0; i < scraped.length; i += 2) {
    const conflicts = !honorLabels && labelValue(target, scraped[i]!) !== '';
    if (conflicts) moved.push([scraped[i]!, scraped[i + 1]!]);
    else merged.set(scraped[i]!, scraped[i + 1]!);
  }
  for (let i = 0; i < target.length; i += 2) if (!merged.has(target[i]!)) merged.set(target[i]!, target[i + 1]!);
  moved.sort(([a], [b]) => a.length - b.length || compareText(a, b));
  for (const [name, value] of moved) {
    let free = `exported_${name}`;
    while (merged.has(free)) free = `exported_${free}`;
    merged.set(free, value);
  }
  return labelsFrom(merged);
}

export function hasLabelLimits({ labelsMax, labelNameBytesMax, labelValueBytesMax }: ScrapeConfig['limits']): boolean {
  return [labelsMax, labelNameBytesMax, labelValueBytesMax].some((max) => max !== Number.POSITIVE_INFINITY);
}

/** In bytes of UTF-8, as Prometheus counts; no UTF-16 unit takes more than three. */
const isLonger = (text: string, bytesMax: number): boolean => text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;

/** Throws EngineError `limit` when a series passes a label limit of its job: Prometheus fails the whole scrape then. */
export function checkLabelLimits(labels: Labels, { labelsMax, labelNameBytesMax, labelValueBytesMax }: ScrapeConfig['limits']): void {
  const metric = labelValue(labels, '__name__');
  if (labels.length / 2 > labelsMax) throw new EngineError('limit', `${metric} has ${labels.length / 2} labels, over label_limit ${labelsMax}`);
  if (labelNameBytesMax === Number.POSITIVE_INFINITY && labelValueBytesMax === Number.POSITIVE_INFINITY) return;
  for (let i = 0; i < labels.length; i += 2) {
    if (isLonger(labels[i]!, labelNameBytesMax))
      throw new EngineError('limit', `${metric} has a label name over label_name_length_limit ${labelNameBytesMax}`);
    if (isLonger(labels[i + 1]!, labelValueBytesMax))
      throw new EngineError('limit', `${metric} has a value of ${labels[i]} over label_value_length_limit ${labelValueBytesMax}`);
  }
}
