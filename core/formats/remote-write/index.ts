/** Prometheus remote write 1.0 and 2.0, the requests. */
export { RemoteWriteColumns } from './columns.ts';
export { remoteWriteTypes } from './fields.ts';
export { readRemoteWrite1, remoteWriteLabels } from './version1.ts';
export { readRemoteWrite2, symbolText, type SymbolTable } from './version2.ts';
