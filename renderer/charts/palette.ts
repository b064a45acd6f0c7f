/** Series colours in order, each with enough contrast (3:1) on the panel of its theme and apart for the colour-blind in its first eight. */
const onDark = [
  '#6aa5ff',
  '#f2a93b',
  '#4fc98a',
  '#e879c7',
  '#f2716b',
  '#45c4d6',
  '#b59bff',
  '#c8c552',
  '#8fb9d9',
  '#d98f5f',
  '#7fd0b5',
  '#c78fe0',
  '#e89aa4',
  '#6fb7a0',
  '#a5b0e0',
  '#d6b98a',
  '#9ccf6a',
  '#7da3c9',
  '#e0a3d0',
  '#b0b8c4',
] as const;
const onLight = [
  '#1d5fd1',
  '#b86a00',
  '#14804a',
  '#b0308f',
  '#c2352b',
  '#0b7d92',
  '#6b46c8',
  '#7a7400',
  '#3d7396',
  '#a35a26',
  '#2c8068',
  '#8a4aa8',
  '#a8475a',
  '#2f7560',
  '#5561a8',
  '#8a6a2e',
  '#4f7f1f',
  '#416a92',
  '#9c4a86',
  '#5c6673',
] as const;

/** The colour of the i-th series. */
export function seriesColor(index: number, dark: boolean): string {
  const colors = dark ? onDark : onLight;
  return colors[index % colors.length]!;
}
