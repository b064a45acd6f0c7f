import type { OverloadStatus } from '#core/intake/index.ts';

/** From this level on data is turned away. */
const losingLevel = 3;

/**
 * What a timeline is told when the level of overload changes from `before`; undefined where no data is turned away, neither before nor
 * now. Without `before` it is how things stand, for an incident that is declared meanwhile.
 */
export function overloadNote({ level, reasons, shedding }: OverloadStatus, before?: number): string | undefined {
  if (level >= losingLevel) {
    const what = shedding.slice(losingLevel - 1).join('; ');
    return `Signalbox is overloaded, level ${level} of 5: ${reasons.join(', ')}. Not everything is seen: ${what}.`;
  }
  if (before === undefined || before < losingLevel) return undefined;
  return 'Signalbox is no longer overloaded and takes in everything again. Charts are hatched where something is missing.';
}
