import { fieldsOfLine } from '#core/formats/index.ts';
import { labelsFrom, type Labels, type LogLevel, type LogRecord } from '#core/model/index.ts';

/** Values that stand in a line as they are, whatever its format. */
const plainValue = /^[\w.: ,+@#-]+$/;
/** Labels that a record has without its line. */
const levelNames = new Set(['level', 'detected_level']);
/** Loki's word for a level, as its label `detected_level` has it. */
export const lokiLevel = (level: LogLevel): string => (level === 'warning' ? 'warn' : level);

/** A record on its way through the stages: its line may change, and labels are added to those of its stream. */
export class Entry {
  record: LogRecord;
  line: string;
  /** What parsers and formats made; an empty text takes a label away. */
  readonly made = new Map<string, string>();
  #detected: Map<string, string> | undefined;
  #kept: ((name: string, value: string) => boolean) | undefined;

  constructor(record: LogRecord) {
    this.record = record;
    this.line = record.line;
  }

  /** Empty for a label that is not there. Fields that the line tells by itself count when nothing else has that name. */
  get(name: string): string {
    const value = this.made.get(name) ?? valueOf(this.record.fields, name) ?? valueOf(this.record.labels, name);
    if (value !== undefined) return value;
    if (this.#kept !== undefined) return '';
    return this.#fromLine(name);
  }

  /** Whether `get(name)` is `value`; a line that does not hold a value that needs no unescaping is not taken apart. */
  is(name: string, value: string): boolean {
    const known = this.made.get(name) ?? valueOf(this.record.fields, name) ?? valueOf(this.record.labels, name);
    const isRuledOut = known === undefined && plainValue.test(value) && !levelNames.has(name) && !this.record.line.includes(value);
    return !isRuledOut && this.get(name) === value;
  }

  set(name: string, value: string): void {
    this.made.set(name, value);
  }

  /** Adds what a parser found; a label of the stream with that name stays, as Loki has it. */
  extract(name: string, value: string): void {
    const plain = name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    if (plain === '') return;
    const target = valueOf(this.record.labels, plain) === undefined ? plain : `${plain}_extracted`;
    if (!this.made.has(target)) this.made.set(target, value);
  }

  /** Why a stage could not do its work with this line; the line goes on, as in Loki. */
  fail(error: string): void {
    this.made.set('__error__', error);
  }

  /** Drops every label for which `kept` does not hold. */
  keep(kept: (name: string, value: string) => boolean): void {
    for (let i = 0; i < this.record.labels.length; i += 2) this.#dropUnless(kept, this.record.labels[i]!, this.record.labels[i + 1]!);
    for (let i = 0; i < this.record.fields.length; i += 2) this.#dropUnless(kept, this.record.fields[i]!, this.record.fields[i + 1]!);
    for (const [name, value] of this.made) this.#dropUnless(kept, name, value);
    this.#kept = kept;
  }

  /** The labels of the stream, of what was sent beside the line and of what parsers made. */
  labels(): Labels {
    if (this.made.size === 0 && this.record.fields.length === 0) return this.record.labels;
    const { labels, fields } = this.record;
    const pairs: [string, string][] = [];
    for (let i = 0; i < labels.length; i += 2) pairs.push([labels[i]!, labels[i + 1]!]);
    for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i]!, fields[i + 1]!]);
    return labelsFrom([...pairs, ...this.made]);
  }

  #dropUnless(kept: (name: string, value: string) => boolean, name: string, value: string): void {
    if (!kept(name, this.made.get(name) ?? value)) this.made.set(name, '');
  }

  #fromLine(name: string): string {
    const { level } = this.record;
    if (name === 'detected_level') return lokiLevel(level);
    this.#detected ??= detected(this.record.line);
    return this.#detected.get(name) ?? (name === 'level' && level !== 'unknown' ? level : '');
  }
}

function detected(line: string): Map<string, string> {
  const fields = fieldsOfLine(line);
  const map = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.replaceAll(/[^A-Za-z0-9_]/g, '_');
    if (!map.has(name)) map.set(name, fields[i + 1]!);
  }
  return map;
}

function valueOf(labels: Labels, name: string): string | undefined {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1];
  return undefined;
}
