import { Dictionary } from './encode.ts';
import { servicesOf, type Grouping } from './grouping.ts';
import { noParent, type SpanTable } from './table.ts';
import { kindNumbers } from './trace-columns.ts';
import { eachValue } from './values-column.ts';

/**
 * What names the other side of a call, the surest first (OpenTelemetry's semantic conventions, now and before 1.20; Zipkin's remote endpoints
 * are read as `peer.service`).
 */
const queueKeys = ['messaging.destination.name', 'messaging.destination', 'messaging.system'];
const calleeKeys = [
  'peer.service',
  'db.namespace',
  'db.name',
  ...queueKeys,
  'db.system.name',
  'db.system',
  'rpc.service',
  'server.address',
  'net.peer.name',
];

/**
 * Group `(caller + 1) * services + callee`, as `byEdge` has it: calls whose other side has no span in the trace. A client or producer that nobody
 * answers calls what its attributes name; a consumer without a parent is called by its queue. The names stand behind the services.
 */
export function byPeer(table: SpanTable): Grouping {
  const { services, of } = servicesOf(table);
  const { names, codes } = peersOf(table, of);
  const [resources, kinds] = [table.resources(), table.kinds()];
  const all = [...services, ...names];
  return {
    services: all,
    groupOf: (row) => {
      if (codes[row]! < 0) return -1;
      const [own, peer] = [of[resources[row]!]!, services.length + codes[row]!];
      if (services[own] === all[peer]) return -1;
      return (kinds[row]! & 7) === kindNumbers.consumer ? (peer + 1) * all.length + own : (own + 1) * all.length + peer;
    },
    isStray: () => false,
  };
}

const isCaller = (kind: number): boolean => (kind & 7) === kindNumbers.client || (kind & 7) === kindNumbers.producer;

/** Of each row the place of its other side among `names`, -1 where that has spans or is not known. */
function peersOf(table: SpanTable, serviceOf: readonly number[]): { readonly names: readonly string[]; readonly codes: Int32Array } {
  const [kinds, parents, resources] = [table.kinds(), table.parents(), table.resources()];
  const dictionary = new Dictionary();
  const codes = new Int32Array(kinds.length).fill(-1);
  const take = (keys: readonly string[], isWanted: (row: number) => boolean): void => {
    for (const key of keys.toReversed()) {
      const column = table.values(`a:${key}`);
      if (column === undefined) continue;
      eachValue(column, 0, kinds.length, (row, value) => {
        if (column.texts[value] !== '' && isWanted(row)) codes[row] = dictionary.code(column.texts[value]!);
      });
    }
  };
  take(calleeKeys, (row) => isCaller(kinds[row]!));
  take(queueKeys, (row) => (kinds[row]! & 7) === kindNumbers.consumer && parents[row] === noParent);
  for (let row = 0; row < kinds.length; row++) {
    const parent = parents[row]!;
    if (parent < 0 || !isCaller(kinds[parent]!)) continue;
    const kind = kinds[row]! & 7;
    const isAnswer = kind === kindNumbers.server || kind === kindNumbers.consumer || serviceOf[resources[row]!] !== serviceOf[resources[parent]!];
    if (isAnswer) codes[parent] = -1;
  }
  return { names: dictionary.texts, codes };
}
