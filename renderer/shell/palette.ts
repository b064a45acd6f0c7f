/** How well a text answers what was typed: every typed character in order; undefined when it does not. Higher is better. */
export function matchScore(typed: string, text: string): number | undefined {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return 0;
  const held = text.toLowerCase();
  const whole = held.indexOf(wanted);
  if (whole !== -1) return 1_000 - whole + (whole === 0 || !/[a-z0-9]/.test(held[whole - 1]!) ? 500 : 0) - held.length / 100;
  let at = -1;
  let score = 0;
  for (const char of wanted) {
    if (char === ' ') continue;
    const next = held.indexOf(char, at + 1);
    if (next === -1) return undefined;
    score += next === at + 1 ? 5 : next === 0 || !/[a-z0-9]/.test(held[next - 1]!) ? 3 : -Math.min(3, next - at);
    at = next;
  }
  return score;
}

/** The items that answer, the best first; items that are equally good keep their order. */
export function rank<Item extends { readonly title: string; readonly words?: string }>(
  typed: string,
  items: readonly Item[],
  most: number,
): readonly Item[] {
  return items
    .map((item) => ({ item, score: matchScore(typed, `${item.title} ${item.words ?? ''}`) }))
    .filter((one): one is { item: Item; score: number } => one.score !== undefined)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item);
}
