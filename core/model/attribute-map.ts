import { EngineError } from './errors.ts';

/**
 * Which labels, attributes and fields name the same thing in metrics, spans and log lines: the ways between the signals follow it. Of each
 * thing its keys, the surest first. A dot, a dash and an underscore in a key are alike, since Prometheus turns the first two into the third.
 */
export interface AttributeMap {
  readonly service: readonly string[];
  /** Keys whose value is a pod's name; one that stands under `service` too gives its workload there. */
  readonly pod: readonly string[];
  readonly host: readonly string[];
  readonly traceId: readonly string[];
  readonly spanId: readonly string[];
}

export type AttributeConcept = keyof AttributeMap;
export const attributeConcepts: readonly AttributeConcept[] = ['service', 'pod', 'host', 'traceId', 'spanId'];

/** What OpenTelemetry, Prometheus, Kubernetes, service meshes and loggers write. A thing with none of the names of a service is its job or host. */
export const defaultAttributeMap: AttributeMap = {
  service: [
    'service.name',
    'microservice',
    'destination_workload',
    'app.kubernetes.io/name',
    'app',
    'deployment',
    'workload',
    'container',
    'container_name',
    'k8s.deployment.name',
    'pod',
    'pod_name',
    'PodName',
    'k8s.pod.name',
    'service',
    'serviceName',
    'cmdb_id',
    'job',
    'host',
    'hostname',
    'instance',
  ],
  pod: ['k8s.pod.name', 'pod', 'pod_name', 'PodName', 'cmdb_id'],
  host: ['host.name', 'k8s.node.name', 'node', 'nodename', 'host', 'hostname', 'instance'],
  traceId: ['trace_id', 'traceId', 'traceid', 'traceID', 'TraceID', 'trace', 'dd.trace_id', 'otel.trace_id', 'x_trace_id', 'trace_traceid'],
  spanId: ['span_id', 'spanId', 'spanid', 'spanID', 'SpanID', 'dd.span_id', 'otel.span_id'],
};

const keysMax = 60;
const keyCharsMax = 128;
const words: Readonly<Record<AttributeConcept, string>> = {
  service: 'a service',
  pod: 'a pod',
  host: 'a host',
  traceId: 'a trace id',
  spanId: 'a span id',
};

/** A key as it is compared: as the name of a label. */
export const labelForm = (key: string): string => key.replace(/[^A-Za-z0-9_]/g, '_');

/** Throws EngineError `invalid` with the first thing that makes the map of no use. */
export function checkAttributeMap(map: AttributeMap): void {
  for (const concept of attributeConcepts) checkKeys(concept, map[concept]);
  const traceKeys = new Set(map.traceId.map(labelForm));
  const both = [...map.service, ...map.pod, ...map.host, ...map.spanId].find((key) => traceKeys.has(labelForm(key)));
  if (both !== undefined) throw refusal(`the key ${JSON.stringify(both)} stands under trace id and elsewhere; a trace id names nothing else`);
}

function checkKeys(concept: AttributeConcept, keys: readonly string[]): void {
  const what = words[concept];
  if (keys.length === 0) throw refusal(`${what} needs at least one key; put the defaults back or add one`);
  if (keys.length > keysMax) throw refusal(`${what} has ${keys.length} keys; ${keysMax} are the most`);
  const seen = new Map<string, string>();
  for (const key of keys) {
    if (key === '') throw refusal(`an empty key stands under ${what}; take it away`);
    if (key.length > keyCharsMax)
      throw refusal(`the key ${JSON.stringify(`${key.slice(0, 20)}...`)} of ${what} is longer than ${keyCharsMax} characters`);
    if (/[\s"{}=,\p{Cc}]/u.test(key))
      throw refusal(`the key ${JSON.stringify(key)} of ${what} holds a blank, a quote, a brace, a comma or "="; a key is one name`);
    const before = seen.get(labelForm(key));
    if (before !== undefined)
      throw refusal(`${what} has the key ${JSON.stringify(key)} twice${before === key ? '' : `: ${JSON.stringify(before)} is the same as a label`}`);
    seen.set(labelForm(key), key);
  }
}

const refusal = (sentence: string): EngineError => new EngineError('invalid', sentence);
