/** BARO's shape of an incident: a wide table and the time of the fault in a file of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importPaths, openCase } from '#core/intake/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

test.each([
  ['1670000600', 'it says 2022-12-02T17:03:20Z, and holds nothing else'],
  ['1670000600\n', 'it says 2022-12-02T17:03:20Z, and holds nothing else'],
  ['1670000600.5', 'it says 2022-12-02T17:03:20Z, and holds nothing else'],
  ['1670000600000', 'it says 2022-12-02T17:03:20Z, and holds nothing else'],
])('a file that holds %j alone is told of, and is no log line', async (text, note) => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'inject_time.txt'), text);
  writeFileSync(join(folder, 'simple_data.csv'), 'time,carts_cpu,carts_mem,carts-db_cpu,carts-db_mem\n1670000000,1,2,3,4\n1670000001,1.5,,3,4\n');
  const stores = openCase(tempFolder(), new ManualClock(1_700_000_000_000));
  const files = await importPaths([folder], { stores: stores.into });
  expect(files.map(({ format, samples, logs, notes, isRefused }) => [format, samples, logs, notes, isRefused])).toEqual([
    ['a single time', 0, 0, [note], false],
    ['CSV of series', 7, 0, [], false],
  ]);
  expect(stores.metrics.labelValues('service')).toEqual(['carts', 'carts-db']);
  await stores.close();
});
