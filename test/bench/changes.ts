/**
 * What changed? over ten thousand series of an hour and a quarter at 15 s, a hundred of which move in the window, and over 60,000 spans and
 * 37,000 log lines of six minutes; and how it gives way.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { baselineBefore, Pace, rankRootCauses, readAround, readCase, whatChanged, type PaceOptions } from '#core/correlate/index.ts';
import { LogLines } from '#core/formats/index.ts';
import { openCase, type CaseStores } from '#core/intake/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { systemClock } from '../../main/clock.ts';
import { LineMaker } from './log-data.ts';
import type { BenchRow } from './row.ts';
import { SpanMaker } from './span-data.ts';

const seriesCount = 10_000;
const points = 300;
const windowPoints = 60;
const stepMs = 15_000;
const startMs = 1_700_000_000_000;
const rounds = 5;
const window = { startMs: startMs + (points - windowPoints) * stepMs, endMs: startMs + points * stepMs };
const baseline = baselineBefore(window);

const eventsStartMs = Date.UTC(2026, 0, 5);
const spanCount = 60_000;
const lineCount = 37_000;
/** So many lines of the maker's take about this. */
const eventsMs = lineCount * 10;
const eventWindow = { startMs: eventsStartMs + eventsMs * 0.8, endMs: eventsStartMs + eventsMs };
const eventBaseline = { startMs: eventsStartMs, endMs: eventWindow.startMs - 1 };

/**
 * The longest that anybody else waits for a turn of this thread, as processor time: on a busy machine wall time says what the neighbours do.
 * Somebody who asks for every turn measures it, whoever does not give way.
 */
class Slices {
  longestMs = 0;
  #isOver = false;

  constructor() {
    let last = process.threadCpuUsage();
    const next = (): void => {
      const { user, system } = process.threadCpuUsage(last);
      this.longestMs = Math.max(this.longestMs, (user + system) / 1000);
      last = process.threadCpuUsage();
      if (!this.#isOver) setImmediate(next);
    };
    setImmediate(next);
  }

  end(): number {
    this.#isOver = true;
    return this.longestMs;
  }
}

const paceOf = (signal?: AbortSignal): Pace => {
  const options: PaceOptions = { clock: systemClock, breathe: () => turn() };
  return new Pace(signal === undefined ? options : { ...options, signal });
};

export async function benchChanges(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-changes-'));
  const stores = openCase(folder, systemClock);
  try {
    await fill(stores);
    const changes = await timed(
      async (pace) => (await whatChanged(await readAround(stores, window, baseline, { pace }), window, baseline, pace)).changes.length,
    );
    const causes = await timed(async (pace) => (await rankRootCauses(await readCase(stores, window, { pace }), window, pace)).suspects.length);
    return [
      { name: 'what changed, 10,000 series, median', value: changes.medianMs / 1000, unit: 's', goal: '< 2' },
      { name: 'what changed, processor time', value: changes.cpuMs / 1000, unit: 's' },
      { name: 'what changed, series that moved and were found', value: changes.found, unit: `of ${seriesCount / 100}` },
      { name: 'what changed, longest slice on the engine thread', value: changes.sliceMs, unit: 'ms', goal: '< 50' },
      { name: 'root cause, 10,000 series, median', value: causes.medianMs / 1000, unit: 's' },
      { name: 'root cause, longest slice on the engine thread', value: causes.sliceMs, unit: 'ms', goal: '< 50' },
      { name: 'what changed, called off half way: ends within', value: await cancelMs(stores), unit: 'ms', goal: '< 100' },
      ...(await benchEvents(join(folder, 'events'))),
    ];
  } finally {
    await stores.close();
    rmSync(folder, { recursive: true });
  }
}

async function benchEvents(folder: string): Promise<BenchRow[]> {
  const stores = openCase(folder, systemClock);
  try {
    await fillEvents(stores);
    const changes = await timed(async (pace) => {
      const data = await readAround(stores, eventWindow, eventBaseline, { pace });
      return (await whatChanged(data, eventWindow, eventBaseline, pace)).spanCount + data.logs.length;
    });
    const causes = await timed(
      async (pace) => (await rankRootCauses(await readCase(stores, eventWindow, { pace }), eventWindow, pace)).suspects.length,
    );
    const of = '60,000 spans and 37,000 lines';
    return [
      { name: `what changed, ${of}, median`, value: changes.medianMs / 1000, unit: 's', goal: '< 2' },
      { name: 'the same, processor time', value: changes.cpuMs / 1000, unit: 's' },
      { name: 'the same, spans and lines that were compared', value: changes.found, unit: '' },
      { name: 'the same, longest slice on the engine thread', value: changes.sliceMs, unit: 'ms', goal: '< 50' },
      { name: `root cause, ${of}, median`, value: causes.medianMs / 1000, unit: 's' },
      { name: 'the same, longest slice on the engine thread', value: causes.sliceMs, unit: 'ms', goal: '< 50' },
    ];
  } finally {
    await stores.close();
  }
}

/** Spans and lines spread evenly over the baseline and the window. */
async function fillEvents(stores: CaseStores): Promise<void> {
  const maker = new SpanMaker(1);
  for (let made = 0, number = 1; made < spanCount; number++) {
    const count = Math.min(spanCount - made, 2 + Math.floor(maker.random() * 17));
    stores.traces.load(maker.trace(number, count, (made / spanCount) * eventsMs));
    made += count;
  }
  await stores.traces.flush();
  const lines = new LogLines({ labels: ['filename', 'bench.log'], nowMs: eventsStartMs });
  stores.logs.loadBatch(lines.push(new LineMaker(1, eventsStartMs).chunk(lineCount)));
  stores.logs.loadBatch(lines.end());
  await stores.logs.flush();
}

async function fill(stores: CaseStores): Promise<void> {
  const batch = stores.metrics.batch();
  for (let i = 0; i < seriesCount; i++) {
    const ref = stores.metrics.ref(labelsFromRecord({ __name__: `metric_${i % 100}`, service: `service-${i % 50}`, part: String(i) }));
    for (let point = 0; point < points; point++) {
      const moves = i % 100 === 7 && point >= points - windowPoints;
      batch.add(ref, startMs + point * stepMs, Math.sin(point + i) + (moves ? 9 : 0));
    }
  }
  await batch.commit('process');
}

interface Timed {
  readonly medianMs: number;
  readonly cpuMs: number;
  /** The longest slice, in processor time. */
  readonly sliceMs: number;
  readonly found: number;
}

async function timed(act: (pace: Pace) => Promise<number>): Promise<Timed> {
  const tookMs: number[] = [];
  const slices = new Slices();
  const cpuFrom = process.cpuUsage();
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    const fromMs = performance.now();
    found = await act(paceOf());
    tookMs.push(performance.now() - fromMs);
  }
  const { user, system } = process.cpuUsage(cpuFrom);
  tookMs.sort((a, b) => a - b);
  return { medianMs: tookMs[rounds >> 1]!, cpuMs: (user + system) / 1000 / rounds, sliceMs: slices.end(), found };
}

/** From calling it off until it has ended. */
async function cancelMs(stores: CaseStores): Promise<number> {
  const abort = new AbortController();
  const pace = paceOf(abort.signal);
  const ended = readAround(stores, window, baseline, { pace }).then(
    () => undefined,
    () => undefined,
  );
  await pause(30);
  const fromMs = performance.now();
  abort.abort();
  await ended;
  return performance.now() - fromMs;
}
