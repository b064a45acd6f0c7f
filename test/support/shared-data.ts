import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Real data kept beside the checkout; see its SOURCES.md. */
export const sharedData = (...path: readonly string[]): string => join(import.meta.dirname, '../../../shared/data', ...path);

export const readShared = (...path: readonly string[]): Buffer => readFileSync(sharedData(...path));
