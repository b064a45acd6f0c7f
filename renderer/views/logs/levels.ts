import type { LogLevel } from '#core/model/index.ts';

/** Levels as people see them, the worst first: the word, its short form for a row, and its colour. */
export const levelOrder: readonly LogLevel[] = ['critical', 'error', 'warning', 'info', 'debug', 'trace', 'unknown'];

export const levelWords: Readonly<Record<LogLevel, { readonly word: string; readonly short: string; readonly color: string }>> = {
  critical: { word: 'Critical', short: 'CRIT', color: 'light-dark(#7b2fb0, #cf9bff)' },
  error: { word: 'Error', short: 'ERR', color: 'var(--bad)' },
  warning: { word: 'Warning', short: 'WARN', color: 'var(--warn)' },
  info: { word: 'Info', short: 'INFO', color: 'var(--ok)' },
  debug: { word: 'Debug', short: 'DBG', color: 'var(--info)' },
  trace: { word: 'Trace', short: 'TRC', color: 'light-dark(#0b6e78, #63cfd8)' },
  unknown: { word: 'No level', short: '', color: 'var(--quiet-line)' },
};

/** Levels out of an address; undefined for all. */
export function readLevels(text: string | undefined): readonly LogLevel[] | undefined {
  const asked = (text ?? '').split(',');
  const levels = levelOrder.filter((level) => asked.includes(level));
  return levels.length === 0 || levels.length === levelOrder.length ? undefined : levels;
}
