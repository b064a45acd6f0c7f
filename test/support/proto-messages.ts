/** Random protobuf messages as another encoder (@bufbuild/protobuf) writes them: what our decoders are compared with. */
import { create, createFileRegistry, toBinary, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Label as Label, FieldDescriptorProto_Type as Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import * as fc from 'fast-check';

/** By message, its fields: `name:number:type`; `*` repeated, `?` with presence, a type in capitals a message; those in `|...|` are one of each other. */
export type Messages = Readonly<Record<string, string>>;

/** A message's form for the encoder: fields in camel case, of those that are one of each other `choice: { case, value }`. */
export type Init = Record<string, unknown>;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  /** Of fields of which one is set. */
  readonly isChoice: boolean;
}

function fieldsOf(message: string): readonly Field[] {
  let isChoice = false;
  return message.split(' ').map((written) => {
    if (written.startsWith('|')) isChoice = true;
    const [name = '', number = '', type = ''] = written.replaceAll('|', '').split(':');
    const field = {
      name,
      number: Number(number),
      type: type.replace(/[*?]$/, ''),
      isList: type.endsWith('*'),
      isOptional: type.endsWith('?'),
      isChoice,
    };
    if (written.endsWith('|')) isChoice = false;
    return field;
  });
}

const scalarTypes: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bool: Type.BOOL,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
  sint32: Type.SINT32,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  sfixed64: Type.SFIXED64,
  double: Type.DOUBLE,
  bytes: Type.BYTES,
};

const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Values that senders could mean. Ids have their lengths, times are after 1970 and before 2262. */
export const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: 'binary', maxLength: 12 }),
  bool: fc.boolean(),
  int32: fc.integer({ min: 0, max: 5 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint32: fc.nat(),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  sint32: fc.integer({ min: -4, max: 8 }),
  fixed32: fc.nat(0xffff),
  fixed64: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  sfixed64: fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }),
  double: fc.double({ noNaN: true }),
  bytes: fc.uint8Array({ maxLength: 9 }),
};
const times = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
const idBytes: Readonly<Record<string, number>> = { trace_id: 16, span_id: 8, parent_span_id: 8 };

/** Messages of one file, in proto3. */
export class ProtoMessages {
  readonly #fields: Readonly<Record<string, readonly Field[]>>;
  readonly #descriptors: ReadonlyMap<string, DescMessage>;

  constructor(messages: Messages) {
    this.#fields = Object.fromEntries(Object.entries(messages).map(([name, written]) => [name, fieldsOf(written)]));
    const registry = createFileRegistry(
      create(FileDescriptorSetSchema, {
        file: [{ name: 'all.proto', syntax: 'proto3', messageType: Object.entries(this.#fields).map(([name, fields]) => messageType(name, fields)) }],
      }),
    );
    this.#descriptors = new Map(Object.keys(messages).map((name) => [name, registry.getMessage(name)!]));
  }

  encode(message: string, init: Init): { readonly binary: Uint8Array; readonly json: JsonValue } {
    const descriptor = this.#descriptors.get(message)!;
    const made = create(descriptor, init as never);
    return { binary: toBinary(descriptor, made), json: toJson(descriptor, made) };
  }

  /** Inner messages that hold themselves (`deep`) end after a few levels. `needed` says which fields are always set. */
  arbitrary(message: string, { deep = [], needed = () => false }: ArbitraryOptions = {}, depth = 0): fc.Arbitrary<Init> {
    const fields = this.#fields[message]!;
    const single = ({ name, type }: Field): fc.Arbitrary<unknown> => {
      if (name in idBytes) return fc.uint8Array({ minLength: idBytes[name]!, maxLength: idBytes[name]! });
      if (name.endsWith('time_unix_nano')) return times;
      return scalars[type] ?? this.arbitrary(type, { deep, needed }, depth + 1);
    };
    const several = (field: Field): fc.Arbitrary<unknown> =>
      needed(message, field.name)
        ? single(field)
        : field.isList
          ? fc.array(single(field), { maxLength: 3 })
          : fc.option(single(field), { nil: undefined });
    const wanted = fields.filter(({ type }) => depth <= 6 || !deep.includes(type));
    const own = Object.fromEntries(wanted.filter(({ isChoice }) => !isChoice).map((field) => [camel(field.name), several(field)]));
    const choices = wanted.filter(({ isChoice }) => isChoice).map((field) => single(field).map((value) => ({ case: camel(field.name), value })));
    return fc
      .record({ ...own, ...(choices.length === 0 ? {} : { choice: fc.option(fc.oneof(...choices), { nil: undefined }) }) }, { noNullPrototype: true })
      .map(present);
  }
}

export interface ArbitraryOptions {
  readonly deep?: readonly string[];
  readonly needed?: (message: string, field: string) => boolean;
}

function messageType(name: string, fields: readonly Field[]): object {
  const optional = fields.filter(({ isOptional }) => isOptional);
  const choices = fields.some(({ isChoice }) => isChoice) ? ['choice'] : [];
  return {
    name,
    oneofDecl: [...choices, ...optional.map((field) => `_${field.name}`)].map((one) => ({ name: one })),
    field: fields.map((field) => ({
      name: field.name,
      jsonName: camel(field.name),
      number: field.number,
      label: field.isList ? Label.REPEATED : Label.OPTIONAL,
      type: scalarTypes[field.type] ?? Type.MESSAGE,
      ...(field.type in scalarTypes ? {} : { typeName: `.${field.type}` }),
      ...(field.isChoice ? { oneofIndex: 0 } : {}),
      ...(field.isOptional ? { oneofIndex: choices.length + optional.indexOf(field), proto3Optional: true } : {}),
    })),
  };
}

/** Fields that are not set are not there. */
function present(message: Init): Init {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
}
