/** Work cut into steps of a millisecond or so, so that nobody waits for the whole of it. */

/** Lets everything that waits for its turn run. */
export const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Runs steps with a pause for others between them. */
export async function inSteps<T>(steps: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await breathe();
  }
}

export function atOnce<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
