import { compileSearch, matchesValue, type LogLevel } from '#core/model/index.ts';
import type { Evidence, FieldTest } from '../evidence.ts';
import type { LabelFilter, NumberFilter, Stage } from './ast.ts';
import { lokiLevel } from './entry.ts';
import { needlesOf } from './needles.ts';
import { compare, numberOf } from './stages.ts';

/** What the stages say of many lines at once, so that blocks, kinds and lines that cannot pass are not looked at. */
export function evidenceOf(stages: readonly Stage[]): Evidence {
  return { needles: needlesOf(stages), refusals: refusalsOf(stages), fields: fieldTestsOf(stages) };
}

/** What matches a part of a line matches the line, unless it asks for the line's or a word's ends. */
const anchors = /[\^$]|\\[bBAz]/;

function refusalsOf(stages: readonly Stage[]): ((text: string) => boolean)[] {
  const refusals: ((text: string) => boolean)[] = [];
  for (const stage of stages) {
    if (stage.kind === 'lineFormat' || stage.kind === 'unpack' || stage.kind === 'decolorize') break;
    if (stage.kind !== 'line') continue;
    const { op, texts, caseless = false } = stage;
    if (op === '!=') refusals.push(...texts.map((text) => holder(text, caseless)));
    else if (op === '!~') for (const text of texts) if (!anchors.test(text)) refusals.push(matching(caseless ? `(?i)${text}` : text));
  }
  return refusals;
}

function holder(text: string, caseless: boolean): (line: string) => boolean {
  const lower = text.toLowerCase();
  return caseless ? (line) => line.toLowerCase().includes(lower) : (line) => line.includes(text);
}

function matching(source: string): (line: string) => boolean {
  const search = compileSearch(source);
  return (line) => search.found(line);
}

/** Filters by fields that a line tells by itself, up to the first stage that could give a field another value. */
function fieldTestsOf(stages: readonly Stage[]): FieldTest[] {
  const tests: FieldTest[] = [];
  const taken = new Set<string>();
  let isPaired = false;
  for (const stage of stages) {
    if (stage.kind === 'json' || stage.kind === 'logfmt') {
      for (const { name } of stage.taken) taken.add(name);
      if (stage.kind === 'logfmt') isPaired = true;
    } else if (stage.kind === 'filter') tests.push(...testsOf(stage.filter, isPaired));
    else if (stage.kind !== 'line' && stage.kind !== 'address') break;
  }
  return tests.filter(({ name }) => !taken.has(name) && !name.startsWith('__'));
}

function testsOf(filter: LabelFilter, isPaired: boolean): FieldTest[] {
  if (filter.kind === 'and') return [...testsOf(filter.left, isPaired), ...testsOf(filter.right, isPaired)];
  if ('left' in filter || filter.kind === 'address') return [];
  if (filter.kind !== 'text') return [numberTest(filter, isPaired)];
  const { matcher } = filter;
  return [fieldTest(matcher.name, isPaired, (value) => matchesValue(matcher, value))];
}

function numberTest({ kind, name, op, value }: NumberFilter, isPaired: boolean): FieldTest {
  const fits = (own: number): boolean => compare(op, own, value);
  const accepts = (text: string): boolean => {
    const own = numberOf(kind, text);
    // What is no number passes, with an error.
    return text !== '' && (own === undefined || fits(own));
  };
  const test = fieldTest(name, isPaired, accepts);
  if (numberOf(kind, '12') !== 12 || name === recordLevel) return test;
  const acceptsSome = (least: number, largest: number): boolean => {
    if (op === '=') return least <= value && value <= largest;
    return op === '!=' ? least !== value || largest !== value : fits(op.startsWith('>') ? largest : least);
  };
  return { ...test, acceptsNumber: fits, acceptsSome };
}

/** The record's level under this name is no part of the line. */
const recordLevel = 'detected_level';

function fieldTest(name: string, isPaired: boolean, accepts: (value: string) => boolean): FieldTest {
  const acceptsWithout = (level: LogLevel): boolean =>
    accepts(name === recordLevel ? lokiLevel(level) : name === 'level' && level !== 'unknown' ? level : '');
  return { name, isPaired, accepts: name === recordLevel ? () => true : accepts, acceptsNumber: undefined, acceptsWithout };
}
