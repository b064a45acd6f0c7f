import { spanFlags, type CriticalPath, type TraceTree } from '#core/model/index.ts';
import { durationText } from '../words.ts';
import type { EventIndex } from './event-index.ts';
import { groupOfRow, isFold } from './rows.ts';

/** Colours as the canvas needs them. */
export interface PaintColors {
  readonly services: readonly string[];
  readonly text: string;
  readonly line: string;
  readonly bad: string;
  /** The critical path and its halo. */
  readonly path: string;
  readonly halo: string;
  readonly font: string;
}

/** A moment on the selected span. */
export interface Mark {
  readonly row: number;
  readonly atNs: number;
}

export interface Picture {
  readonly tree: Pick<TraceTree, 'startNs' | 'durationsNs' | 'service' | 'flags' | 'criticalPath' | 'spanCount' | 'repeats'>;
  /** Aligned or as they are. */
  readonly startNs: Float64Array;
  /** The rows to draw, from the top. */
  readonly rows: Uint32Array;
  readonly rowPx: number;
  readonly widthPx: number;
  /** What of the trace lies between the left and the right edge. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly colors: PaintColors;
  readonly members: { readonly starts: Uint32Array; readonly spans: Uint32Array };
  /** Undefined: not shown. */
  readonly path: PathIndex | undefined;
  /** One byte a span, 1 for hits of the search; the others are drawn pale. */
  readonly hits: Uint8Array | undefined;
  readonly marks: readonly Mark[];
  /** Undefined until they are known. */
  readonly events: EventIndex | undefined;
}

const barPx = 12;
const barPxMin = 2;
const labelGapPx = 5;
const eventPx = 3;
/** The least room that a label is put into, and about how wide its characters are at 11 px. */
const charPx = 6;
const paleAlpha = 0.28;

/** The pieces of the critical path by span: those of span i are [starts[i], starts[i + 1]) of `order`. */
export interface PathIndex {
  readonly path: CriticalPath;
  readonly starts: Uint32Array;
  readonly order: Uint32Array;
}

export function indexPath(path: CriticalPath, spanCount: number): PathIndex {
  const starts = new Uint32Array(spanCount + 1);
  for (const span of path.span) starts[span + 1]!++;
  for (let i = 0; i < spanCount; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const order = new Uint32Array(path.span.length);
  for (let piece = 0; piece < order.length; piece++) order[next[path.span[piece]!]!++] = piece;
  return { path, starts, order };
}

/** Draws the bars of the rows on a cleared canvas whose unit is a CSS pixel. */
export function paintBars(ctx: CanvasRenderingContext2D, picture: Picture): void {
  const { rows, rowPx, colors } = picture;
  ctx.font = `11px ${colors.font}`;
  ctx.textBaseline = 'middle';
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const topPx = at * rowPx + (rowPx - barPx) / 2;
    if (isFold(row)) paintFold(ctx, picture, groupOfRow(row), topPx);
    else paintSpan(ctx, picture, row, topPx);
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = colors.text;
  for (const { row, atNs } of picture.marks) {
    const x = xOf(picture, atNs);
    if (x < 0 || x > picture.widthPx) continue;
    const y = row * rowPx + rowPx / 2;
    ctx.beginPath();
    ctx.moveTo(x, y - 5);
    ctx.lineTo(x + 5, y);
    ctx.lineTo(x, y + 5);
    ctx.lineTo(x - 5, y);
    ctx.fill();
  }
}

const xOf = ({ fromNs, toNs, widthPx }: Picture, ns: number): number => ((ns - fromNs) / (toNs - fromNs)) * widthPx;

function paintSpan(ctx: CanvasRenderingContext2D, picture: Picture, span: number, topPx: number): void {
  const { tree, startNs, colors, hits } = picture;
  const durationNs = tree.durationsNs[span]!;
  const fromPx = xOf(picture, startNs[span]!);
  const toPx = Math.max(fromPx + barPxMin, xOf(picture, startNs[span]! + Math.max(0, durationNs)));
  ctx.globalAlpha = hits !== undefined && hits[span] === 0 ? paleAlpha : 1;
  fillBar(ctx, picture, colors.services[tree.service[span]!]!, fromPx, toPx, topPx);
  if ((tree.flags[span]! & spanFlags.error) !== 0) paintError(ctx, picture, fromPx, toPx, topPx);
  if (picture.path !== undefined) paintPath(ctx, picture, picture.path, span, topPx);
  if (picture.events !== undefined) paintEvents(ctx, picture, picture.events, span, topPx);
  paintLabel(ctx, picture, durationText(durationNs), fromPx, toPx, topPx);
}

/** A notch above the bar at each event of the span; those that fall on one pixel are one. */
function paintEvents(ctx: CanvasRenderingContext2D, picture: Picture, { starts, atNs }: EventIndex, span: number, topPx: number): void {
  ctx.fillStyle = picture.colors.text;
  let lastPx = -Infinity;
  for (let i = starts[span]!; i < starts[span + 1]!; i++) {
    const x = Math.round(xOf(picture, atNs[i]!));
    if (x === lastPx || x < 0 || x > picture.widthPx) continue;
    lastPx = x;
    ctx.fillRect(x - 1, topPx - eventPx, 2, eventPx + 2);
  }
}

function fillBar(ctx: CanvasRenderingContext2D, { widthPx }: Picture, color: string, fromPx: number, toPx: number, topPx: number): void {
  const [left, right] = [Math.max(-2, fromPx), Math.min(widthPx + 2, toPx)];
  if (right < 0 || left > widthPx) return;
  ctx.fillStyle = color;
  ctx.fillRect(left, topPx, Math.max(barPxMin, right - left), barPx);
}

/** A red edge below, and a mark in front: a shape, not a colour alone. */
function paintError(ctx: CanvasRenderingContext2D, { widthPx, colors }: Picture, fromPx: number, toPx: number, topPx: number): void {
  const [left, right] = [Math.max(0, fromPx), Math.min(widthPx, toPx)];
  if (right < 0 || left > widthPx) return;
  ctx.fillStyle = colors.bad;
  ctx.fillRect(left, topPx + barPx, Math.max(barPxMin, right - left), 2);
  const x = Math.max(9, left) - 9;
  ctx.beginPath();
  ctx.moveTo(x, topPx + barPx);
  ctx.lineTo(x + 3.5, topPx + 3);
  ctx.lineTo(x + 7, topPx + barPx);
  ctx.fill();
}

function paintPath(ctx: CanvasRenderingContext2D, picture: Picture, { path, starts, order }: PathIndex, span: number, topPx: number): void {
  /** The path was found on the times as they were sent. */
  const shiftNs = picture.startNs[span]! - picture.tree.startNs[span]!;
  for (let at = starts[span]!; at < starts[span + 1]!; at++) {
    const piece = order[at]!;
    const left = Math.max(0, xOf(picture, path.fromNs[piece]! + shiftNs));
    const right = Math.min(picture.widthPx, xOf(picture, path.toNs[piece]! + shiftNs));
    if (right < 0 || left > picture.widthPx) continue;
    const width = Math.max(1, right - left);
    ctx.fillStyle = picture.colors.halo;
    ctx.fillRect(left, topPx + barPx / 2 - 2.5, width, 5);
    ctx.fillStyle = picture.colors.path;
    ctx.fillRect(left, topPx + barPx / 2 - 1.25, width, 2.5);
  }
}

/** The members of a group in one row, pixel by pixel, over the stretch that they take together. */
function paintFold(ctx: CanvasRenderingContext2D, picture: Picture, group: number, topPx: number): void {
  const { tree, startNs, members, colors, hits } = picture;
  const [first, end] = [members.starts[group]!, members.starts[group + 1]!];
  const color = colors.services[tree.service[members.spans[first]!]!]!;
  let [lowPx, highPx, drawnPx] = [Infinity, -Infinity, -Infinity];
  let anyHit = hits === undefined;
  ctx.globalAlpha = 1;
  for (let at = first; at < end; at++) {
    const span = members.spans[at]!;
    if (hits?.[span] === 1) anyHit = true;
    const fromPx = xOf(picture, startNs[span]!);
    const toPx = Math.max(fromPx + 1, xOf(picture, startNs[span]! + Math.max(0, tree.durationsNs[span]!)));
    lowPx = Math.min(lowPx, fromPx);
    highPx = Math.max(highPx, toPx);
    if (toPx <= drawnPx || toPx < 0 || fromPx > picture.widthPx) continue;
    fillBar(ctx, picture, color, Math.max(fromPx, Math.floor(drawnPx)), Math.max(toPx - 0.5, fromPx + 1), topPx);
    drawnPx = Math.ceil(toPx);
  }
  ctx.globalAlpha = 0.25;
  fillBar(ctx, picture, color, lowPx, highPx, topPx);
  ctx.globalAlpha = anyHit ? 1 : paleAlpha;
  if (tree.repeats.errors[group]! > 0) paintError(ctx, picture, lowPx, highPx, topPx);
  paintLabel(ctx, picture, `×${tree.repeats.count[group]!}, ${durationText(tree.repeats.totalNs[group]!)}`, lowPx, highPx, topPx);
}

/** Behind the bar where there is room, else in front of it, else at the edge that is seen. */
function paintLabel(ctx: CanvasRenderingContext2D, { widthPx, colors }: Picture, text: string, fromPx: number, toPx: number, topPx: number): void {
  if (toPx < 0 || fromPx > widthPx) return;
  const roomPx = text.length * charPx + labelGapPx;
  const y = topPx + barPx / 2 + 0.5;
  let x = toPx + labelGapPx;
  if (x + roomPx > widthPx) x = fromPx - roomPx - 9;
  ctx.fillStyle = colors.text;
  if (x < 2) {
    x = Math.max(labelGapPx, Math.min(widthPx - roomPx, toPx - roomPx));
    ctx.fillStyle = colors.halo;
    ctx.fillRect(x - 3, topPx - 1, roomPx, barPx + 2);
    ctx.fillStyle = colors.text;
  }
  ctx.fillText(text, x, y);
}
