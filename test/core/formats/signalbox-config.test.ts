import { describe, expect, test } from 'vitest';
import { defaultIntakeLimits, defaultSpanMetrics, parseSignalboxConfig, type SignalboxConfig } from '#core/formats/index.ts';

const parse = (text: string): SignalboxConfig => parseSignalboxConfig(text, 'signalbox.yml');

describe('parseSignalboxConfig', () => {
  test('an empty file is all defaults', () => {
    expect(parse('')).toEqual({
      evaluationIntervalMs: 60_000,
      externalLabels: [],
      scrapeConfigs: [],
      forwarding: { managers: [], alertRelabel: [] },
      ruleFiles: [],
      alertmanagerFile: 'alertmanager.yml',
      runbookFolder: 'runbooks',
      dashboardFolder: 'dashboards',
      sloFolder: 'slos',
      usersAffected: '',
      retention: {
        timeMs: 30 * 86_400_000,
        rollup5mMs: 90 * 86_400_000,
        rollup1hMs: 400 * 86_400_000,
        bytesMax: 20 * 1024 ** 3,
        logs: { timeMs: 7 * 86_400_000, bytesMax: 8 * 1024 ** 3 },
        traces: { timeMs: 7 * 86_400_000, bytesMax: 8 * 1024 ** 3 },
      },
      limits: defaultIntakeLimits,
      scrapeConfigFiles: [],
      otlp: { promoted: [], ignored: [], keepsIdentifying: false },
      spanMetrics: defaultSpanMetrics,
      warnings: [],
    });
  });

  test('global is what jobs take where they are silent', () => {
    const config = parse(`
global:
  scrape_interval: 15s
  evaluation_interval: 30s
  external_labels: { region: eu }
  sample_limit: 1000
  label_limit: 30
scrape_configs:
  - job_name: node
    static_configs:
      - targets: [127.0.0.1:9100, 'host:1']
        labels: { env: prod, rack: '7' }
  - job_name: slow
    scrape_interval: 1m30s
    scrape_timeout: 20s
    sample_limit: 0
    body_size_limit: 64MB
    scheme: https
    metrics_path: federate
    params: { 'match[]': ['{job="a"}', up] }
    honor_labels: yes
    basic_auth: { username: u, password_file: secret.txt }
    follow_redirects: true
`);
    expect(config.evaluationIntervalMs).toBe(30_000);
    expect(config.externalLabels).toEqual(['region', 'eu']);
    const [node, slow] = config.scrapeConfigs;
    expect(node).toMatchObject({ job: 'node', intervalMs: 15_000, timeoutMs: 10_000, scheme: 'http', metricsPath: '/metrics', honorLabels: false });
    expect(node!.limits).toMatchObject({ samplesMax: 1000, labelsMax: 30, bodyBytesMax: undefined });
    expect(node!.staticGroups).toEqual([{ targets: ['127.0.0.1:9100', 'host:1'], labels: ['env', 'prod', 'rack', '7'] }]);
    expect(node!.http.followRedirects).toBe(false);
    expect(slow).toMatchObject({ intervalMs: 90_000, timeoutMs: 20_000, metricsPath: '/federate', honorLabels: true });
    expect(slow!.limits).toMatchObject({ samplesMax: Infinity, bodyBytesMax: 64 << 20 });
    expect(slow!.params).toEqual([['match[]', ['{job="a"}', 'up']]]);
    expect(slow!.http).toMatchObject({ basicAuth: { username: 'u', passwordFile: 'secret.txt' }, followRedirects: true });
  });

  test('a timeout longer than a short interval is cut to it when it was not asked for', () => {
    const config = parse('global: {scrape_interval: 5s}\nscrape_configs: [{job_name: a}, {job_name: b, scrape_interval: 2s}]');
    expect(config.scrapeConfigs.map((job) => job.timeoutMs)).toEqual([5000, 2000]);
  });

  test('our own fields', () => {
    const config = parse(`
rule_files: [rules/*.yml]
alertmanager: routes.yml
users_affected: sum(rate(errors[5m])) / sum(rate(requests[5m]))
retention: { time: 90d, rollups_5m: 180d, rollups_1h: 2y, size: 10GB }
limits: { samples_per_scrape: 200000, ahead: 1h, body_size: 32MB }
`);
    expect(config).toMatchObject({
      ruleFiles: ['rules/*.yml'],
      alertmanagerFile: 'routes.yml',
      usersAffected: 'sum(rate(errors[5m])) / sum(rate(requests[5m]))',
      retention: { timeMs: 90 * 86_400_000, rollup5mMs: 180 * 86_400_000, rollup1hMs: 730 * 86_400_000, bytesMax: 10 * 1024 ** 3 },
      limits: { ...defaultIntakeLimits, samplesMax: 200_000, aheadMaxMs: 3_600_000, bodyBytesMax: 32 << 20 },
    });
  });

  test('logs and traces are kept for times and in sizes of their own', () => {
    const { retention } = parse('retention: { time: 90d, logs: { time: 3d, size: 2GB }, traces: { time: 30d } }');
    expect(retention.logs).toEqual({ timeMs: 3 * 86_400_000, bytesMax: 2 * 1024 ** 3 });
    expect(retention.traces).toEqual({ timeMs: 30 * 86_400_000, bytesMax: 8 * 1024 ** 3 });
    expect(() => parse('retention: { logs: { days: 3 } }')).toThrow(/days/);
  });

  test('what concerns only Prometheus, or is not there yet, is said and left aside', () => {
    const config = parse(`
alerting: { alertmanagers: [{ kubernetes_sd_configs: [{ role: pod }] }] }
remote_write: [{ url: 'http://x/write', anything: goes }]
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs: [{ role: pod }]
    oauth2: { client_id: a, token_url: 'http://x' }
    some_later_sd_configs: [{}]
    http_sd_configs: [{ url: 'http://x', proxy_url: 'http://p' }]
`);
    expect(config.warnings).toEqual([
      'signalbox.yml:3: remote_write is left aside: it concerns only Prometheus itself',
      'signalbox.yml:2: kubernetes_sd_configs is not yet supported, no targets come from it; give them in file_sd_configs or http_sd_configs, in job "alertmanager"',
      'signalbox.yml:5: kubernetes_sd_configs is not yet supported, no targets come from it; give them in file_sd_configs or http_sd_configs, in job "pods"',
      'signalbox.yml:5: some_later_sd_configs is not yet supported, no targets come from it; give them in file_sd_configs or http_sd_configs, in job "pods"',
      'signalbox.yml:5: oauth2 is not yet supported, in job "pods"',
      'signalbox.yml:5: proxy_url is not yet supported, in job "pods"',
    ]);
  });

  test('relabelling rules of every action', () => {
    const rules = parse(`
scrape_configs:
  - job_name: a
    relabel_configs:
      - { source_labels: [__address__], target_label: x }
      - { action: KEEP, source_labels: [a, b], separator: '-', regex: 'p.*' }
      - { action: hashmod, source_labels: [a], modulus: 8, target_label: shard }
      - { action: labeldrop, regex: tmp_.* }
      - { action: dropequal, source_labels: [a], target_label: b }
`).scrapeConfigs[0]!.relabel;
    expect(rules.map(({ action, line }) => [action, line])).toEqual([
      ['replace', 5],
      ['keep', 6],
      ['hashmod', 7],
      ['labeldrop', 8],
      ['dropequal', 9],
    ]);
    expect(rules[0]).toMatchObject({ separator: ';', replacement: '$1', sourceLabels: ['__address__'] });
    expect(rules[1]!.regex.matches('prod')).toBe(true);
  });
});

describe('what is wrong is said with its place', () => {
  test.each([
    ['scrap_configs: []', '1: configuration has no field "scrap_configs"; did you mean "scrape_configs"?'],
    ['scrape_configs:\n- job_name: a\n  honour_labels: true', '3: scrape config has no field "honour_labels"; did you mean "honor_labels"?'],
    ['scrape_configs:\n- static_configs: []', '2: scrape config needs the field "job_name"'],
    ['scrape_configs:\n- job_name: a\n- job_name: a', '3: a second scrape config has the job_name "a"'],
    ['scrape_configs: [{job_name: ""}]', '1: job_name must not be empty'],
    ['scrape_configs: {}', '1: a list is expected here'],
    ['scrape_configs:\n- job_name: a\n  scrape_interval: soon', '3: "soon" is not a duration'],
    ['scrape_configs:\n- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 6s', 'is longer than its scrape_interval'],
    ['global: {scrape_interval: 5s, scrape_timeout: 6s}', 'the scrape_timeout of global is longer'],
    ['scrape_configs:\n- job_name: a\n  static_configs:\n  - targets:\n    - http://x/metrics', '5: "http://x/metrics" is not a target'],
    ['scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: []\n    labels: {a-b: c}', '5: "a-b" is not a label name'],
    ['scrape_configs:\n- job_name: a\n  body_size_limit: big', '3: "big" is not a size'],
    ['scrape_configs:\n- job_name: a\n  scheme: ftp', '3: "ftp" is not one of http, https'],
    ['scrape_configs:\n- job_name: a\n  relabel_configs:\n  - action: replaec', '4: "replaec" is not one of'],
    ['scrape_configs:\n- job_name: a\n  relabel_configs:\n  - regex: "("', '4: '],
    ['scrape_configs:\n- job_name: a\n  relabel_configs:\n  - action: labelkeep\n    target_label: a', 'takes only regex'],
    ['scrape_configs:\n- job_name: a\n  relabel_configs:\n  - action: hashmod\n    target_label: a', 'needs a modulus'],
    ['scrape_configs:\n- job_name: a\n  basic_auth: {username: a}\n  bearer_token: b', '4: only one of basic_auth and bearer_token may be set'],
    ['scrape_configs:\n- job_name: a\n  file_sd_configs: [{files: [a.txt]}]', '3: "a.txt" must end in .json'],
    ['scrape_configs:\n- job_name: a\n  http_sd_configs: [{url: "file:///x"}]', '3: "file:///x" is not an http or https URL'],
    ['limits: {labels: -1}', '1: "-1" is not a whole number from 0'],
    ['users_affected: [1]', '1: a plain value is expected here'],
  ])('%j', (text, sentence) => {
    expect(() => parse(text)).toThrow(sentence);
    expect(() => parse(text)).toThrow(/^signalbox\.yml:\d+: /);
  });
});
