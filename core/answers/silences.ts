import { silenceState, silenceWarnings, similarSilences, type Silence } from '#core/alerting/index.ts';
import type { Handlers, SilencePreview, SilenceView, SignalboxContract } from '#core/contract/index.ts';
import { formatMatchers, matchesEmpty, parseMatchers } from '#core/formats/index.ts';
import { labelPairs, labelValue, matchesLabels, messageOf, type Labels, type Matcher } from '#core/model/index.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `silences.${string}`>;

const matchedShown = 20;

/** Silences: which there are, what one would do, and setting and ending them. */
export class SilenceDesk {
  readonly #parts: Parts;
  readonly #silences: Watched<readonly SilenceView[]>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#silences = new Watched(parts.clock, parts.report, () => this.#views());
  }

  changed(): void {
    this.#silences.changed();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { alerting, clock } = this.#parts;
    return {
      'silences.watch': (_input, emit) => this.#silences.open(emit),
      'silences.preview': ({ matchers, except }) => this.#preview(matchers, except),
      'silences.set': ({ id, matchers, startsMs, endsMs, comment, by }) => {
        const times = { startsMs: startsMs ?? clock.now(), endsMs };
        const request = { matchers: parseMatchers(matchers), ...times, createdBy: by, comment };
        const silence = alerting.setSilence(id === undefined ? request : { ...request, id });
        this.#parts.alertsChanged();
        return { id: silence.id };
      },
      'silences.expire': ({ id, by }) => {
        alerting.expireSilence(id, by);
        this.#parts.alertsChanged();
        return null;
      },
    };
  }

  #firingLabels(): readonly Labels[] {
    return this.#parts
      .alerts()
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) => labels);
  }

  #views(): readonly SilenceView[] {
    const firing = this.#firingLabels();
    return this.#parts.alerting.silences().map((silence) => this.#view(silence, firing));
  }

  #view(silence: Silence, firing: readonly Labels[]): SilenceView {
    const { id, matchers, startsMs, endsMs, updatedMs, createdBy, comment } = silence;
    const state = silenceState(silence, this.#parts.clock.now());
    const matchedCount = state === 'expired' ? 0 : firing.filter((labels) => matchesLabels(matchers, labels)).length;
    return { id, matchers: formatMatchers(matchers), state, startsMs, endsMs, updatedMs, createdBy, comment, matchedCount };
  }

  #preview(text: string, except: string | undefined): SilencePreview {
    const firing = this.#parts.alerting.alerts().filter(({ state }) => state !== 'resolved');
    const nothing = { matchers: '', firingCount: firing.length, matchedCount: 0, matched: [], warnings: [], similar: [] };
    let matchers: readonly Matcher[];
    try {
      matchers = parseMatchers(text);
    } catch (error) {
      return { ...nothing, problem: messageOf(error) };
    }
    if (matchers.length === 0) return { ...nothing, problem: 'name at least one matcher, such as alertname="X"' };
    if (matchesEmpty(matchers)) return { ...nothing, problem: 'every matcher also matches an empty value: it would silence everything' };
    const matched = firing.filter(({ alert }) => matchesLabels(matchers, alert.labels));
    const { alerting, clock } = this.#parts;
    const others = alerting.silences().filter(({ id }) => id !== except);
    const labels = firing.map(({ alert }) => alert.labels);
    return {
      problem: '',
      matchers: formatMatchers(matchers),
      firingCount: firing.length,
      matchedCount: matched.length,
      matched: matched.slice(0, matchedShown).map(({ alert }) => shown(alert.id, alert.labels)),
      warnings: silenceWarnings(matchers, matched, firing),
      similar: similarSilences(matchers, matched, others, clock.now()).map(({ silence, why }) => ({ silence: this.#view(silence, labels), why })),
    };
  }
}

function shown(alert: string, labels: Labels): SilencePreview['matched'][number] {
  const rest = [...labelPairs(labels)].filter(([name]) => name !== 'alertname' && name !== 'severity');
  const text = rest.map(([name, value]) => `${name}=${value}`).join('  ');
  return { alert, name: labelValue(labels, 'alertname'), severity: labelValue(labels, 'severity'), text };
}
