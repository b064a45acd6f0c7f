const editsMax = 2;
const lengthMax = 64; // Longer than any function's name.

/**
 * The known name that a misspelt one is most likely meant to be: at most two edits away, and less than half of it wrong.
 * Of equally near ones that which only goes on where the misspelt one ends.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > lengthMax) return undefined;
  const most = Math.min(editsMax, Math.ceil(name.length / 2) - 1);
  const near = known.map((candidate) => ({ candidate, edits: editsBetween(name, candidate) - (candidate.startsWith(name) ? 0.5 : 0) }));
  const nearest = near.reduce((a, b) => (b.edits < a.edits ? b : a));
  return nearest.edits <= most ? nearest.candidate : undefined;
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    above = row;
  }
  return above[b.length]!;
}
