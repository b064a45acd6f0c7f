import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import { rankRootCauses, readAround, readCase, whatChanged } from '#core/correlate/index.ts';
import { EngineError, type Clock } from '#core/model/index.ts';
import type { Datasets } from './datasets.ts';

type Names = Extract<keyof SignalboxContract, `correlate.${string}` | `cases.${string}`>;

/** A window is compared as a whole: longer ones are no incidents, and would not fit. */
const windowMsMax = 7 * 86_400_000;

/** Cases, what changed in a window, and where its fault began. */
export class CorrelateDesk {
  readonly #datasets: Datasets;
  readonly #clock: Clock;

  constructor({ datasets, clock }: { readonly datasets: Datasets; readonly clock: Clock }) {
    this.#datasets = datasets;
    this.#clock = clock;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'correlate.rootCause': async ({ dataset, ...window }) => {
        checkWindow(window);
        return rankRootCauses(await readCase(this.#sources(dataset), window), window);
      },
      'correlate.changes': async ({ dataset, ...window }) => {
        checkWindow(window);
        const fromMs = this.#clock.monotonicMs();
        const answer = whatChanged(await readAround(this.#sources(dataset), window), window);
        return { ...answer, elapsedMs: this.#clock.monotonicMs() - fromMs };
      },
      'cases.files': ({ name }) => this.#datasets.case(name).files(),
      'cases.delete': async ({ name }) => {
        await this.#datasets.delete(name);
        return null;
      },
    };
  }

  #sources(dataset: string): Parameters<typeof readCase>[0] {
    const { metrics, traces, logs, edges } = this.#datasets.of(dataset);
    return { metrics, traces, logs, edges };
  }
}

function checkWindow({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): void {
  if (endMs <= startMs) throw new EngineError('invalid', 'the window ends before it begins');
  if (endMs - startMs > windowMsMax) throw new EngineError('limit', 'the window is longer than 7 days; choose a shorter one');
}
