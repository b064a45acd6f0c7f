/** Commands whose part of the engine is not there yet. */
export async function refuseLater([name]: readonly string[]): Promise<number> {
  process.stderr.write(`signalbox ${name}: not yet supported\n`);
  return 2;
}
