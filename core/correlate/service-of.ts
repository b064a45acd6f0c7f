import { labelValue, type Labels } from '#core/model/index.ts';

/** Labels and attributes that name a service, the surest first. What has none of them belongs to its job or host. */
export const serviceNames: readonly string[] = [
  'service.name',
  'service_name',
  'microservice',
  'destination_workload',
  'app_kubernetes_io_name',
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
];
const podLabels = new Set(['pod', 'pod_name', 'PodName', 'k8s.pod.name', 'cmdb_id']);
/** Labels whose value `POD` or nothing stands for a pod's sandbox. */
const sandbox = 'POD';

/** The service that labels speak of, by `names` in their order; empty when none is there. */
export function serviceOfLabels(labels: Labels, names: readonly string[] = serviceNames): string {
  for (const name of names) {
    const value = labelValue(labels, name);
    if (value === '' || value === sandbox) continue;
    return podLabels.has(name) ? workloadOfPod(value) : value;
  }
  return '';
}

/**
 * The workload whose pod it is: Kubernetes adds a hash of the template and five random characters to a deployment's name, five
 * characters to a daemon set's, a number to a stateful set's.
 */
export function workloadOfPod(pod: string): string {
  return pod
    .replace(/-[a-f0-9]{6,10}-[a-z0-9]{5}$/, '')
    .replace(/-(?=[bcdfghjklmnpqrstvwxz2456789]*\d)[bcdfghjklmnpqrstvwxz2456789]{5}$/, '')
    .replace(/-\d{1,3}$/, '');
}
