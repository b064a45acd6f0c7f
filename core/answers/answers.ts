import type { DesktopNotice } from '#core/alerting/index.ts';
import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import type { Ledger, Overload, Receiver } from '#core/intake/index.ts';
import type { RunbookRun } from '#core/model/index.ts';
import { AlertDesk } from './alerts.ts';
import { CorrelateDesk } from './correlate.ts';
import type { Forwarding } from './forwarding.ts';
import { ImportDesk, type RunImport } from './imports.ts';
import { IncidentDesk } from './incidents.ts';
import { LogDesk } from './logs.ts';
import { MetricDesk } from './metrics.ts';
import type { Parts } from './parts.ts';
import type { PracticeDesk } from './practice.ts';
import { RouteDesk } from './routes.ts';
import { RuleDesk } from './rules.ts';
import { RunbookDesk } from './runbooks.ts';
import { SilenceDesk } from './silences.ts';
import { SloDesk } from './slos.ts';
import { SourceDesk } from './sources.ts';
import { SystemDesk } from './system.ts';
import { TraceDesk } from './traces.ts';

export interface AnswersOptions extends Omit<Parts, 'alertsChanged' | 'overload' | 'report'> {
  readonly dataDir: string;
  readonly breathe: () => Promise<void>;
  readonly receiver: Receiver;
  readonly ledger: Ledger;
  readonly forwarding: Forwarding;
  readonly practice: PracticeDesk;
  readonly overload: Overload;
  readonly runImport: RunImport | undefined;
}

/** Every answer of the contract. The engine says what has changed, and screens that watch it are told. */
export class Answers {
  readonly handlers: Handlers<SignalboxContract>;
  readonly #alerts: AlertDesk;
  readonly #incidents: IncidentDesk;
  readonly #rules: RuleDesk;
  readonly #runbooks: RunbookDesk;
  readonly #silences: SilenceDesk;
  readonly #system: SystemDesk;

  constructor({ receiver, ledger, forwarding, practice, overload, runImport, dataDir, breathe, ...rest }: AnswersOptions) {
    const parts: Parts = {
      ...rest,
      overload: () => overload.status,
      alertsChanged: () => this.alertsChanged(),
      report: (problem) => this.problem(problem),
    };
    const sources = new SourceDesk({ ...parts, receiver, ledger, overload });
    this.#alerts = new AlertDesk(parts);
    this.#incidents = new IncidentDesk(parts);
    this.#rules = new RuleDesk(parts);
    this.#runbooks = new RunbookDesk(parts);
    this.#silences = new SilenceDesk(parts);
    this.#system = new SystemDesk(parts, () => sources.pulse());
    this.handlers = {
      ...this.#system.handlers(),
      ...new MetricDesk(parts).handlers(),
      ...sources.handlers(),
      ...this.#alerts.handlers(),
      ...this.#rules.handlers(),
      ...new RouteDesk(parts, forwarding).handlers(),
      ...this.#silences.handlers(),
      ...new SloDesk(parts).handlers(),
      ...this.#incidents.handlers(),
      ...this.#runbooks.handlers(),
      ...practice.handlers(),
      ...new TraceDesk(parts).handlers(),
      ...new LogDesk(parts).handlers(),
      ...new CorrelateDesk({ ...parts, dataDir, breathe }).handlers(),
      ...new ImportDesk({ ...parts, dataDir, run: runImport }).handlers(),
    };
  }

  /** How late the engine's thread was when it was last looked at, in milliseconds: what a click would have waited. */
  get lagMs(): number {
    return this.#system.lagMs;
  }

  /** A failure that no caller waits for; it shows in the status of Signalbox itself. */
  problem(sentence: string): void {
    this.#system.problem(sentence);
  }

  /** Alerts, their acks, their silences or their incidents have changed. */
  alertsChanged(): void {
    this.#alerts.changed();
    this.#rules.changed();
    this.#silences.changed();
    this.#system.alertsChanged();
  }

  settingsChanged(): void {
    this.#system.settingsChanged();
    this.alertsChanged();
  }

  /** An incident's log has grown. */
  incidentChanged(id: number): void {
    this.#incidents.changed(id);
  }

  runChanged(run: RunbookRun): void {
    this.#runbooks.changed(run);
    if (run.incident !== undefined) this.#incidents.changed(run.incident);
  }

  /** Overload had the level `before` until now. */
  overloadChanged(before: number): void {
    this.#incidents.overloadChanged(before);
  }

  /** Somebody is to be told on this desktop. */
  told(notice: DesktopNotice): void {
    this.#alerts.told(notice);
  }

  stop(): void {
    this.#system.stop();
  }
}
