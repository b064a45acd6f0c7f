/** A column's name without case and signs: `Trace ID`, `trace_id` and `traceId` are one. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9%]/g, '');
}

/** Index of the first column with one of these plain names, in the order of `names`; -1 when there is none. */
export function columnOf(header: readonly string[], names: readonly string[]): number {
  const plain = header.map(plainName);
  for (const name of names) {
    const at = plain.indexOf(name);
    if (at >= 0) return at;
  }
  return -1;
}

export const columnNames = {
  time: [
    'timeunixnano',
    'starttimeunixnano',
    'starttime',
    'starttimemillis',
    'timestamp',
    'unixtimestamp',
    'time',
    'ts',
    'datetime',
    'eventtime',
    'start',
    'date',
  ],
  end: ['endtimeunixnano', 'endtime', 'end', 'endtimemillis'],
  duration: ['duration', 'durationus', 'durationms', 'durationns', 'durationnano', 'elapsedtime', 'elapsed', 'latency'],
  trace: ['traceid', 'trace'],
  span: ['spanid', 'span', 'id'],
  parent: ['parentid', 'parentspanid', 'parentspan', 'parent'],
  operation: ['operationname', 'operation', 'methodname', 'spanname', 'name', 'method'],
  service: ['servicename', 'service', 'podname', 'pod', 'cmdbid', 'containername', 'container', 'app'],
  status: ['statuscode', 'status', 'iserror', 'error', 'httpstatuscode'],
  message: ['log', 'message', 'msg', 'body', 'content', 'text', 'line', 'logmessage'],
  level: ['level', 'severity', 'severitytext', 'loglevel'],
  metric: ['metric', 'metricname', 'name', 'kpiname', 'kpi', 'measurement'],
  value: ['value', 'val', 'metricvalue', 'kpivalue'],
  caller: ['source', 'caller', 'from', 'client', 'parent', 'upstream', 'src'],
  callee: ['target', 'callee', 'to', 'server', 'child', 'destination', 'downstream', 'dst', 'dest'],
} as const;

const labelNames: Readonly<Record<string, string>> = {
  podname: 'pod',
  servicename: 'service',
  nodename: 'node',
  containername: 'container',
  namespacename: 'namespace',
  hostname: 'host',
};

/** A column's name as a label's. */
export function labelNameOf(column: string): string {
  return labelNames[plainName(column)] ?? metricNameOf(column);
}

/** A column's name as a metric's: Prometheus' classic alphabet, `%` written out. */
export function metricNameOf(column: string): string {
  const name = column
    .replaceAll('%', '_percent')
    .replace(/[^a-zA-Z0-9_:]+/g, '_')
    .replace(/_{2,}/g, '_')
    .replace(/^_+|_+$/g, '');
  return /^\d/.test(name) || name === '' ? `_${name}` : name;
}
