/** An engine of plain data that answers the whole contract: the harness of the screen's own tests. Acts change what streams say next. */
import { EngineError, labelValue, type Incident, type IncidentEvent, type IncidentFact, type RunbookRun, type Sev } from '#core/model/index.ts';
import { contract } from '#core/contract/index.ts';
import type { AlertView, Handlers, IncidentView, Loss, SignalboxContract, SilenceView, SystemStatus } from '#core/contract/index.ts';
import { alertsOf, overviewOf, pastIncident, rulesOf, runbooks, runOf, settings, stormOf, targetsOf } from './scene.ts';
import { askedAlert, groupsOf, silenceAnswers, silencesOf, whyOf } from './scripted-alerting.ts';
import { caseAnswers, caseDataset } from './scripted-cases.ts';
import { logAnswers } from './scripted-logs.ts';
import { practiceAnswers } from './scripted-practice.ts';
import { ruleAnswers } from './scripted-rules.ts';
import { sloAnswers, slos } from './scripted-slos.ts';
import { ScriptedSources } from './scripted-sources.ts';
import { cardinalityView } from './cardinality.ts';
import { curvesFor, explainAnswer, exemplarsFor, instantAnswer, metricNames, rangeAnswer } from './series.ts';

export type SceneName = 'busy' | 'calm' | 'first' | 'storm';

export class ScriptedEngine {
  #listeners = new Set<() => void>();
  readonly scene: SceneName;
  readonly #startMs = Date.now();
  alerts: AlertView[];
  silences: SilenceView[];
  sources: ScriptedSources;
  incidents: { incident: Incident; events: IncidentEvent[] }[];
  runs = new Map<string, RunbookRun>();
  /** How Signalbox itself is, and what overload turned away. */
  overload: Pick<SystemStatus, 'level' | 'overloadLevel' | 'reasons' | 'overloadReasons' | 'leftOut'> = {
    level: 'ok',
    overloadLevel: 0,
    reasons: [],
    overloadReasons: [],
    leftOut: [],
  };
  losses: readonly Loss[] = [];
  /** What is wrong in the files of the configuration. */
  #problems: readonly string[] = [];
  /** Every range query that came, and those that were cancelled. */
  readonly asked: string[] = [];
  cancelledCount = 0;
  /** What the groups of alerts wait for: a busy engine is late with them. */
  groupsAfter: Promise<void> = Promise.resolve();
  /** HTML that the markdown renderer answers with, whatever the text. */
  html: string | undefined;

  constructor(scene: SceneName) {
    this.scene = scene;
    this.alerts = scene === 'busy' ? alertsOf(this.#startMs) : scene === 'storm' ? stormOf(this.#startMs, 3_000) : [];
    this.sources = new ScriptedSources(scene === 'first', this.#startMs);
    this.silences = scene === 'first' ? [] : silencesOf(this.#startMs);
    this.incidents = scene === 'first' ? [] : [pastIncident(this.#startMs)];
  }

  /** A query that only its cancelling ends. */
  #until(signal: AbortSignal): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => {
      this.cancelledCount++;
      reject(new EngineError('cancelled', 'cancelled'));
    });
    return promise;
  }

  /** A file of the configuration was saved with something wrong in it. */
  misconfigure(problems: readonly string[]): void {
    this.#problems = problems;
    this.#changed();
  }

  /** Signalbox itself is overloaded, or no longer. */
  strain(overload: ScriptedEngine['overload'], losses: readonly Loss[]): void {
    this.overload = overload;
    this.losses = losses;
    this.#changed();
  }

  #changed(): void {
    for (const tell of this.#listeners) tell();
  }

  /** A stream that tells the present state now and after every act. */
  #watch<Item>(read: () => Item): (input: object, emit: (item: Item) => void) => () => void {
    return (_input, emit) => {
      const tell = (): void => emit(read());
      this.#listeners.add(tell);
      tell();
      return () => this.#listeners.delete(tell);
    };
  }

  #log(id: number, by: string, what: IncidentFact, change: Partial<Incident> = {}, atMs = Date.now()): null {
    const held = this.incidents.find(({ incident }) => incident.id === id);
    if (held === undefined) throw new EngineError('not-found', `there is no incident ${id}`);
    held.events = [...held.events, { incident: id, seq: held.events.length + 1, atMs, loggedMs: Date.now(), by, what }];
    held.incident = { ...held.incident, ...change };
    this.#changed();
    return null;
  }

  #view(id: number): IncidentView {
    const held = this.incidents.find(({ incident }) => incident.id === id);
    if (held === undefined) throw new EngineError('not-found', `there is no incident ${id}`);
    const { incident, events } = held;
    const span = (name: string, toMs: number | undefined, why: string): IncidentView['durations'][number] => ({
      name,
      ms: toMs === undefined ? undefined : toMs - incident.startedMs,
      why: toMs === undefined ? why : '',
    });
    return {
      incident,
      events,
      durations: [
        span('Time to detect', incident.declaredMs, ''),
        span('Time to acknowledge', incident.ackedMs, 'no alert of it was taken'),
        span('Time to mitigate', incident.mitigatedMs, 'not mitigated yet'),
        span('Time to resolve', incident.resolvedMs, 'not resolved yet'),
      ],
      runs: [...this.runs.values()].filter((run) => run.incident === id),
    };
  }

  #declare(input: { alert?: string | undefined; title: string; sev: Sev; why: string; startedMs?: number | undefined; by: string }): {
    incident: number;
  } {
    const id = this.incidents.length + 1;
    const declaredMs = Date.now();
    const startedMs = input.startedMs ?? declaredMs;
    const blank = {
      ackedMs: undefined,
      mitigatedMs: undefined,
      resolvedMs: undefined,
      roles: [],
      runs: [],
      nextUpdateMs: declaredMs + 1_800_000,
      actions: [],
    };
    const alert = this.alerts.find((one) => one.id === input.alert);
    this.incidents.push({
      incident: {
        id,
        title: input.title,
        sev: input.sev,
        status: 'open',
        startedMs,
        declaredMs,
        alerts: alert === undefined ? [] : [alert.id],
        ...blank,
      },
      events: [],
    });
    this.alerts = this.alerts.map((one) => (one.id === input.alert ? { ...one, incident: id } : one));
    if (alert !== undefined)
      this.#log(
        id,
        'signalbox',
        { kind: 'alert', alert: alert.id, labels: alert.labels, to: 'firing', summary: alert.summary, expr: alert.expr },
        {},
        alert.firedAtMs,
      );
    this.#log(id, input.by, { kind: 'declared', title: input.title, sev: input.sev, why: input.why, startedMs });
    return { incident: id };
  }

  #step(runId: string, stepId: string, by: string, state: 'pass' | 'fail' | 'done' | 'skipped', note: string): RunbookRun {
    const run = this.runs.get(runId);
    const step = run?.runbook.steps.find((one) => one.id === stepId);
    if (run === undefined || step === undefined) throw new EngineError('not-found', `run ${runId} has no step ${stepId}`);
    const at = run.runbook.steps.indexOf(step);
    const branch = state === 'pass' ? step.onPass : state === 'fail' ? step.onFail : undefined;
    const next = branch ?? run.runbook.steps[at + 1]?.id;
    const sentence = `95th percentile of checkout 1.83 s, expected < 0.5 s`;
    const evidence =
      step.check === undefined || state === 'done' || state === 'skipped'
        ? undefined
        : { query: step.check.query, atMs: Date.now(), value: 1.83, series: '{job="checkout"}', sampleCount: 1, sentence };
    const changed: RunbookRun = {
      ...run,
      current: next,
      finishedMs: next === undefined ? Date.now() : undefined,
      steps: run.steps.map((one) => (one.id === stepId ? { ...one, state, atMs: Date.now(), by, note, evidence } : one)),
    };
    this.runs.set(runId, changed);
    const { title } = step;
    if (run.incident !== undefined) {
      const event =
        evidence !== undefined && (state === 'pass' || state === 'fail')
          ? ({ kind: 'checked', step: stepId, title, state, evidence } as const)
          : state === 'skipped'
            ? ({ kind: 'skipped', step: stepId, title, why: note } as const)
            : ({ kind: 'ticked', step: stepId, title, note } as const);
      this.#log(run.incident, by, { kind: 'step', run: runId, runbook: run.runbook.title, event });
    }
    this.#changed();
    return changed;
  }

  readonly contract: SignalboxContract = contract;

  handlers(): Handlers<SignalboxContract> {
    return {
      ...this.#systemHandlers(),
      ...this.#metricsHandlers(),
      ...this.#alertingHandlers(),
      ...this.#incidentHandlers(),
      ...this.#followUpHandlers(),
      ...this.#runHandlers(),
      ...caseAnswers(),
    } as Handlers<SignalboxContract>;
  }

  #systemHandlers(): Partial<Handlers<SignalboxContract>> {
    return {
      ...practiceAnswers(),
      ...logAnswers(this.#startMs),
      'system.info': () => ({
        version: '0.1.0',
        node: '24.21.0',
        sqlite: '3.54.1',
        pid: 1,
        host: 'test',
        dataDir: '/home/ada/.signalbox',
        startedMs: this.#startMs,
        severities: [],
      }),
      'system.losses': () => this.losses,
      'system.watch': this.#watch(() => ({
        ...this.overload,
        nowMs: Date.now(),
        seriesCount: 3_418,
        sampleCount: 18_204_113,
        samplesPerSecond: 227.8,
        bytesOnDisk: 21_733_376,
        reserveBytes: 67_108_864,
      })),
      'overview.watch': this.#watch(() => {
        const targets = this.#targets();
        const overview = overviewOf(
          Date.now(),
          this.alerts,
          this.incidents.map((one) => one.incident),
          targets,
        );
        return this.scene === 'first' ? { ...overview, usersAffected: undefined, usersWhy: 'no expression for it is configured' } : overview;
      }),
      'settings.watch': this.#watch(() =>
        this.scene === 'first'
          ? { ...settings, file: '', usersAffected: '', ruleFiles: [], scrapeJobs: settings.scrapeJobs.slice(0, 2) }
          : { ...settings, problems: this.#problems },
      ),
      'alerts.watch': this.#watch(() => this.alerts),
      'alerts.ack': ({ alert, by }) => {
        this.alerts = this.alerts.map((one) => (one.id === alert ? { ...one, ack: { by, atMs: Date.now() } } : one));
        this.#changed();
        return null;
      },
      'rules.watch': this.#watch(() => (this.scene === 'first' ? { groups: [], problems: [] } : rulesOf(Date.now()))),
      'notices.watch': this.#watch(() => []),
    };
  }

  #alertingHandlers(): Partial<Handlers<SignalboxContract>> {
    return {
      'alerts.groups': (input, emit) => {
        const left = new AbortController();
        void this.groupsAfter.then(() => {
          if (!left.signal.aborted) left.signal.addEventListener('abort', this.#watch(() => groupsOf(this.alerts, Date.now()))(input, emit));
        });
        return () => left.abort();
      },
      'alerts.why': ({ alert, labels, timeMs }) => whyOf(askedAlert(this.alerts, alert, labels), timeMs),
      'alerts.record': ({ alert }) => whyOf(askedAlert(this.alerts, alert, undefined), Date.now()).record,
      'silences.watch': this.#watch(() => this.silences),
      ...silenceAnswers(this, () => this.#changed()),
      'slos.list': () => ({ slos: this.scene === 'first' ? [] : slos, problems: [], folder: '/home/ada/.signalbox/slos' }),
      ...sloAnswers,
      ...ruleAnswers,
    };
  }

  #targets(): ReturnType<typeof targetsOf> {
    const all = targetsOf(Date.now());
    return this.scene === 'busy' || this.scene === 'storm'
      ? all
      : all.filter((target) => target.health === 'up').slice(0, this.scene === 'first' ? 2 : 9);
  }

  #metricsHandlers(): Partial<Handlers<SignalboxContract>> {
    return {
      'datasets.list': () => [
        {
          name: 'live',
          oldestMs: this.#startMs - 3 * 86_400_000,
          newestMs: Date.now(),
          seriesCount: 3_418,
          sampleCount: 18_204_113,
          spanCount: 90_000,
          logCount: 1_200_000,
          bytesOnDisk: 21_733_376,
        },
        ...(this.scene === 'busy' ? [caseDataset()] : []),
      ],
      'metrics.instant': ({ expr, timeMs }) => {
        const atMs = timeMs ?? Date.now();
        return instantAnswer(curvesFor(expr, this.#startMs), atMs);
      },
      'metrics.range': async ({ expr, startMs, endMs, stepMs }, { signal }) => {
        this.asked.push(expr);
        if (expr.includes('slow')) await this.#until(signal);
        if (expr.includes('bad('))
          throw new EngineError('invalid', 'unknown function "bad"', { from: expr.indexOf('bad('), to: expr.indexOf('bad(') + 3 });
        return rangeAnswer(curvesFor(expr, this.#startMs), startMs, endMs, stepMs);
      },
      'metrics.explain': ({ expr, startMs, endMs, stepMs }) =>
        explainAnswer(expr, rangeAnswer(curvesFor(expr, this.#startMs), startMs, endMs, stepMs)),
      'metrics.exemplars': ({ expr, startMs, endMs }) => exemplarsFor(expr, startMs, endMs),
      'metrics.names': () => metricNames,
      'metrics.cardinality': () => cardinalityView(this.#startMs),
      'metrics.labels': () => ['code', 'instance', 'job', 'path'],
      'metrics.labelValues': ({ label }) => (label === 'job' ? ['catalogue', 'checkout', 'node', 'postgres'] : ['a', 'b']),
      'targets.watch': this.#watch(() => this.#targets()),
      'sources.watch': this.#watch(() => this.sources.view),
      ...this.sources.answers(() => this.#changed()),
      'targets.scrape': () => null,
      'markdown.render': ({ text }) => ({
        html:
          this.html ??
          text
            .split('\n\n')
            .map(
              (part) =>
                `<p>${part
                  .replaceAll('&', '&amp;')
                  .replaceAll('<', '&lt;')
                  .replace(/\*\*(.+?)\*\*/g, '<b>$1</b>')}</p>`,
            )
            .join(''),
      }),
    };
  }

  #incidentHandlers(): Partial<Handlers<SignalboxContract>> {
    return {
      'incidents.watch': this.#watch(() => this.incidents.map((one) => one.incident).reverse()),
      'incident.watch': ({ incident }, emit) => this.#watch(() => this.#view(incident))({}, emit),
      'incidents.suggest': ({ alert }) => {
        const from = this.alerts.find((one) => one.id === alert);
        return {
          title: from?.summary ?? '',
          sev: 2,
          why: '23 % of users are affected, which is more than 10 %',
          startedMs: from?.activeAtMs ?? Date.now(),
        };
      },
      'incidents.declare': (input) => this.#declare(input),
      'incidents.sev': ({ incident, sev, why, by }) =>
        this.#log(incident, by, { kind: 'sev', from: this.#view(incident).incident.sev, to: sev, why }, { sev }),
      'incidents.role': ({ incident, role, who, by }) =>
        this.#log(
          incident,
          by,
          { kind: 'role', role, who },
          { roles: [...this.#view(incident).incident.roles.filter((one) => one.role !== role), ...(who === '' ? [] : [{ role, who }])] },
        ),
      'incidents.note': ({ incident, text, by, atMs }) => this.#log(incident, by, { kind: 'note', text }, {}, atMs),
      'incidents.mitigate': ({ incident, how, by }) =>
        this.#log(incident, by, { kind: 'mitigated', how }, { status: 'mitigated', mitigatedMs: Date.now() }),
      'incidents.resolve': ({ incident, how, by }) =>
        this.#log(incident, by, { kind: 'resolved', how }, { status: 'resolved', resolvedMs: Date.now(), nextUpdateMs: undefined }),
      'incidents.reopen': ({ incident, why, by }) => this.#log(incident, by, { kind: 'reopened', why }, { status: 'open', resolvedMs: undefined }),
      'incidents.roleCards': () => [
        {
          role: 'Incident commander',
          severalPeople: false,
          purpose: 'Decides, and knows how things stand.',
          duties: ['Mitigate before you understand.', 'Keep the status updates on time.'],
          notTheirs: 'Does not debug.',
        },
      ],
      'incidents.title': ({ incident, title, by }) => this.#log(incident, by, { kind: 'title', title }, { title }),
      'incidents.start': ({ incident, startedMs, why, by }) => this.#log(incident, by, { kind: 'started', startedMs, why }, { startedMs }),
      'incidents.detach': ({ incident, alert, why, by }) =>
        this.#log(incident, by, { kind: 'detached', alert, why }, { alerts: this.#view(incident).incident.alerts.filter((one) => one !== alert) }),
      'incidents.similar': ({ incident }) =>
        this.incidents
          .filter((past) => past.incident.id < incident)
          .map((past) => ({ incident: past.incident, score: 0.6, shared: ['checkout'], helped: 'switched to the second provider' })),
      'incidents.templates': () => [{ id: 'short', title: 'Short report' }],
      'incidents.postmortem': ({ incident, template }) => ({
        fileName: `incident-${incident}.md`,
        markdown: `# ${template === undefined ? '' : `${template}: `}${this.#view(incident).incident.title}\n\n**Summary.** Users saw errors.\n\n## Timeline\n\nAll times in UTC.`,
      }),
    };
  }

  /** What is told to others and what remains to be done. */
  #followUpHandlers(): Partial<Handlers<SignalboxContract>> {
    return {
      'incidents.draft': ({ incident }) => ({
        conditions: `${this.#view(incident).incident.title}: going on for 10m.`,
        actions: 'the cache was flushed',
        needs: 'An incident commander.',
      }),
      'incidents.update': ({ incident, conditions, actions, needs, by }) => {
        const nextMs = Date.now() + 3_600_000;
        return this.#log(incident, by, { kind: 'update', conditions, actions, needs, nextMs }, { nextUpdateMs: nextMs });
      },
      'incidents.updateText': ({ conditions, actions, needs, audience }) => ({
        text: audience === 'public' ? conditions : `Conditions: ${conditions}\nActions: ${actions}\nNeeds: ${needs}`,
      }),
      'incidents.openActions': () =>
        this.incidents.flatMap(({ incident }) =>
          incident.actions
            .filter((action) => action.state === 'open')
            .map((action) => ({ incident: incident.id, title: incident.title, action, overdue: (action.dueMs ?? Infinity) < Date.now() })),
        ),
      'incidents.action': ({ incident, id, text, owner, dueMs, state, by }) => {
        const before = this.#view(incident).incident.actions;
        const action = { id: id ?? before.length + 1, text, owner, dueMs, state };
        return this.#log(incident, by, { kind: 'action', action }, { actions: [...before.filter((one) => one.id !== action.id), action] });
      },
    };
  }

  #runHandlers(): Partial<Handlers<SignalboxContract>> {
    return {
      'runbooks.list': () => runbooks.map(({ id, title, alerts, steps, problems }) => ({ id, title, alerts, stepCount: steps.length, problems })),
      'runbooks.get': ({ runbook }) => {
        const found = runbooks.find((one) => one.id === runbook);
        if (found === undefined) throw new EngineError('not-found', `there is no runbook ${runbook}`);
        return found;
      },
      'runs.start': ({ runbook, incident, by }) => {
        const found = runbooks.find((one) => one.id === runbook);
        if (found === undefined) throw new EngineError('not-found', `there is no runbook ${runbook}`);
        const run = runOf(`run${this.runs.size + 1}`, found, incident, Date.now());
        this.runs.set(run.id, run);
        if (incident !== undefined)
          this.#log(incident, by, { kind: 'step', run: run.id, runbook: found.title, event: { kind: 'started', params: run.params } });
        this.#changed();
        return { run: run.id };
      },
      'run.watch': ({ run }, emit) =>
        this.#watch(() => {
          const found = this.runs.get(run);
          if (found === undefined) throw new EngineError('not-found', `there is no run ${run}`);
          return found;
        })({}, emit),
      'runs.check': ({ run, step, by }) => this.#step(run, step, by, 'fail', ''),
      'runs.tick': ({ run, step, by, note }) => this.#step(run, step, by, 'done', note),
      'runs.skip': ({ run, step, by, why }) => this.#step(run, step, by, 'skipped', why),
      'runs.go': ({ run, step }) => {
        const held = this.runs.get(run)!;
        const changed = { ...held, current: step, finishedMs: undefined };
        this.runs.set(run, changed);
        this.#changed();
        return changed;
      },
    };
  }

  /** Makes the worst alert fire or end, for tests that watch the screen follow. */
  resolve(alertname: string): void {
    this.alerts = this.alerts.map((one) =>
      labelValue(one.labels, 'alertname') === alertname ? { ...one, state: 'resolved', resolvedAtMs: Date.now() } : one,
    );
    this.#changed();
  }
}
