import { ExpositionColumns, ExpositionReader } from '#core/formats/index.ts';
import { EngineError, labelsFrom, labelsKey, labelValue, METRIC_NAME, withLabel } from '#core/model/index.ts';
import type { Cancel, Clock, DurationMs, HttpAnswer, HttpRequest, Labels, UnixMs } from '#core/model/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import { plainAnswer } from './answers.ts';
import { PushBatch } from './push-batch.ts';
import { groupingLabels } from './push-path.ts';

/** What batch jobs left behind: it stays until somebody deletes it. */
export interface PushedGroup {
  /** The grouping labels, `job` among them. */
  readonly labels: Labels;
  readonly pushedMs: UnixMs;
  /** When a push to the group was last refused; 0: never. */
  readonly failedMs: UnixMs;
  readonly seriesCount: number;
}

interface Group {
  readonly labels: Labels;
  pushedMs: UnixMs;
  failedMs: UnixMs;
  /** By labelsKey, the values pushed last. */
  series: Map<string, PushedSample>;
}

interface PushedSample {
  readonly labels: Labels;
  readonly value: number;
}

/** Pushed values are said again this often, as if a Pushgateway were scraped, so that they do not end five minutes on. */
const repeatMs: DurationMs = 15_000;
const groupsMax = 10_000;
const seriesMax = 200_000;
const bodySamplesMax = 50_000;
const source = 'pushgateway';

/**
 * A Pushgateway's paths: PUT replaces a group, POST the metrics of the same name in it, DELETE removes it. A push is taken
 * whole or not at all. Groups live as long as the process; what they said is in the store. Source: Pushgateway's README.
 */
export class Pushgateway {
  readonly #sink: SampleSink;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #groups = new Map<string, Group>();
  readonly #columns = new ExpositionColumns();
  #cancelRepeat: Cancel | undefined;

  constructor(sink: SampleSink, clock: Clock, ledger: Ledger) {
    this.#sink = sink;
    this.#clock = clock;
    this.#ledger = ledger;
  }

  get groups(): readonly PushedGroup[] {
    return [...this.#groups.values()].map(({ labels, pushedMs, failedMs, series }) => ({ labels, pushedMs, failedMs, seriesCount: series.size }));
  }

  /** Undefined when the path is none of a Pushgateway's. */
  async receive(request: HttpRequest): Promise<HttpAnswer | undefined> {
    const labels = groupingLabels(request.path);
    if (labels === undefined) return undefined;
    if (request.method === 'DELETE') {
      await this.#delete(labels);
      return plainAnswer(202, '');
    }
    if (request.method !== 'PUT' && request.method !== 'POST')
      return plainAnswer(405, 'a push is PUT, POST or DELETE', { allow: 'PUT, POST, DELETE' });
    const type = request.headers['content-type'] ?? '';
    if (type.startsWith('application/vnd.google.protobuf'))
      throw new EngineError('unsupported', 'pushing protobuf is not yet supported; push the text form');
    const group = this.#groupOf(labels);
    try {
      await this.#push(group, request.body, request.method === 'PUT');
    } catch (error) {
      group.failedMs = this.#clock.now();
      throw error;
    }
    return plainAnswer(200, '');
  }

  stop(): void {
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
  }

  #groupOf(labels: Labels): Group {
    const key = labelsKey(labels);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= groupsMax) throw new EngineError('limit', `there are already ${groupsMax} pushed groups; delete some`);
    const made: Group = { labels, pushedMs: 0, failedMs: 0, series: new Map() };
    this.#groups.set(key, made);
    return made;
  }

  async #push(group: Group, body: Uint8Array, replacesAll: boolean): Promise<void> {
    const pushed = this.#read(body, group.labels);
    const names = new Set([...pushed.values()].map(({ labels }) => labelValue(labels, METRIC_NAME)));
    const kept = replacesAll ? [] : [...group.series].filter(([, { labels }]) => !names.has(labelValue(labels, METRIC_NAME)));
    const next = new Map([...kept, ...pushed]);
    const others = [...this.#groups.values()].reduce((sum, { series }) => sum + series.size, -group.series.size);
    if (others + next.size > seriesMax) throw new EngineError('limit', `pushed groups may hold ${seriesMax} series together; delete some`);
    const nowMs = this.#clock.now();
    const batch = new PushBatch(this.#sink, this.#ledger, source);
    for (const { labels, value } of pushed.values()) batch.add(this.#sink.ref(labels), nowMs, value);
    for (const [key, { labels }] of group.series) if (!next.has(key)) batch.end(this.#sink.ref(labels), nowMs);
    group.series = next;
    group.pushedMs = nowMs;
    this.#addOwn(group, (labels, value) => batch.add(this.#sink.ref(labels), nowMs, value));
    await batch.commit(pushed.size + 2);
    this.#cancelRepeat ??= this.#clock.after(repeatMs, () => this.#repeat());
    if (batch.rejectedCount > 0) throw new EngineError('invalid', batch.sentence);
  }

  /** The samples of a body by labelsKey, under the labels of their group. */
  #read(body: Uint8Array, group: Labels): Map<string, PushedSample> {
    const reader = new ExpositionReader('text');
    const page = reader.read(body, this.#columns, bodySamplesMax);
    if (page.overLimit) throw new EngineError('limit', `a push may hold ${bodySamplesMax} samples`);
    if (page.badLineCount > 0) throw new EngineError('invalid', `the body cannot be read; ${page.firstBadLine}`);
    const { rowCount, slots, values, timesMs } = this.#columns;
    const pushed = new Map<string, PushedSample>();
    for (let row = 0; row < rowCount; row++) {
      const labels = underGroup(reader.labels(slots[row]!), group);
      const key = labelsKey(labels);
      if (!Number.isNaN(timesMs[row]))
        throw new EngineError('invalid', `${labelValue(labels, METRIC_NAME)} has a time; pushed metrics must not have any`);
      if (pushed.has(key)) throw new EngineError('invalid', `${labelValue(labels, METRIC_NAME)} stands twice with the same labels`);
      pushed.set(key, { labels, value: values[row]! });
    }
    for (const [metric, metadata] of page.metadata) this.#sink.setMetadata(metric, metadata);
    return pushed;
  }

  async #delete(labels: Labels): Promise<void> {
    const group = this.#groups.get(labelsKey(labels));
    if (group === undefined) return;
    this.#groups.delete(labelsKey(labels));
    const nowMs = this.#clock.now();
    const batch = this.#sink.batch();
    for (const { labels: series } of group.series.values()) batch.addStale(this.#sink.ref(series), nowMs);
    this.#addOwn(group, (series) => batch.addStale(this.#sink.ref(series), nowMs));
    await batch.commit('power');
  }

  /** Says every group's values again. */
  #repeat(): void {
    const nowMs = this.#clock.now();
    const batch = this.#sink.batch();
    for (const group of this.#groups.values()) {
      for (const { labels, value } of group.series.values()) batch.add(this.#sink.ref(labels), nowMs, value);
      this.#addOwn(group, (labels, value) => batch.add(this.#sink.ref(labels), nowMs, value));
    }
    // Values that the store cannot take now are said again soon; the push itself is already safe.
    batch.commit('process').catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
    });
    this.#cancelRepeat = this.#groups.size === 0 ? undefined : this.#clock.after(repeatMs, () => this.#repeat());
  }

  /** The two series that a Pushgateway adds to every group. */
  #addOwn(group: Group, add: (labels: Labels, value: number) => void): void {
    add(withLabel(group.labels, METRIC_NAME, 'push_time_seconds'), group.pushedMs / 1000);
    add(withLabel(group.labels, METRIC_NAME, 'push_failure_time_seconds'), group.failedMs / 1000);
  }
}

/** A sample's labels with its group's, which win. */
function underGroup(labels: Labels, group: Labels): Labels {
  const merged = new Map<string, string>();
  for (const part of [labels, group]) for (let i = 0; i < part.length; i += 2) merged.set(part[i]!, part[i + 1]!);
  return labelsFrom(merged);
}
