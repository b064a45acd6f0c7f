/** Bounds of one import, against archives that unpack to more than anybody meant. */
export interface ImportLimits {
  /** Files, those in archives counted. */
  readonly filesMax: number;
  /** Bytes read of all files, unpacked. */
  readonly bytesMax: number;
  /** Archives within archives. */
  readonly depthMax: number;
  /** A document that can only be read whole, such as one JSON value, and an archive that lies in another. */
  readonly documentBytesMax: number;
}

export const importLimits: ImportLimits = { filesMax: 100_000, bytesMax: 64 * 2 ** 30, depthMax: 4, documentBytesMax: 256 << 20 };
