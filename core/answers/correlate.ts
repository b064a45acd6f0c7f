import { AttributeFile } from '#core/config/index.ts';
import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import {
  Attributes,
  logsOfTrace,
  baselineBefore,
  Pace,
  rankRootCauses,
  readAround,
  readCase,
  waysFrom,
  whatChanged,
  type TimeWindow,
} from '#core/correlate/index.ts';
import { EngineError, labelPairs, type Clock } from '#core/model/index.ts';
import type { Datasets } from './datasets.ts';

type Names = Extract<keyof SignalboxContract, `correlate.${string}` | `attributes.${string}` | `cases.files` | `cases.delete`>;

export interface CorrelateDeskOptions {
  readonly datasets: Datasets;
  readonly clock: Clock;
  /** Where the attribute map lies. */
  readonly dataDir: string;
  readonly breathe: () => Promise<void>;
}

/** A window is compared as a whole: longer ones are no incidents. */
const windowMsMax = 7 * 86_400_000;
const baselineMsMax = 31 * 86_400_000;

/** Cases, what changed in a window, where its fault began, and the ways between the signals. */
export class CorrelateDesk {
  readonly #options: CorrelateDeskOptions;
  readonly #attributes: AttributeFile;

  constructor(options: CorrelateDeskOptions) {
    this.#options = options;
    this.#attributes = new AttributeFile(options.dataDir);
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { datasets, clock } = this.#options;
    return {
      'correlate.rootCause': async ({ dataset, ...window }, { signal }) => {
        checkWindow(window);
        const pace = this.#pace(signal);
        return rankRootCauses(await readCase(datasets.of(dataset), window, { attributes: this.#named, pace }), window, pace);
      },
      'correlate.changes': async ({ dataset, baseline: wished, ...window }, { signal }) => {
        checkWindow(window);
        const baseline = wished ?? baselineBefore(window);
        checkBaseline(baseline, window);
        const pace = this.#pace(signal);
        const fromMs = clock.monotonicMs();
        const data = await readAround(datasets.of(dataset), window, baseline, { attributes: this.#named, pace });
        return { ...(await whatChanged(data, window, baseline, pace)), elapsedMs: clock.monotonicMs() - fromMs };
      },
      'correlate.ways': ({ dataset, pairs, ...window }, { signal }) =>
        waysFrom(datasets.of(dataset), [...labelPairs(pairs)], window, this.#named, signal),
      'correlate.traceLogs': ({ dataset, traceId, ...window }, { signal }) => logsOfTrace(datasets.of(dataset), traceId, window, this.#named, signal),
      'attributes.get': () => this.#attributes.view,
      'attributes.save': (map) => {
        this.#attributes.save(map);
        return this.#attributes.view;
      },
      'cases.files': ({ name }) => datasets.case(name).files(),
      'cases.delete': async ({ name }) => {
        await datasets.delete(name);
        return null;
      },
    };
  }

  get #named(): Attributes {
    return new Attributes(this.#attributes.map);
  }

  #pace(signal: AbortSignal): Pace {
    const { clock, breathe } = this.#options;
    return new Pace({ clock, breathe, signal });
  }
}

function checkWindow({ startMs, endMs }: TimeWindow): void {
  if (endMs <= startMs) throw new EngineError('invalid', 'the window ends before it begins');
  if (endMs - startMs > windowMsMax) throw new EngineError('limit', 'the window is longer than 7 days; choose a shorter one');
}

function checkBaseline(baseline: TimeWindow, window: TimeWindow): void {
  if (baseline.endMs <= baseline.startMs) throw new EngineError('invalid', 'the baseline ends before it begins');
  if (baseline.endMs >= window.startMs && baseline.startMs <= window.endMs)
    throw new EngineError('invalid', 'the baseline and the window overlap; choose a baseline before the window or after it');
  if (baseline.endMs - baseline.startMs > baselineMsMax) throw new EngineError('limit', 'the baseline is longer than 31 days; choose a shorter one');
}
