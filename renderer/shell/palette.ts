/**
 * How well a text answers what was typed: it holds it, the better the earlier and at the begin of a word, or it holds its
 * characters in order, mostly at the begin of words (`hrt` for `http_requests_total`). Undefined when it does not. Higher is better.
 */
export function matchScore(typed: string, text: string): number | undefined {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return 0;
  const held = text.toLowerCase();
  const whole = held.indexOf(wanted);
  if (whole !== -1) return 1_000 - whole + (beginsWord(held, whole) ? 500 : 0) - held.length / 100;
  let at = -1;
  let score = 0;
  for (const char of wanted.replaceAll(' ', '')) {
    const next = held.indexOf(char, at + 1);
    if (next === -1) return undefined;
    score += next === at + 1 || beginsWord(held, next) ? 3 : -2;
    at = next;
  }
  return score > wanted.length ? score : undefined;
}

const beginsWord = (text: string, at: number): boolean => at === 0 || !/[a-z0-9]/.test(text[at - 1]!);

/** The items that answer, the best first; items that are equally good keep their order. */
export function rank<Item extends { readonly title: string; readonly words?: string }>(
  typed: string,
  items: readonly Item[],
  most: number,
): readonly Item[] {
  return items
    .map((item) => ({ item, score: itemScore(typed, item) }))
    .filter((one): one is { item: Item; score: number } => one.score !== undefined)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item);
}

/** A title counts more than the words beside it; those must hold what was typed. */
function itemScore(typed: string, item: { readonly title: string; readonly words?: string }): number | undefined {
  const title = matchScore(typed, item.title);
  if (title !== undefined || item.words === undefined) return title;
  return item.words.toLowerCase().includes(typed.trim().toLowerCase()) ? 0 : undefined;
}
