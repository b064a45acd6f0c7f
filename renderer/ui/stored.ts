/** What the screen remembers between visits, in localStorage; nothing is lost but comfort when storage is refused. */
export function readStored(key: string): string | undefined {
  try {
    return localStorage.getItem(`signalbox.${key}`) ?? undefined;
  } catch {
    return undefined; // Storage is blocked: the default holds for this visit.
  }
}

export function writeStored(key: string, value: string): void {
  try {
    localStorage.setItem(`signalbox.${key}`, value);
  } catch {
    return; // Storage is blocked or full: the choice holds for this visit only.
  }
}
