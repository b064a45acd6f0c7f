import type { WriteDb } from '#core/db/index.ts';
import { ExpositionColumns, ExpositionReader, ProtobufReader, type PageReader } from '#core/formats/index.ts';
import { EngineError, labelsFrom, labelsKey, labelValue, METRIC_NAME, withLabel } from '#core/model/index.ts';
import type { Cancel, Clock, DurationMs, Histogram, HttpAnswer, HttpRequest, Labels, UnixMs } from '#core/model/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import { plainAnswer } from './answers.ts';
import { PushBatch } from './push-batch.ts';
import { groupingLabels } from './push-path.ts';
import { deleteGroup, saveGroup, storedGroups, type PushedSample } from './pushed-groups.ts';

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

/** Pushed values are said again this often, as if a Pushgateway were scraped, so that they do not end five minutes on. */
const repeatMs: DurationMs = 15_000;
const groupsMax = 10_000;
const seriesMax = 200_000;
const bodySamplesMax = 50_000;
const source = 'pushgateway';
/** What a Pushgateway adds to every group: when it was last pushed to, and when that last failed. */
const ownNames = ['push_time_seconds', 'push_failure_time_seconds'];

/**
 * A Pushgateway's paths: PUT replaces a group, POST the metrics of the same name in it, DELETE removes it. A push is taken
 * whole or not at all. Groups are kept until somebody deletes them, over restarts too. Source: Pushgateway's README.
 */
export class Pushgateway {
  readonly #sink: SampleSink;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #db: WriteDb;
  readonly #groups = new Map<string, Group>();
  readonly #columns = new ExpositionColumns();
  #cancelRepeat: Cancel | undefined;

  constructor(sink: SampleSink, clock: Clock, ledger: Ledger, db: WriteDb) {
    this.#sink = sink;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#db = db;
    for (const { samples, ...group } of storedGroups(db)) {
      const series = new Map(samples.map((sample) => [labelsKey(sample.labels), sample]));
      this.#groups.set(labelsKey(group.labels), { ...group, series });
    }
    this.#repeatLater();
  }

  get groups(): readonly PushedGroup[] {
    return [...this.#groups.values()].map(({ labels, pushedMs, failedMs, series }) => ({ labels, pushedMs, failedMs, seriesCount: series.size }));
  }

  /** Undefined when the path is none of a Pushgateway's. */
  async receive(request: HttpRequest): Promise<HttpAnswer | undefined> {
    const labels = groupingLabels(request.path);
    if (labels === undefined) return undefined;
    if (request.method === 'DELETE') {
      await this.delete(labels);
      return plainAnswer(202, '');
    }
    if (request.method !== 'PUT' && request.method !== 'POST')
      return plainAnswer(405, 'a push is PUT, POST or DELETE', { allow: 'PUT, POST, DELETE' });
    const group = this.#groupOf(labels);
    try {
      await this.#push(group, request.body, readerOf(request.headers['content-type'] ?? ''), request.method === 'PUT');
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

  async #push(group: Group, body: Uint8Array, reader: PageReader, replacesAll: boolean): Promise<void> {
    const pushed = this.#read(body, reader, group.labels);
    const names = new Set([...pushed.values()].map(({ labels }) => labelValue(labels, METRIC_NAME)));
    const kept = replacesAll ? [] : [...group.series].filter(([, { labels }]) => !names.has(labelValue(labels, METRIC_NAME)));
    const next = new Map([...kept, ...pushed]);
    const others = [...this.#groups.values()].reduce((sum, { series }) => sum + series.size, -group.series.size);
    if (others + next.size > seriesMax) throw new EngineError('limit', `pushed groups may hold ${seriesMax} series together; delete some`);
    const nowMs = this.#clock.now();
    const batch = new PushBatch(this.#sink, this.#ledger, source);
    for (const { labels, value, histogram } of pushed.values()) {
      if (histogram === undefined) batch.add(this.#sink.ref(labels), nowMs, value);
      else batch.addHistogram(this.#sink.ref(labels), nowMs, histogram);
    }
    for (const [key, { labels }] of group.series) if (!next.has(key)) batch.end(this.#sink.ref(labels), nowMs);
    group.series = next;
    group.pushedMs = nowMs;
    saveGroup(this.#db, { ...group, samples: [...next.values()] });
    this.#addOwn(group, (labels, value) => batch.add(this.#sink.ref(labels), nowMs, value));
    await batch.commit(pushed.size + 2);
    this.#repeatLater();
    if (batch.rejectedCount > 0) throw new EngineError('invalid', batch.sentence);
  }

  /** The samples of a body by labelsKey, under the labels of their group. */
  #read(body: Uint8Array, reader: PageReader, group: Labels): Map<string, PushedSample> {
    const page = reader.read(body, this.#columns, bodySamplesMax);
    if (page.overLimit) throw new EngineError('limit', `a push may hold ${bodySamplesMax} samples`);
    if (page.badLineCount > 0) throw new EngineError('invalid', `the body cannot be read; ${page.firstBadLine}`);
    const { rowCount, slots, values, timesMs } = this.#columns;
    const pushed = new Map<string, PushedSample>();
    const take = (slot: number, timeMs: number, value: number, histogram: Histogram | undefined): void => {
      const labels = underGroup(reader.labels(slot), group);
      const key = labelsKey(labels);
      const name = labelValue(labels, METRIC_NAME);
      if (ownNames.includes(name)) return; // it is written anew with every push
      if (!Number.isNaN(timeMs)) throw new EngineError('invalid', `${name} has a time; pushed metrics must not have any`);
      if (pushed.has(key)) throw new EngineError('invalid', `${name} stands twice with the same labels`);
      pushed.set(key, { labels, value, histogram });
    };
    for (let row = 0; row < rowCount; row++) take(slots[row]!, timesMs[row]!, values[row]!, undefined);
    for (const { slot, timeMs, histogram } of page.histograms) take(slot, timeMs, 0, histogram);
    for (const [metric, metadata] of page.metadata) this.#sink.setMetadata(metric, metadata);
    return pushed;
  }

  /** Forgets a group and ends its series. Nothing happens when there is no such group. */
  async delete(labels: Labels): Promise<void> {
    const group = this.#groups.get(labelsKey(labels));
    if (group === undefined) return;
    deleteGroup(this.#db, labels);
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
      for (const { labels, value, histogram } of group.series.values()) {
        if (histogram === undefined) batch.add(this.#sink.ref(labels), nowMs, value);
        else batch.addHistogram(this.#sink.ref(labels), nowMs, histogram);
      }
      this.#addOwn(group, (labels, value) => batch.add(this.#sink.ref(labels), nowMs, value));
    }
    // Values that the store cannot take now are said again soon; the push itself is already safe.
    batch.commit('process').catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
    });
    this.#cancelRepeat = undefined;
    this.#repeatLater();
  }

  #repeatLater(): void {
    if (this.#groups.size > 0) this.#cancelRepeat ??= this.#clock.after(repeatMs, () => this.#repeat());
  }

  /** The two series that a Pushgateway adds to every group. */
  #addOwn(group: Group, add: (labels: Labels, value: number) => void): void {
    add(withLabel(group.labels, METRIC_NAME, ownNames[0]!), group.pushedMs / 1000);
    add(withLabel(group.labels, METRIC_NAME, ownNames[1]!), group.failedMs / 1000);
  }
}

/** The reader of the two forms that a Pushgateway takes: protobuf, as Go's clients push, and text. */
function readerOf(contentType: string): PageReader {
  return contentType.startsWith('application/vnd.google.protobuf') ? new ProtobufReader() : new ExpositionReader('text');
}

/** A sample's labels with its group's, which win. */
function underGroup(labels: Labels, group: Labels): Labels {
  const merged = new Map<string, string>();
  for (const part of [labels, group]) for (let i = 0; i < part.length; i += 2) merged.set(part[i]!, part[i + 1]!);
  return labelsFrom(merged);
}
