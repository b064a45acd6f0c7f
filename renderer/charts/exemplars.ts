import { frame, plotAxis, type Plot, type PlotExemplar } from './plot.ts';

/** An exemplar where it is drawn. */
export interface ExemplarDot extends PlotExemplar {
  readonly xPx: number;
  readonly yPx: number;
}

/** Dots nearer than this to one already drawn are left out: they could not be clicked apart. */
const apartPx = 7;

/**
 * The exemplars of a plot as dots, the largest values first when they are too near each other. A value beyond the axis, as of a latency
 * behind a rate, stands at its edge.
 */
export function exemplarDots(plot: Plot, widthPx: number, heightPx: number): readonly ExemplarDot[] {
  const exemplars = (plot.exemplars ?? []).filter(({ timeMs }) => timeMs >= plot.startMs && timeMs <= plot.endMs);
  if (exemplars.length === 0 || widthPx === 0) return [];
  const [innerWidthPx, innerHeightPx] = [widthPx - frame.left - frame.right, heightPx - frame.top - frame.bottom];
  const axis = plotAxis(plot, innerHeightPx);
  const taken = new Set<string>();
  const dots: ExemplarDot[] = [];
  for (const exemplar of exemplars.toSorted((a, b) => b.value - a.value)) {
    const xPx = frame.left + ((exemplar.timeMs - plot.startMs) / (plot.endMs - plot.startMs)) * innerWidthPx;
    const share = (Math.min(axis.max, Math.max(axis.min, exemplar.value)) - axis.min) / (axis.max - axis.min);
    const yPx = frame.top + (1 - share) * innerHeightPx;
    const cell = `${Math.round(xPx / apartPx)} ${Math.round(yPx / apartPx)}`;
    if (taken.has(cell)) continue;
    taken.add(cell);
    dots.push({ ...exemplar, xPx, yPx });
  }
  return dots;
}
