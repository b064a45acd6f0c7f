import type { Handlers, RunbookSummary, SignalboxContract } from '#core/contract/index.ts';
import { matcher, METRIC_NAME, type Labels, type Runbook, type RunbookRun } from '#core/model/index.ts';
import { alertFacts } from './incidents.ts';
import type { Parts } from './parts.ts';
import { remembered, Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `run${string}` | `markdown.${string}`>;

interface StartInput {
  readonly runbook: string;
  readonly incident?: number | undefined;
  readonly alert?: string | undefined;
  readonly params?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly by: string;
}

/** Runbooks and their runs. */
export class RunbookDesk {
  readonly #parts: Parts;
  readonly #runs = new Map<string, Watched<RunbookRun>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  changed(run: RunbookRun): void {
    this.#runs.get(run.id)?.changed();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { runbooks } = this.#parts;
    return {
      'runbooks.list': () => runbooks.list().map(summaryOf),
      'runbooks.get': ({ runbook }) => runbooks.get(runbook),
      'runbooks.lint': () => runbooks.lint(this.#names()),
      'runs.start': (input) => this.#start(input),
      'run.watch': ({ run }, emit) => this.#watch(run).open(emit),
      'runs.check': ({ run, step, by }, { signal }) => runbooks.check(run, step, by, signal),
      'runs.tick': ({ run, step, note, answer, by }) => runbooks.tick(run, step, note, by, answer),
      'runs.skip': ({ run, step, why, by }) => runbooks.skip(run, step, why, by),
      'runs.go': ({ run, step, why, by }) => runbooks.goTo(run, step, why, by),
      'runs.finish': ({ run, by }) => runbooks.finish(run, by),
      'runs.query': ({ run, step }) => ({ query: runbooks.queryOf(run, step) }),
      'markdown.render': async ({ text }) => ({ html: await this.#parts.renderMarkdown(text) }),
    };
  }

  #watch(id: string): Watched<RunbookRun> {
    const { runbooks, clock, report } = this.#parts;
    runbooks.run(id);
    return remembered(this.#runs, id, () => new Watched(clock, report, () => runbooks.run(id)));
  }

  #start({ runbook, incident, alert, params, by }: StartInput): { run: string } {
    const labels = this.#labelsFor(alert ?? (incident === undefined ? undefined : this.#parts.incidents.get(incident).alerts[0]), incident);
    const run = this.#parts.runbooks.start({
      runbook,
      by,
      ...(incident === undefined ? {} : { incident }),
      ...(labels === undefined ? {} : { labels }),
      ...(params === undefined ? {} : { params }),
    });
    return { run: run.id };
  }

  /** An alert that is over is no longer known to the rules, but the incident's log still names its labels. */
  #labelsFor(alert: string | undefined, incident: number | undefined): Labels | undefined {
    if (alert === undefined) return undefined;
    const known = this.#parts.alert(alert)?.labels;
    if (known !== undefined || incident === undefined) return known;
    return alertFacts(this.#parts.incidents.events(incident)).find((fact) => fact.alert === alert)?.labels;
  }

  #names(): Parameters<Parts['runbooks']['lint']>[0] {
    const { live } = this.#parts;
    const metrics = new Set(live.labelValues(METRIC_NAME));
    return {
      hasMetric: (name) => metrics.has(name),
      hasLabel: (metric, label) => live.labelNames([matcher(METRIC_NAME, '=', metric)]).includes(label),
    };
  }
}

function summaryOf(runbook: Runbook): RunbookSummary {
  return { id: runbook.id, title: runbook.title, alerts: runbook.alerts, stepCount: runbook.steps.length, problems: runbook.problems };
}
