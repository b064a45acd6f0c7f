/** What is in force when nobody has written a configuration: enough that a first start shows something real and watches it. */

/** The usual port of a node exporter on this machine; it is scraped once it answers. */
export const nodeExporter = { job: 'node', address: '127.0.0.1:9100' } as const;

export const builtinSettings = `
global:
  scrape_interval: 15s
  evaluation_interval: 15s
`;

export const builtinSettingsWithNode = `${builtinSettings}
scrape_configs:
  - job_name: ${nodeExporter.job}
    static_configs:
      - targets: ['${nodeExporter.address}']
`;

export const builtinRules = `
groups:
  - name: signalbox
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 1m
        labels:
          severity: warning
        annotations:
          summary: '{{ $labels.instance }} of {{ $labels.job }} does not answer'
          description: 'Its metrics have been missing since the scrapes began to fail; what they would say of it is unknown.'
      - alert: DiskWillFillIn4Hours
        expr: predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay"}[1h], 4 * 3600) < 0
        for: 10m
        labels:
          severity: warning
        annotations:
          summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} fills within four hours'
`;
