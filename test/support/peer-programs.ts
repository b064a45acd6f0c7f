import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the test run unpacks real peers (Prometheus, Alertmanager, VictoriaMetrics), unless SIGNALBOX_PEERS names a folder that has them. */
export const peersFolder = process.env['SIGNALBOX_PEERS'] ?? join(import.meta.dirname, '../../node_modules/.cache/signalbox-peers');

export const peerProgram = (name: string): string => join(peersFolder, 'usr/bin', name);

export const hasPeer = (name: string): boolean => existsSync(peerProgram(name));
