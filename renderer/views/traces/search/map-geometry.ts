import type { PlacedEdge } from './map-layout.ts';

/** Where columns and rows stand, in px, and the size of a service's box. */
export interface MapGrid {
  readonly columnPx: number;
  readonly rowPx: number;
  readonly padPx: number;
  readonly box: { readonly width: number; readonly height: number };
}

export const columnX = ({ padPx, box, columnPx }: MapGrid, column: number): number => padPx + box.width / 2 + column * columnPx;
export const rowY = ({ padPx, box, rowPx }: MapGrid, row: number): number => padPx + box.height / 2 + row * rowPx;

/** A smooth line through an edge's points, out of the side of a box and into that of the next. */
export function edgePath(grid: MapGrid, { points }: PlacedEdge): string {
  const backward = points[0]![0] > points.at(-1)![0];
  const half = backward ? -grid.box.width / 2 : grid.box.width / 2;
  const last = points.length - 1;
  const px = points.map(([column, row], i): readonly [number, number] => [
    columnX(grid, column) + (i === 0 ? half : i === last ? -half : 0),
    rowY(grid, row),
  ]);
  let path = `M${px[0]![0]} ${px[0]![1]}`;
  for (let i = 1; i < px.length; i++) {
    const [[fromX, fromY], [toX, toY]] = [px[i - 1]!, px[i]!];
    const middle = (fromX + toX) / 2;
    path += `C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}`;
  }
  return path;
}

/** Where an edge's words stand: towards the end at which it is alone, so that those of a fan do not cover each other. */
export function wordsPlace(grid: MapGrid, { caller, callee, points }: PlacedEdge, all: readonly PlacedEdge[]): readonly [x: number, y: number] {
  const aloneThere = all.filter((edge) => edge.callee === callee).length === 1;
  const aloneHere = all.filter((edge) => edge.caller === caller).length === 1;
  const at = aloneThere ? points.length - 2 : aloneHere ? 0 : Math.floor((points.length - 2) / 2);
  const [[fromColumn, fromRow], [toColumn, toRow]] = [points[at]!, points[at + 1]!];
  const share = aloneThere ? 0.88 : aloneHere ? 0.12 : 0.5;
  return [columnX(grid, (fromColumn + toColumn) / 2), rowY(grid, fromRow + (toRow - fromRow) * share)];
}
