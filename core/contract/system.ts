import * as v from 'valibot';
import type { Severity } from '#core/model/index.ts';
import { datasetName, nothing, unixMs } from './inputs.ts';
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
  /** What holds it up, a sentence each. */
  readonly overloadReasons: readonly string[];
  /** What is left out because of it, a sentence each. */
  readonly leftOut: readonly string[];
  readonly nowMs: number;
  readonly seriesCount: number;
  readonly sampleCount: number;
  readonly samplesPerSecond: number;
  readonly bytesOnDisk: number;
  /** Bytes kept for alerts, notifications, silences and incidents until the disk is full; 0 once they are given back. */
  readonly reserveBytes: number;
}

/** A time in which overload turned data away: charts that span it show less than there was. */
export interface Loss {
  readonly startMs: number;
  readonly endMs: number;
  /** The highest level of overload in it. */
  readonly level: number;
  /** What was short: memory, event_loop, queue, fsync, disk, rules, series. */
  readonly causes: readonly string[];
  /** By reason and source, the largest first. */
  readonly parts: readonly { readonly reason: string; readonly source: string; readonly count: number }[];
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
  /** What overload turned away between two times, the oldest first. */
  'system.losses': procedure<readonly Loss[]>()(v.object({ dataset: datasetName, startMs: unixMs, endMs: unixMs })),
  'system.watch': stream<SystemStatus>()(nothing),
  'overview.watch': stream<Overview>()(nothing),
  'settings.watch': stream<Settings>()(nothing),
};
