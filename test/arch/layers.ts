/**
 * The architecture of Signalbox, as data. Reading this file is reading the map.
 *
 * A row may import only the rows named in `uses`; each of those must stand above it, so the graph
 * is acyclic by construction. `outside` names the npm packages and node: modules a row may touch;
 * nothing outside is allowed by default. Longest path prefix wins.
 */
export interface Row {
  readonly name: string;
  readonly path: string;
  readonly uses: readonly string[];
  readonly outside?: readonly string[];
}

export const rows: readonly Row[] = [
  // 0: words
  { name: 'model', path: 'core/model/', uses: [], outside: ['re2js'] },
  // 1: pure codecs, the contract, the SQLite shell
  { name: 'contract', path: 'core/contract/', uses: ['model'], outside: ['valibot'] },
  { name: 'syntax', path: 'core/promql/syntax/', uses: ['model'] },
  { name: 'formats', path: 'core/formats/', uses: ['model'], outside: ['js-yaml'] },
  { name: 'db', path: 'core/db/', uses: ['model'], outside: ['better-sqlite3', 'node:fs', 'node:path'] },
  { name: 'config', path: 'core/config/', uses: ['model', 'formats'], outside: ['node:fs', 'node:path'] },
  { name: 'blocks', path: 'core/blocks/', uses: ['model', 'db'], outside: ['node:zlib'] },
  // 2: one store per signal
  { name: 'tsdb', path: 'core/tsdb/', uses: ['model', 'db'], outside: ['node:fs', 'node:fs/promises', 'node:path', 'node:zlib'] },
  { name: 'traces', path: 'core/traces/', uses: ['model', 'db', 'blocks'], outside: ['node:path', 'node:zlib'] },
  { name: 'logs', path: 'core/logs/', uses: ['model', 'db', 'blocks', 'formats'], outside: ['node:path', 'node:zlib'] },
  // 3: data in, questions out
  {
    name: 'intake',
    path: 'core/intake/',
    uses: ['model', 'formats', 'db', 'tsdb', 'traces', 'logs'],
    outside: ['node:zlib', 'node:fs', 'node:net', 'node:dns', 'node:stream', 'undici', 'nodemailer', 'node:fs/promises', 'node:path'],
  },
  { name: 'promql', path: 'core/promql/', uses: ['model', 'syntax'] },
  { name: 'correlate', path: 'core/correlate/', uses: ['model'] },
  // 4: judgement
  { name: 'rules', path: 'core/rules/', uses: ['model', 'db', 'formats', 'syntax', 'promql'] },
  { name: 'alerting', path: 'core/alerting/', uses: ['model', 'db', 'formats'] },
  { name: 'runbooks', path: 'core/runbooks/', uses: ['model', 'db', 'formats', 'syntax', 'promql'], outside: ['node:fs', 'node:path', 'marked'] },
  // 5: the case
  { name: 'incidents', path: 'core/incidents/', uses: ['model', 'db', 'formats', 'runbooks'] },
  { name: 'practice', path: 'core/practice/', uses: ['model'] },
  {
    name: 'practice-system',
    path: 'core/practice/system/',
    uses: ['model', 'practice'],
    outside: ['node:http', 'node:net', 'prom-client', '@opentelemetry/*'],
  },
  // 6: composition
  { name: 'api', path: 'core/api/', uses: ['model', 'formats', 'syntax', 'tsdb', 'logs', 'intake', 'promql', 'rules', 'alerting'] },
  {
    name: 'answers',
    path: 'core/answers/',
    uses: [
      'model',
      'contract',
      'formats',
      'syntax',
      'config',
      'tsdb',
      'traces',
      'logs',
      'intake',
      'promql',
      'correlate',
      'rules',
      'alerting',
      'runbooks',
      'incidents',
      'practice',
    ],
    outside: ['node:path'],
  },
  {
    name: 'engine',
    path: 'core/engine.ts',
    uses: [
      'model',
      'contract',
      'formats',
      'db',
      'config',
      'tsdb',
      'traces',
      'logs',
      'intake',
      'promql',
      'correlate',
      'rules',
      'alerting',
      'runbooks',
      'incidents',
      'api',
      'answers',
      'practice',
    ],
    outside: ['node:fs', 'node:path'],
  },
  // shells
  {
    name: 'main',
    path: 'main/',
    uses: [
      'model',
      'contract',
      'formats',
      'config',
      'db',
      'tsdb',
      'traces',
      'logs',
      'intake',
      'promql',
      'correlate',
      'rules',
      'alerting',
      'runbooks',
      'practice',
      'practice-system',
      'api',
      'engine',
    ],
    outside: ['electron', 'ws', 'node:*'],
  },
  { name: 'preload', path: 'preload/', uses: [], outside: ['electron'] },
  // screen
  { name: 'ui', path: 'renderer/ui/', uses: ['model'], outside: ['svelte', 'svelte/*', 'dompurify', '@lucide/svelte/*'] },
  { name: 'charts', path: 'renderer/charts/', uses: ['model', 'ui'], outside: ['svelte', 'svelte/*', 'echarts', 'echarts/*'] },
  { name: 'client', path: 'renderer/client/', uses: ['model', 'contract'], outside: ['svelte', 'svelte/*'] },
  { name: 'shell', path: 'renderer/shell/', uses: ['model', 'contract', 'client', 'ui'], outside: ['svelte', 'svelte/*'] },
  { name: 'editors', path: 'renderer/editors/', uses: [], outside: ['@codemirror/*', '@lezer/*'] },
  {
    name: 'views',
    path: 'renderer/views/',
    uses: ['model', 'contract', 'syntax', 'client', 'ui', 'charts', 'editors', 'shell'],
    outside: ['svelte', 'svelte/*', '@codemirror/*', '@lezer/*', '@prometheus-io/*'],
  },
  { name: 'app', path: 'renderer/', uses: ['model', 'client', 'ui', 'shell', 'views'], outside: ['svelte', 'svelte/*'] },
];
