import type { FlameFrames } from '#core/model/index.ts';

/** A frame where it is drawn. */
export interface FlameBox {
  readonly frame: number;
  readonly level: number;
  readonly fromPx: number;
  readonly toPx: number;
}

/** A frame narrower than this is not drawn, nor is what is below it. */
const pxMin = 0.7;

/** The boxes of the whole trace, or of one frame as wide as the whole. Depth first. */
export function flameBoxes(frames: FlameFrames, focus: number | undefined, widthPx: number): readonly FlameBox[] {
  const [first, end] = focus === undefined ? [0, frames.depth.length] : [focus, focus + frames.descendants[focus]! + 1];
  const topDepth = frames.depth[first] ?? 0;
  let wholeNs = 0;
  for (let frame = first; frame < end; frame += frames.descendants[frame]! + 1) wholeNs += frames.totalNs[frame]!;
  const scale = widthPx / Math.max(1, wholeNs);
  /** Where the next frame of each level begins. */
  const nextPx: number[] = [0];
  const boxes: FlameBox[] = [];
  for (let frame = first; frame < end;) {
    const level = frames.depth[frame]! - topDepth;
    const fromPx = nextPx[level]!;
    const toPx = fromPx + frames.totalNs[frame]! * scale;
    nextPx[level] = toPx;
    nextPx[level + 1] = fromPx;
    const seen = toPx - fromPx >= pxMin;
    if (seen) boxes.push({ frame, level, fromPx, toPx });
    frame += seen ? 1 : frames.descendants[frame]! + 1;
  }
  return boxes;
}

export function frameAt(boxes: readonly FlameBox[], px: number, level: number): number | undefined {
  return boxes.find((box) => box.level === level && px >= box.fromPx && px < box.toPx)?.frame;
}

export function parentOfFrame({ depth }: FlameFrames, frame: number): number | undefined {
  for (let above = frame - 1; above >= 0; above--) if (depth[above]! < depth[frame]!) return above;
  return undefined;
}
