import { EngineError } from '#core/model/index.ts';

/** A JSON document, or as many items of its list as make one of this size, with what stands around the list. */
export interface JsonPiece {
  readonly bytes: Buffer;
  /** Of the document where the piece begins, from 1. */
  readonly line: number;
}

/** Read in one go: some 100 ms. */
const pieceBytesMax = 1 << 20;
/** A list that is the document's matter lies no deeper: `{"data":{"result":[`. */
const listDepthMax = 3;
const [quote, backslash, openBrace, closeBrace, openList, closeList, comma, colon, lineFeed] = '"\\{}[],:\n'
  .split('')
  .map((text) => text.charCodeAt(0)) as [number, number, number, number, number, number, number, number, number];

export interface PieceOptions {
  /** Keys of the list that may be cut; an empty key is a list that is the document itself. */
  readonly listKeys: ReadonlySet<string>;
  /** Of one item, and of a document without such a list. */
  readonly bytesMax: number;
}

/**
 * Cuts one long JSON document into shorter ones while it is read: the items of its list in groups, each with the same bytes before and the
 * brackets closed behind. What follows the list goes with the last group. A short document is one piece as it is.
 */
export class JsonPieces {
  readonly #options: PieceOptions;
  readonly #pieceBytes: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** What stands before the first item; undefined until the list was found. */
  #head: Buffer | undefined;
  /** Depth within the list; 0 when it has ended or was not found yet. */
  #listDepth = 0;
  readonly #open: number[] = [];
  #inString = false;
  #isEscaped = false;
  /** The string that ended last, and the key that the next value has. */
  #text = '';
  #key = '';
  #line = 1;
  #pieceLine = 1;

  constructor(options: PieceOptions) {
    this.#options = options;
    this.#pieceBytes = Math.min(pieceBytesMax, options.bytesMax / 2);
  }

  /** Takes the next bytes; throws EngineError `limit` when one item is longer than may be. */
  *push(bytes: Uint8Array): Generator<JsonPiece> {
    let from = 0;
    if (this.#head === undefined) {
      const listAt = this.#findList(bytes);
      if (listAt < bytes.length) {
        from = listAt + 1;
        this.#keep(bytes, 0, from);
        this.#head = this.#all();
        this.#listDepth = this.#open.length;
      }
    }
    while (this.#head !== undefined) {
      const commaAt = this.#findEnd(bytes, from);
      if (commaAt === bytes.length) break;
      this.#keep(bytes, from, commaAt);
      from = commaAt + 1;
      yield this.#piece();
    }
    this.#keep(bytes, from, bytes.length);
  }

  /** Where the list opens; the length of the bytes when it does not in them. */
  #findList(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length; at++) {
      const c = bytes[at]!;
      if (this.#inString) this.#inside(c);
      else {
        this.#structure(c);
        if (c === openList && this.#isList()) return at;
      }
    }
    return bytes.length;
  }

  /**
   * The first comma between items of the list once there is enough for a piece; the length of the bytes when there is none. Every byte of a
   * long document comes by here, so its state is kept in variables.
   */
  #findEnd(bytes: Uint8Array, from: number): number {
    const fullAt = from + this.#pieceBytes - this.#length;
    let [inString, isEscaped, line] = [this.#inString, this.#isEscaped, this.#line];
    let at = from;
    for (; at < bytes.length; at++) {
      const c = bytes[at]!;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (c === quote) inString = false;
        else if (c === backslash) isEscaped = true;
      } else if (c === quote) inString = true;
      else if (c === openBrace || c === openList) this.#open.push(c);
      else if (c === closeBrace || c === closeList) this.#close();
      else if (c === lineFeed) line++;
      else if (c === comma && at >= fullAt && this.#open.length === this.#listDepth) break;
    }
    [this.#inString, this.#isEscaped, this.#line] = [inString, isEscaped, line];
    return at;
  }

  /** What is left when the document has ended. */
  end(): JsonPiece {
    return { bytes: Buffer.concat([this.#head ?? Buffer.alloc(0), this.#all()]), line: this.#pieceLine };
  }

  #inside(c: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (c === backslash) this.#isEscaped = true;
    else if (c === quote) this.#inString = false;
    else if (this.#text.length < 32) this.#text += String.fromCharCode(c);
  }

  #structure(c: number): void {
    if (c === quote) {
      this.#inString = true;
      this.#text = '';
    } else if (c === colon) this.#key = this.#text;
    else if (c === openBrace || c === openList) this.#open.push(c);
    else if (c === closeBrace || c === closeList) this.#close();
    else if (c === lineFeed) this.#line++;
  }

  #close(): void {
    if (this.#open.length === this.#listDepth) this.#listDepth = 0;
    this.#open.pop();
  }

  /** Whether the bracket that was opened last is that of the list. */
  #isList(): boolean {
    if (this.#open.length === 1) return this.#options.listKeys.has('');
    return this.#open.length <= listDepthMax && !this.#open.slice(0, -1).includes(openList) && this.#options.listKeys.has(this.#key);
  }

  #piece(): JsonPiece {
    const closing = this.#open.map((c) => (c === openBrace ? '}' : ']')).toReversed();
    const line = this.#pieceLine;
    this.#pieceLine = this.#line;
    return { bytes: Buffer.concat([this.#head!, this.#all(), Buffer.from(closing.join(''))]), line };
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (to <= from) return;
    this.#length += to - from;
    const { bytesMax } = this.#options;
    if (this.#length > bytesMax)
      throw new EngineError('limit', `an item of the JSON document is longer than ${bytesMax} bytes and can only be read whole; split it`);
    this.#chunks.push(Uint8Array.prototype.slice.call(bytes, from, to));
  }

  #all(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#length = 0;
    return all;
  }
}
