/**
 * Which series are hidden after a click in the legend. A plain click leaves only that one, and the same again brings all
 * back; a toggling click hides or shows it, and hiding the last one brings all back.
 */
export function pickSeries(count: number, hidden: ReadonlySet<number>, picked: number, toggle: boolean): ReadonlySet<number> {
  if (!toggle) {
    const alone = hidden.size === count - 1 && !hidden.has(picked);
    return alone ? new Set() : new Set(Array.from({ length: count }, (_none, i) => i).filter((i) => i !== picked));
  }
  const next = new Set(hidden);
  if (!next.delete(picked)) next.add(picked);
  return next.size === count ? new Set() : next;
}
