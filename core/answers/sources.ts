import type { Handlers, OverloadView, RelabelStepView, SamplingView, SignalboxContract, SourceRow, SourcesView } from '#core/contract/index.ts';
import {
  levelNames,
  type Ledger,
  type LedgerRow,
  type Overload,
  type Receiver,
  type RelabelStep,
  type TargetResolution,
} from '#core/intake/index.ts';
import type { Target } from '#core/model/index.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `sources.${string}` | `targets.${string}`>;

export interface SourceParts extends Pick<Parts, 'clock' | 'report' | 'scraper'> {
  readonly receiver: Receiver;
  readonly ledger: Ledger;
  readonly overload: Overload;
}

const decisionsShown = 100;
const discoveredMax = 500;

/** What brings data in: the account of each source, targets, pushed groups, sampling, overload. */
export class SourceDesk {
  readonly #parts: SourceParts;
  readonly #targets: Watched<readonly Target[]>;
  readonly #sources: Watched<SourcesView>;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    this.#targets = new Watched(parts.clock, parts.report, () => parts.scraper.targets());
    this.#sources = new Watched(parts.clock, parts.report, () => this.#view());
  }

  /** Called each second: scrapes and pushes tell nobody. */
  pulse(): void {
    this.#targets.changed();
    this.#sources.changed();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { scraper, receiver } = this.#parts;
    return {
      'sources.watch': (_input, emit) => this.#sources.open(emit),
      'sources.sampling': ({ traceId }) => receiver.samplingDecision(traceId) ?? null,
      'sources.deletePushed': async ({ labels }) => {
        await receiver.deletePushedGroup(labels);
        this.#sources.changed();
        return null;
      },
      'targets.watch': (_input, emit) => this.#targets.open(emit),
      'targets.scrape': async ({ url }) => {
        await scraper.scrapeNow(url);
        return null;
      },
      'targets.discovered': ({ job }) => {
        const found = scraper.discovered(job);
        return { targets: found.slice(0, discoveredMax).map(discoveredView), leftOut: Math.max(0, found.length - discoveredMax) };
      },
      'targets.relabelSteps': ({ job, stage, labels }) => scraper.relabelSteps(job, stage, labels).map(stepView),
    };
  }

  #view(): SourcesView {
    const { scraper, receiver, ledger, overload } = this.#parts;
    return {
      sources: ledger.rows().map(sourceRow),
      jobs: scraper.jobs(),
      pushed: receiver.pushedGroups(),
      problems: scraper.problems(),
      sampling: samplingView(receiver),
      overload: overloadView(overload),
    };
  }
}

function sourceRow({ source, received, stored, rejected, shed }: LedgerRow): SourceRow {
  const counts = (of: ReadonlyMap<string, number>): SourceRow['rejected'] =>
    [...of].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
  return { source, received, stored, rejected: counts(rejected), shed: counts(shed) };
}

function samplingView(receiver: Receiver): SamplingView | undefined {
  const status = receiver.samplingStatus(decisionsShown);
  return status && { ...status, byPolicy: [...status.byPolicy].map(([policy, counts]) => ({ policy, ...counts })) };
}

function overloadView(overload: Overload): OverloadView {
  const { level, reasons, shedding } = overload.status;
  return { level, name: levelNames[level], reasons, shedding, shed: overload.shed };
}

function discoveredView({ discovered, target, problem }: TargetResolution): {
  labels: readonly string[];
  state: 'kept' | 'dropped' | 'unusable';
  url: string;
  problem: string;
} {
  const state = target !== undefined ? 'kept' : problem === '' ? 'dropped' : 'unusable';
  return { labels: discovered, state, url: target?.url ?? '', problem };
}

/** The rule with those of its fields that its action reads, as the configuration would say it. */
function stepView({ rule, before, after }: RelabelStep): RelabelStepView {
  const { action, sourceLabels, separator, regex, modulus, targetLabel, replacement, takesAll, line } = rule;
  const fields: [string, string][] = [
    ['action', action],
    ['source_labels', sourceLabels.length === 0 ? '' : `[${sourceLabels.join(', ')}]`],
    ['separator', separator === ';' ? '' : JSON.stringify(separator)],
    ['regex', takesAll ? '' : regex.source],
    ['modulus', modulus === 0 ? '' : String(modulus)],
    ['target_label', targetLabel],
    ['replacement', replacement === '$1' ? '' : JSON.stringify(replacement)],
  ];
  const told = fields.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`);
  return { line, rule: told.join(', '), before, after };
}
