/** Round times between two ends, about `count` of them: steps of 1, 2 or 5. The first is at or after `fromNs`. */
export function tickTimes(fromNs: number, toNs: number, count: number): readonly number[] {
  const raw = (toNs - fromNs) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const stepNs = size * ([1, 2, 5, 10].find((one) => one * size >= raw * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(fromNs / stepNs - 1e-9) + 0; k * stepNs <= toNs; k++) ticks.push(k * stepNs);
  return ticks;
}
