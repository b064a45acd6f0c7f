import { spanFlags, type TraceTree } from '#core/model/index.ts';

export interface MinimapPicture {
  readonly tree: Pick<TraceTree, 'spanCount' | 'durationsNs' | 'durationNs' | 'service' | 'flags'>;
  readonly startNs: Float64Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly colors: readonly string[];
  readonly bad: string;
}

/** The foot is left to the ticks. */
const footPx = 13;
const barPxMax = 4;
/** Of each line of pixels so many spans are drawn, and every failed one: more could not be told apart. */
const spansPerLine = 64;

/** All spans from top to bottom, as small as they need to be. */
export function paintMinimap(ctx: CanvasRenderingContext2D, { tree, startNs, widthPx, heightPx, colors, bad }: MinimapPicture): void {
  ctx.clearRect(0, 0, widthPx, heightPx);
  const roomPx = heightPx - footPx;
  const linePx = Math.min(barPxMax, roomPx / tree.spanCount);
  const stride = Math.max(1, Math.floor(tree.spanCount / (roomPx * spansPerLine)));
  const scale = widthPx / Math.max(1, tree.durationNs);
  const paint = (span: number, color: string, heightPx: number): void => {
    ctx.fillStyle = color;
    ctx.fillRect(startNs[span]! * scale, span * linePx, Math.max(1, Math.max(0, tree.durationsNs[span]!) * scale), heightPx);
  };
  for (let span = 0; span < tree.spanCount; span += stride) paint(span, colors[tree.service[span]!]!, Math.max(1, linePx * 0.8));
  for (let span = 0; span < tree.spanCount; span++) if ((tree.flags[span]! & spanFlags.error) !== 0) paint(span, bad, Math.max(1.5, linePx));
}
