import { logLevels, type LogLevel } from '#core/model/index.ts';
import { needleOf, type Needle, type NeedleGroup } from '../evidence.ts';
import type { LabelFilter, Stage } from './ast.ts';

/**
 * The texts that a line must hold to pass the stages, so that blocks without them are not read. Only stages that look at the line as it was
 * stored count.
 */
export function needlesOf(stages: readonly Stage[]): readonly NeedleGroup[] {
  const groups: NeedleGroup[] = [];
  let isWhole = true;
  for (const stage of stages) {
    if (stage.kind === 'lineFormat' || stage.kind === 'unpack' || stage.kind === 'decolorize' || stage.kind === 'labelFormat') break;
    if (stage.kind === 'regexp' || stage.kind === 'pattern') isWhole = false;
    else if (stage.kind === 'line') groups.push(...ofLine(stage.op, stage.texts));
    else if (stage.kind === 'filter') groups.push(...ofFilter(stage.filter, isWhole));
  }
  return groups;
}

function ofLine(op: string, texts: readonly string[]): NeedleGroup[] {
  if (op === '|=') return [{ needles: texts.map(needleOf) }];
  if (op !== '|~') return [];
  const alternatives = texts.map(literalsOf);
  return alternatives.includes(undefined) ? [] : [{ needles: alternatives.flatMap((one) => one!.map(needle)) }];
}

/** Several texts of one line as one needle: each is a part, perhaps of a longer run. */
function needle(texts: readonly string[]): Needle {
  return { pieces: texts.flatMap((text) => needleOf(text).pieces) };
}

/**
 * The texts that are in every match of a regular expression, for each of its alternatives. Undefined when it has none that are easily seen.
 */
function literalsOf(source: string): readonly (readonly string[])[] | undefined {
  const plain = source.replace(/^\(\?[ismU]+\)/, '');
  const isGrouped = plain.includes('(');
  if (isGrouped && hasBareBar(plain)) return undefined;
  const alternatives = isGrouped ? [plain] : plain.split('|');
  const found = alternatives.map(literals);
  return found.some((texts) => texts.length === 0) ? undefined : found;
}

/** Whether an alternation stands outside of every bracket. */
function hasBareBar(source: string): boolean {
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === '\\') i++;
    else if (c === '(' || c === '[') i = groupEnd(source, i);
    else if (c === '|') return true;
  }
  return false;
}

function literals(source: string): string[] {
  const texts: string[] = [];
  let run = '';
  const close = (): void => {
    if (/[A-Za-z0-9_]{3}/.test(run)) texts.push(run);
    run = '';
  };
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === '(' || c === '[') {
      close();
      i = groupEnd(source, i);
    } else if ('?*{'.includes(c)) {
      run = run.slice(0, -1);
      close();
      if (c === '{') i = Math.max(i, source.indexOf('}', i));
    } else if (c === '\\') {
      const next = source[++i] ?? '';
      if (/[.\-/:"'()[\]{}|+*?^$]/.test(next)) run += next;
      else close();
    } else if ('.+^$)|'.includes(c)) close();
    else run += c;
  }
  close();
  return texts;
}

/** The bracket that closes the one at `from`; the end of the source when none does. */
function groupEnd(source: string, from: number): number {
  let depth = 0;
  for (let i = from; i < source.length; i++) {
    const c = source[i]!;
    if (c === '\\') i++;
    else if (c === '[' && depth >= 0 && source[from] === '[') {
      const end = source.indexOf(']', i + 2);
      return end < 0 ? source.length : end;
    } else if (c === '(') depth++;
    else if (c === ')' && --depth === 0) return i;
  }
  return source.length;
}

/** Levels by the words that filters say; a record of the level may say it in other words, or by its format. */
const levelNames: Readonly<Record<string, LogLevel | undefined>> = {
  ...Object.fromEntries(logLevels.map((level) => [level, level])),
  warn: 'warning',
  err: 'error',
  fatal: 'critical',
};

/**
 * `user="u77"` is in the line as it stands, whichever parser finds it, when no parser has to unescape it; unless the label is one of the
 * stream's. Parsers of JSON and logfmt find whole values only.
 */
function ofFilter(filter: LabelFilter, isWhole: boolean): NeedleGroup[] {
  if (filter.kind === 'and') return [...ofFilter(filter.left, isWhole), ...ofFilter(filter.right, isWhole)];
  if (filter.kind !== 'text' || filter.matcher.op !== '=') return [];
  const { name, value } = filter.matcher;
  const level = name === 'level' || name === 'detected_level' ? levelNames[value.toLowerCase()] : undefined;
  if (!/^[\w.:/ ,+@#=-]*\w{3}[\w.:/ ,+@#=-]*$/.test(value)) return [];
  return [{ needles: [needleOf(isWhole ? ` ${value} ` : value)], unlessLabel: name, ...(level === undefined ? {} : { orLevel: level }) }];
}
