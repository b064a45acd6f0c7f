import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A fresh folder that goes when the running test ends. */
export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
