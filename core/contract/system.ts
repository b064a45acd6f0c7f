import type { Severity } from '#core/model/index.ts';
import { nothing } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

export interface SystemInfo {
  readonly version: string;
  readonly node: string;
  readonly sqlite: string;
  readonly pid: number;
  readonly host: 'desktop' | 'web' | 'test';
  readonly dataDir: string;
  readonly startedMs: number;
  readonly severities: readonly Severity[];
}

/** The state of Signalbox itself, for the status pill. */
export interface SystemStatus {
  readonly level: 'ok' | 'strained' | 'failing';
  /** One sentence each; empty when all is well. */
  readonly reasons: readonly string[];
  /** 0 to 5 (reliability, section 3): from 3 on new series are refused, from 4 on pushes. */
  readonly overloadLevel: number;
  readonly nowMs: number;
  readonly seriesCount: number;
  readonly sampleCount: number;
  readonly samplesPerSecond: number;
  readonly bytesOnDisk: number;
}

/** The configuration in force. */
export interface Settings {
  /** Empty when none was found and the built-in one is used. */
  readonly file: string;
  /** What is wrong with it or with files it names, a sentence each. */
  readonly problems: readonly string[];
  readonly usersAffected: string;
  readonly scrapeJobs: readonly { readonly job: string; readonly targetCount: number; readonly intervalMs: number }[];
  readonly ruleFiles: readonly string[];
}

/** The answers that the Overview gives before it shows graphs. */
export interface Overview {
  readonly nowMs: number;
  /** 0..1; undefined when there is no expression or it gave nothing, as `usersWhy` says. */
  readonly usersAffected: number | undefined;
  readonly usersWhy: string;
  readonly firing: number;
  readonly pending: number;
  readonly unacked: number;
  readonly incidentsOpen: number;
  readonly targetsUp: number;
  readonly targetsDown: number;
  /** Names of targets that are down, at most five. */
  readonly down: readonly string[];
}

export const systemContract = {
  'system.info': procedure<SystemInfo>()(nothing),
  'system.watch': stream<SystemStatus>()(nothing),
  'overview.watch': stream<Overview>()(nothing),
  'settings.watch': stream<Settings>()(nothing),
};
