import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';
import { EngineError } from '#core/model/index.ts';

/**
 * YAML as a tree that knows its lines, so that whatever is wrong with a file can be said with its place.
 * Bounded before anything is built: text, depth, and nodes with aliases written out. Scalars stay text; the decoders of
 * yaml-decode.ts give them a type, as Go's readers of these files do, so no implicit typing can surprise.
 */
interface NodeBase {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Offsets in UTF-16 units of the text, for editors. */
  readonly from: number;
  readonly to: number;
}

export interface YamlScalar extends NodeBase {
  readonly kind: 'scalar';
  readonly text: string;
  /** Written without quotes, so `~`, `true` and numbers mean what they look like. */
  readonly plain: boolean;
}

export interface YamlList extends NodeBase {
  readonly kind: 'list';
  readonly items: YamlNode[];
}

export interface YamlMap extends NodeBase {
  readonly kind: 'map';
  /** In the order of the file; merge keys (`<<`) already written out. */
  readonly entries: Map<string, YamlEntry>;
}

export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

export type YamlNode = YamlScalar | YamlList | YamlMap;

/** Bounds on a file (reliability: default limits); the largest published rule file is a third of the text and a tenth of the nodes. */
const textBytesMax = 1 << 20;
const depthMax = 100;
const nodesMax = 250_000;

/** Reads the one document of a YAML text. Throws EngineError `invalid`, or `limit`, as "FILE:LINE: what". */
export function readYaml(text: string, file: string): YamlNode {
  const documents = readYamlDocuments(text, file);
  if (documents.length === 0) return { kind: 'scalar', file, line: 1, from: 0, to: 0, text: '', plain: true };
  const second = documents[1];
  if (second !== undefined) throw yamlError(second, 'a second document begins here; put each document in a file of its own');
  return documents[0]!;
}

/** Reads every document of a YAML text. Throws as readYaml does. */
export function readYamlDocuments(text: string, file: string): YamlNode[] {
  if (Buffer.byteLength(text) > textBytesMax) throw new EngineError('limit', `${file}:1: the file is over the limit of 1 MiB`);
  return new TreeBuilder(text, file).build(eventsOf(text, file));
}

/** The error of one node: "FILE:LINE: sentence". */
export function yamlError(node: YamlNode, sentence: string): EngineError {
  return new EngineError('invalid', `${node.file}:${node.line}: ${sentence}`, { from: node.from, to: node.to });
}

/** An empty value, `~` or `null`: the same as leaving the field out. */
export function isYamlNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:|~|null|Null|NULL)$/.test(node.text);
}

function eventsOf(text: string, file: string): Event[] {
  try {
    return parseEvents(text, { maxDepth: depthMax });
  } catch (error) {
    const mark = error instanceof YAMLException ? error.mark : undefined;
    const why = error instanceof YAMLException ? error.reason : 'the text is not YAML';
    throw new EngineError('invalid', `${file}:${(mark?.line ?? 0) + 1}: ${why}`, mark && { from: mark.position, to: mark.position });
  }
}

/** A collection being filled. `key` holds a map's key until its value comes; `nodeCount` counts aliases as what they stand for. */
interface Frame {
  readonly node: YamlList | YamlMap;
  readonly anchor: string;
  key: YamlScalar | undefined;
  merges: YamlNode[];
  nodeCount: number;
}

interface Anchored {
  readonly node: YamlNode;
  readonly nodeCount: number;
}

class TreeBuilder {
  readonly #text: string;
  readonly #file: string;
  readonly #lineStarts: number[] = [0];
  readonly #documents: YamlNode[] = [];
  #frames: Frame[] = [];
  #anchors = new Map<string, Anchored>();
  /** Where the reader stands, for values that are not written. */
  #offset = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  build(events: readonly Event[]): YamlNode[] {
    for (const event of events) this.#take(event);
    return this.#documents;
  }

  #take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.#anchors = new Map();
        return;
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        this.#open(event);
        return;
      case EVENT_ID.POP:
        this.#close();
        return;
      case EVENT_ID.ALIAS:
        this.#alias(event);
        return;
      case EVENT_ID.SCALAR:
        this.#scalar(event);
    }
  }

  #open(event: MappingEvent | SequenceEvent): void {
    const base = this.#base(event.start, event.start + 1);
    if (event.tagStart >= 0) throw this.#tagError(base, event);
    const node: YamlList | YamlMap =
      event.type === EVENT_ID.MAPPING ? { ...base, kind: 'map', entries: new Map() } : { ...base, kind: 'list', items: [] };
    this.#frames.push({ node, anchor: this.#anchorOf(event), key: undefined, merges: [], nodeCount: 1 });
  }

  #alias(event: AliasEvent): void {
    const name = this.#anchorOf(event);
    const target = this.#anchors.get(name);
    if (target === undefined) {
      const base = this.#base(event.anchorStart, event.anchorEnd);
      throw yamlError({ ...base, kind: 'list', items: [] }, `*${name} refers to nothing that is complete before it`);
    }
    this.#place(target.node, target.nodeCount);
  }

  #scalar(event: ScalarEvent): void {
    const written = event.valueStart >= 0;
    const base = this.#base(written ? event.valueStart : this.#offset, written ? event.valueEnd : this.#offset);
    const tag = event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd);
    if (tag !== '' && tag !== '!' && tag !== '!!str') throw this.#tagError(base, event);
    const text = written ? getScalarValue(this.#text, event) : '';
    const node: YamlScalar = { ...base, kind: 'scalar', text, plain: tag === '' && event.style === SCALAR_STYLE.PLAIN };
    if (event.anchorStart >= 0) this.#anchors.set(this.#anchorOf(event), { node, nodeCount: 1 });
    this.#place(node, 1);
  }

  #close(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return; // The end of a document, not of a collection.
    if (frame.node.kind === 'map') for (const from of frame.merges) merge(frame.node, from);
    if (frame.anchor !== '') this.#anchors.set(frame.anchor, { node: frame.node, nodeCount: frame.nodeCount });
    this.#place(frame.node, frame.nodeCount);
  }

  #place(node: YamlNode, nodeCount: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#documents.push(node);
      return;
    }
    frame.nodeCount += nodeCount;
    if (frame.nodeCount > nodesMax)
      throw new EngineError('limit', `${this.#file}:${node.line}: the file holds more than ${nodesMax} values, aliases written out`);
    if (frame.node.kind === 'list') frame.node.items.push(node);
    else this.#placeInMap(frame, frame.node, node);
  }

  #placeInMap(frame: Frame, map: YamlMap, node: YamlNode): void {
    const key = frame.key;
    if (key === undefined) {
      if (node.kind !== 'scalar') throw yamlError(node, 'a key must be plain text');
      if (map.entries.has(node.text)) throw yamlError(node, `the key ${JSON.stringify(node.text)} stands here twice; remove one`);
      frame.key = node;
      return;
    }
    frame.key = undefined;
    if (key.plain && key.text === '<<') frame.merges.push(node);
    else map.entries.set(key.text, { key, value: node });
  }

  #base(from: number, to: number): NodeBase {
    this.#offset = to;
    return { file: this.#file, line: this.#lineOf(from), from, to };
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  #anchorOf(event: { readonly anchorStart: number; readonly anchorEnd: number }): string {
    return event.anchorStart < 0 ? '' : this.#text.slice(event.anchorStart, event.anchorEnd);
  }

  #tagError(base: NodeBase, event: { readonly tagStart: number; readonly tagEnd: number }): EngineError {
    const tag = this.#text.slice(event.tagStart, event.tagEnd);
    return yamlError({ ...base, kind: 'list', items: [] }, `the tag ${tag} means nothing in this file; remove it`);
  }
}

/** Writes out a merge key: what the map does not say itself, in order of the list (YAML 1.1 merge type). */
function merge(map: YamlMap, from: YamlNode): void {
  const sources = from.kind === 'list' ? from.items : [from];
  for (const source of sources) {
    if (source.kind !== 'map') throw yamlError(from, 'a merge key (<<) takes a map or a list of maps');
    for (const [name, entry] of source.entries) if (!map.entries.has(name)) map.entries.set(name, entry);
  }
}
