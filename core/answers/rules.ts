import { routesFile, saveFile, type NamedText } from '#core/config/index.ts';
import type { Handlers, RuleGroupView, RulesView, RuleView, SignalboxContract } from '#core/contract/index.ts';
import { readRuleFile } from '#core/formats/index.ts';
import { EngineError, type Alert } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { ruleNoise, type GroupState, type RuleNoise, type RuleState } from '#core/rules/index.ts';
import { checkView, labAnswer } from './lab.ts';
import { noiseView } from './noise.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `rules.${string}`>;

const dayMs = 86_400_000;
/** The journal is read for it: not at each evaluation. */
const noiseEveryMs = 30_000;
const noiseKey = (file: string, group: string, name: string): string => JSON.stringify([file, group, name]);

/** Rules: how they do, their files, and what others would do in their place. */
export class RuleDesk {
  readonly #parts: Parts;
  #noise: { readonly untilMs: number; readonly byRule: ReadonlyMap<string, RuleNoise> } = { untilMs: -Infinity, byRule: new Map() };
  readonly #rules: Watched<RulesView>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#rules = new Watched<RulesView>(parts.clock, parts.report, () => ({
      groups: parts.rules.groups().map((group) => groupView(group, parts, this.#noiseNow())),
      problems: parts.rules.problems(),
    }));
  }

  changed(): void {
    this.#rules.changed();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const parts = this.#parts;
    return {
      'rules.watch': (_input, emit) => this.#rules.open(emit),
      'rules.file': ({ file }) => {
        const { text, isBuiltIn } = this.#file(file);
        return { text, editable: isBuiltIn !== true };
      },
      'rules.check': ({ file, text }, { signal }) => checkView(parts, file, text, signal),
      'rules.save': ({ file, text }) => this.#save(file, text),
      'rules.routes': () => routesFile(parts.config(), parts.info.dataDir),
      'rules.lab': (question, { signal }) => labAnswer(parts, question, signal),
      'rules.noise': ({ sinceMs }) => noiseView(parts, sinceMs),
    };
  }

  /** What each rule told people within a day, by noiseKey. */
  #noiseNow(): ReadonlyMap<string, RuleNoise> {
    const { clock, rules } = this.#parts;
    if (clock.monotonicMs() < this.#noise.untilMs) return this.#noise.byRule;
    const noise = ruleNoise(rules.history(clock.now() - dayMs, clock.now()), clock.now(), () => false);
    this.#noise = {
      untilMs: clock.monotonicMs() + noiseEveryMs,
      byRule: new Map(noise.map((one) => [noiseKey(one.file, one.group, one.name), one])),
    };
    return this.#noise.byRule;
  }

  #file(path: string): NamedText {
    const found = this.#parts.config().ruleFiles.find((one) => one.path === path);
    if (found === undefined) throw new EngineError('not-found', `${path} is no rule file of the configuration`);
    return found;
  }

  /** Writes a rule file that is in force already; a broken text is refused. */
  #save(file: string, text: string): null {
    const { path, isBuiltIn } = this.#file(file);
    if (isBuiltIn)
      throw new EngineError(
        'conflict',
        `${path} can be tried, not saved: it comes with Signalbox; name rules of your own under rule_files in signalbox.yml`,
      );
    const { problems } = readRuleFile(text, path, parseExpr);
    if (problems[0] !== undefined) throw problems[0];
    saveFile(path, text);
    return null;
  }
}

function groupView(
  { name, file, line, intervalMs, missedCount, rules }: GroupState,
  { config }: Parts,
  noise: ReadonlyMap<string, RuleNoise>,
): RuleGroupView {
  const hasFile = config().ruleFiles.some(({ path }) => path === file);
  return {
    name,
    file,
    line,
    hasFile,
    intervalMs,
    missedCount,
    rules: rules.map((rule) => ruleView(rule, noise.get(noiseKey(file, name, rule.name)))),
  };
}

function ruleView(rule: RuleState, noise: RuleNoise | undefined): RuleView {
  const count = (state: Alert['state']): number => rule.alerts.filter((alert) => alert.state === state).length;
  const { name, kind, line, expr, forMs, keepFiringForMs, labels, annotations, health, lastError, lastWarning, lastEvaluationMs, seriesCount } = rule;
  return {
    name,
    kind,
    line,
    expr,
    forMs,
    keepFiringForMs,
    labels,
    annotations,
    health,
    lastError,
    lastWarning,
    lastEvaluationMs,
    elapsedMs: rule.durationMs,
    seriesCount,
    askedBecause: rule.evaluation.streamed ? '' : rule.evaluation.why,
    pendingCount: count('pending'),
    firingCount: count('firing'),
    firedToday: noise?.fired ?? 0,
    flappingCount: noise?.flapping ?? 0,
  };
}
