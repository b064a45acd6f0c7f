/** Which rows of a long list with rows of one height are worth drawing. */
export interface VirtualWindow {
  /** First row drawn. */
  readonly from: number;
  /** One past the last row drawn. */
  readonly to: number;
  /** Where the first drawn row begins, in px from the list's top. */
  readonly offsetPx: number;
  readonly totalPx: number;
}

/** Rows drawn beyond each edge, so that a fast scroll shows no holes. */
const overscanRows = 8;

export function virtualWindow(scrollTopPx: number, heightPx: number, rowPx: number, rowCount: number): VirtualWindow {
  const first = Math.floor(Math.max(0, scrollTopPx) / rowPx) - overscanRows;
  const from = Math.max(0, Math.min(first, rowCount));
  const to = Math.min(rowCount, Math.max(from, Math.ceil((Math.max(0, scrollTopPx) + heightPx) / rowPx) + overscanRows));
  return { from, to, offsetPx: from * rowPx, totalPx: rowCount * rowPx };
}

/** Where to scroll so that a row is wholly seen; `scrollTopPx` itself when it is. */
export function scrollToRow(row: number, scrollTopPx: number, heightPx: number, rowPx: number): number {
  const topPx = row * rowPx;
  if (topPx < scrollTopPx) return topPx;
  return topPx + rowPx > scrollTopPx + heightPx ? topPx + rowPx - heightPx : scrollTopPx;
}
