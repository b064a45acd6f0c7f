/** Which series are sealed together: kin side by side, whatever order they came in. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareText, labelsFromRecord, labelValue, type Labels } from '#core/model/index.ts';
import { Catalogue } from '#core/tsdb/names/catalogue.ts';
import { Groups } from '#core/tsdb/names/groups.ts';

/** The order as a person would say it: metric, the other labels as text, and `le` as a number. */
function plainOrder(a: Labels, b: Labels): number {
  const text = (labels: Labels): string =>
    [
      labelValue(labels, '__name__'),
      ...labels.flatMap((one, i) => (i % 2 === 0 && one !== 'le' && one !== '__name__' ? [one, labels[i + 1]!] : [])),
    ].join('\0');
  const bound = (labels: Labels): number => Number(labelValue(labels, 'le').replace('Inf', 'Infinity')) || 0;
  return compareText(text(a), text(b)) || (bound(a) === bound(b) ? 0 : bound(a) - bound(b));
}

const value = fc.constantFrom('', 'a', 'b', 'ab', 'é');
const bound = fc.constantFrom('', '0.5', '1', '2', '10', '+Inf', 'odd');
const labels = fc.record({ __name__: fc.constantFrom('', 'm', 'n'), A: value, job: value, zone: value, le: bound }).map(labelsFromRecord);

test('kin stand in the order of their labels', () => {
  fc.assert(
    fc.property(fc.uniqueArray(labels, { selector: (one) => one.join('\0'), minLength: 1, maxLength: 40 }), (sets) => {
      const catalogue = new Catalogue();
      const groups = new Groups(0);
      for (const set of sets) groups.waiting.add(catalogue.add(set));
      const [id] = groups.assign(catalogue, Infinity);
      const found = groups.members.get(id!)!.map((ref) => catalogue.labels(ref));
      for (let i = 1; i < found.length; i++) expect(plainOrder(found[i - 1]!, found[i]!)).toBeLessThanOrEqual(0);
    }),
    { seed: 3, numRuns: 300 },
  );
});
