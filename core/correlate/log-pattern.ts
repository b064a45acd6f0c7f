/** Words of a line that make its pattern: what varies comes mostly behind them. */
const wordsMax = 8;
const lineMax = 400;

/**
 * What repeats of a log line: its first words, numbers, ids and times replaced by a star. A word that only ends in digits stays, since
 * senders name places in code so.
 */
export function patternOf(line: string): string {
  const words: string[] = [];
  for (const word of line.slice(0, lineMax).split(/[\s[\]{}(),=:"'<>|;]+/)) {
    if (word === '') continue;
    const varies = /^[-+]?\d/.test(word) || /^[0-9a-fA-F-]{16,}$/.test(word) || /\d{5}/.test(word);
    if (varies && words.at(-1) === '*') continue;
    words.push(varies ? '*' : word);
    if (words.length === wordsMax) break;
  }
  return words.join(' ');
}
