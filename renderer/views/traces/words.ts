import { formatValue } from '../../ui/format.ts';

/** A duration in ns as people read it: `340 ms`, `2h 5m`. */
export const durationText = (ns: number): string => formatValue(ns / 1e9, 'seconds');

/** A share as per cent. */
export const shareText = (share: number): string => (share > 0 && share < 0.001 ? '< 0.1 %' : formatValue(share, 'percent', 3));

/** Unix ns, as a decimal string, in ms. */
export const msOfNs = (ns: string): number => Number(BigInt(ns) / 1_000n) / 1_000;

/** What stands for a service or a name that is empty. */
export const namedService = (service: string): string => (service === '' ? '(no service name)' : service);
export const namedSpan = (name: string): string => (name === '' ? '(no name)' : name);
