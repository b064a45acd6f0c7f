import { quoted } from './query-text.ts';

/** What may be completed at the caret: the beginning of a key, or of the value of a key. */
export type CaretContext =
  | { readonly kind: 'key'; readonly typed: string; readonly from: number }
  | { readonly kind: 'value'; readonly key: string; readonly typed: string; readonly from: number }
  | undefined;

export interface Suggestion {
  readonly text: string;
  /** What it is, in a word or two. */
  readonly note: string;
  /** What stands in the search once it is taken, and where the caret then is, from the beginning of that. */
  readonly insert: string;
}

const valueForm = /([^\s=<>!~(){}&|"'`]+)\s*(?:=~|!~|!=|>=|<=|=|>|<)\s*(?:"((?:[^"\\]|\\.)*)|([^\s"'`(){}&|]*))$/;
const keyForm = /(?:^|[\s({&|])([^\s=<>!~(){}&|"'`]*)$/;

/** Where in the search the caret stands. */
export function caretContext(text: string, caret: number): CaretContext {
  const before = text.slice(0, caret);
  const value = valueForm.exec(before);
  if (value !== null) {
    const typed = value[2] ?? value[3] ?? '';
    return { kind: 'value', key: value[1]!, typed, from: caret - typed.length - (value[2] === undefined ? 0 : 1) };
  }
  if (insideQuotes(before)) return undefined;
  const key = keyForm.exec(before);
  return key === null ? undefined : { kind: 'key', typed: key[1]!, from: caret - key[1]!.length };
}

const insideQuotes = (text: string): boolean => (text.match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1;

/** What every span has, besides its attributes. */
const intrinsics: readonly (readonly [text: string, note: string, insert: string])[] = [
  ['service', 'service name', 'service='],
  ['name', 'operation', 'name='],
  ['duration', 'such as 100ms, 1.5s', 'duration>'],
  ['error', 'failed spans', 'error '],
  ['status', 'ok, error, unset', 'status='],
  ['kind', 'server, client, …', 'kind='],
  ['statusMessage', 'text of the status', 'statusMessage=~'],
  ['event:name', 'name of an event', 'event:name='],
];

const fixedValues: Readonly<Record<string, readonly string[]>> = {
  status: ['error', 'ok', 'unset'],
  kind: ['server', 'client', 'internal', 'producer', 'consumer'],
  duration: ['10ms', '100ms', '500ms', '1s', '5s'],
  error: ['true', 'false'],
};

export const fixedValuesOf = (key: string): readonly string[] | undefined => (Object.hasOwn(fixedValues, key) ? fixedValues[key] : undefined);

/** The name under which the engine knows the values of a key. */
export function valueKey(key: string): string {
  if (key === 'operation' || key === 'span:name') return 'name';
  if (key === 'resource.service.name') return 'service';
  return key.replace(/^(?:span|resource|event|link|instrumentation)?\./, '');
}

const shownMax = 50;

export function suggestKeys(typed: string, keys: readonly string[]): readonly Suggestion[] {
  const plain = typed.replace(/^(?:span|resource)?\./, '').toLowerCase();
  const all = [
    ...intrinsics.map(([text, note, insert]) => ({ text, note, insert })),
    ...keys.map((key) => ({ text: key, note: 'attribute', insert: `${/^[^\s=<>!~(){}&|"'`]+$/.test(key) ? key : JSON.stringify(key)}=` })),
  ];
  return best(all, plain);
}

export function suggestValues(typed: string, values: readonly string[]): readonly Suggestion[] {
  const all = values.map((value) => ({ text: value, note: '', insert: `${quoted(value)} ` }));
  return best(all, typed.toLowerCase()).filter(({ text }) => text !== typed);
}

/** Those that begin with what was typed before those that hold it. */
function best(all: readonly Suggestion[], typed: string): readonly Suggestion[] {
  const place = ({ text }: Suggestion): number => text.toLowerCase().indexOf(typed);
  const found = all.filter((one) => place(one) >= 0);
  return [...found.filter((one) => place(one) === 0), ...found.filter((one) => place(one) > 0)].slice(0, shownMax);
}
