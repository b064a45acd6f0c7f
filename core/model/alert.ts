import type { Labels } from './labels.ts';
import type { UnixMs } from './time.ts';

export type AlertState = 'pending' | 'firing' | 'resolved';

/** One alert instance: a rule's expression held for one label set. Identity is the label set (with `alertname`). */
export interface Alert {
  /** labelsKey of `labels`, hashed; stable across restarts. See alertId. */
  readonly id: string;
  readonly labels: Labels;
  /** Templates expanded at the last evaluation. */
  readonly annotations: Labels;
  readonly state: AlertState;
  /** The expression's value at the last evaluation where it held. */
  readonly value: number;
  /** When the expression first held (pending began). */
  readonly activeAtMs: UnixMs;
  readonly firedAtMs: UnixMs | undefined;
  readonly resolvedAtMs: UnixMs | undefined;
  /** The rule's expression, for "graph this". */
  readonly expr: string;
  readonly group: string;
  readonly ruleFile: string;
}

/** Who has taken an alert. */
export interface Ack {
  readonly by: string;
  readonly atMs: UnixMs;
}

export type RuleHealth = 'unknown' | 'ok' | 'err';

/** A 64-bit FNV-1a of the labels as 16 hex digits: the name an alert instance goes by in links and stores. */
export function alertId(labels: Labels): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(labels.join('\u0000'))) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
