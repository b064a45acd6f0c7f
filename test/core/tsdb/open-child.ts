/** Opens the store of `argv[2]`, which brings it to the form of this version, and leaves without a close. */
import { openTsdb } from '#core/tsdb/index.ts';

const clock = { now: () => Date.UTC(2026, 0, 6), monotonicMs: () => 0, after: () => () => undefined };
openTsdb({ folder: process.argv[2]!, clock });
process.exit(0);
