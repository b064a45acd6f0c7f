/**
 * Addresses of Prometheus' pages as they stand in the links of alerts and dashboards, led to the screen that shows the same. The part
 * behind `#` cannot be seen here; Alertmanager's links are of that kind, and the screen reads them itself.
 */
const screens: ReadonlyMap<string, string> = new Map([
  ['/graph', '/#/explore'],
  ['/query', '/#/explore'],
  ['/alerts', '/#/alerts'],
  ['/rules', '/#/alerts/rules'],
  ['/targets', '/#/sources'],
]);

/** Where a page of Prometheus is found here, with what was asked of it; undefined for any other path. `query` is the text behind the question mark. */
export function screenOf(path: string, query: string): string | undefined {
  const screen = screens.get(path);
  return screen === undefined || query === '' ? screen : `${screen}?${query}`;
}
