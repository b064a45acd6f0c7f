/** What a browser may go without; Safari does. */
const laterMs = 50;
/** Nothing waits longer than a person would notice. */
const latestMs = 500;

/** Runs `act` when the page has nothing else to do, half a second from now at the latest. Returns how to call it off. */
export function whenIdle(act: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(act, laterMs);
    return () => clearTimeout(timer);
  }
  const id = requestIdleCallback(act, { timeout: latestMs });
  return () => cancelIdleCallback(id);
}
