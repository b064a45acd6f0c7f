import { labelPairs, labelsFrom, noLabels, type Labels } from '#core/model/index.ts';

/** Different sets of labels that a file's format may make; lines of further ones get the file's own labels only. */
const streamsMax = 1000;

/** Labels of the streams that lines name; below it are those with further names and values. */
interface Node {
  labels: Labels | undefined;
  readonly next: Map<string, Node>;
}

/** The labels of lines: the file's own, and what their format tells of the stream. The same object for equal labels. */
export class StreamLabels {
  readonly #source: Labels;
  readonly #root: Node = { labels: undefined, next: new Map() };
  readonly #shared = new Map<string, Labels>();
  #count = 0;
  /** Of the line before: most lines are of the same stream. */
  #lastStream: readonly string[] | undefined;
  #lastLabels: Labels = noLabels;
  readonly #ofList = new WeakMap<readonly string[], Labels>();

  constructor(source: Labels) {
    this.#source = source;
  }

  /** `stream` are names and values laid flat. */
  of(stream: readonly string[]): Labels {
    if (isSame(stream, this.#lastStream)) return this.#lastLabels;
    this.#lastLabels = this.#find(stream);
    this.#lastStream = stream;
    return this.#lastLabels;
  }

  /** Of a list that comes again and again as the same object. */
  ofList(stream: readonly string[]): Labels {
    let known = this.#ofList.get(stream);
    if (known === undefined) this.#ofList.set(stream, (known = this.of(stream)));
    return known;
  }

  /** Labels that a record brought along, and the file's own. */
  beside(labels: Labels): Labels {
    const all = labelsFrom([...labelPairs(labels), ...labelPairs(this.#source)]);
    const key = all.join('\ud800');
    const known = this.#shared.get(key) ?? all;
    if (this.#shared.size < streamsMax) this.#shared.set(key, known);
    return known;
  }

  #find(stream: readonly string[]): Labels {
    let node = this.#root;
    for (let i = 0; i < stream.length; i++) {
      const next = node.next.get(stream[i]!);
      if (next === undefined) return this.#make(stream);
      node = next;
    }
    return node.labels ?? this.#make(stream);
  }

  #make(stream: readonly string[]): Labels {
    if (this.#count >= streamsMax && stream.length > 0) return this.#find(noLabels);
    this.#count++;
    let node = this.#root;
    for (const text of stream) {
      let next = node.next.get(text);
      if (next === undefined) node.next.set(text, (next = { labels: undefined, next: new Map() }));
      node = next;
    }
    return (node.labels = labelsFrom([...labelPairs(stream), ...labelPairs(this.#source)]));
  }
}

function isSame(a: readonly string[], b: readonly string[] | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
