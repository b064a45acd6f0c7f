/**
 * The workload whose pod it is: Kubernetes adds a hash of the template and five random characters to a deployment's name, and a number to a
 * stateful set's.
 */
export function workloadOf(pod: string): string {
  return pod.replace(/-[a-f0-9]{6,10}-[a-z0-9]{5}$/, '').replace(/-\d{1,3}$/, '');
}
