import { goLabels, goStruct, prometheusFunctions, renderTemplate, type GoFunctions, type GoValue, type NamedTemplate } from '#core/formats/index.ts';
import { labelsFrom, messageOf, METRIC_NAME, withLabel, type Labels, type UnixMs } from '#core/model/index.ts';
import { formatHistogram } from '#core/promql/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import type { Candidate } from './alert-states.ts';
import type { Rule, RuleQuery, RuleSample } from './types.ts';

export interface ExpandInput {
  readonly query: RuleQuery;
  readonly externalLabels: Labels;
  readonly externalUrl: string;
}

/** Works out an alert's labels and annotations from one sample, at one evaluation. */
export class Expander {
  readonly #rule: Rule;
  readonly #input: ExpandInput;
  readonly #externalLabels: GoValue;
  /** The first template of this evaluation that failed, as a sentence. */
  problem = '';
  readonly #functions: GoFunctions;
  #timeMs: UnixMs = 0;

  constructor(rule: Rule, input: ExpandInput) {
    this.#rule = rule;
    this.#input = input;
    this.#externalLabels = goLabels(input.externalLabels);
    this.#functions = prometheusFunctions({
      query: async (expr) => input.query(parseExpr(expr), this.#timeMs),
      get externalUrl() {
        return input.externalUrl;
      },
      nowMs: () => this.#timeMs,
    });
  }

  /** Must be called before the samples of an evaluation are expanded. */
  begin(timeMs: UnixMs): void {
    this.problem = '';
    this.#timeMs = timeMs;
  }

  async expand(sample: RuleSample): Promise<Candidate> {
    const rule = this.#rule;
    let labels = withLabel(sample.labels, METRIC_NAME, '');
    const input = this.#renderInput(sample);
    for (const template of rule.labelTemplates) {
      const made = this.#text(template, input);
      labels = withLabel(labels, template.name, typeof made === 'string' ? made : await made);
    }
    labels = withLabel(labels, 'alertname', rule.name);
    const pairs: [string, string][] = [];
    for (const template of rule.annotations) {
      const made = this.#text(template, input);
      pairs.push([template.name, typeof made === 'string' ? made : await made]);
    }
    return { labels, annotations: labelsFrom(pairs), value: sample.value };
  }

  #renderInput(sample: RuleSample): { data: GoValue; variables: ReadonlyMap<string, GoValue>; functions: GoFunctions } {
    const labels = goLabels(sample.labels);
    const { externalUrl } = this.#input;
    const value: GoValue = sample.histogram === undefined ? sample.value : formatHistogram(sample.histogram);
    const data = goStruct('alert', { Labels: labels, ExternalLabels: this.#externalLabels, ExternalURL: externalUrl, Value: value });
    const variables = new Map<string, GoValue>([
      ['$labels', labels],
      ['$externalLabels', this.#externalLabels],
      ['$externalURL', externalUrl],
      ['$value', value],
    ]);
    return { data, variables, functions: this.#functions };
  }

  /** A template that fails leaves its sentence in the text, as Prometheus does: an alert is never lost for the sake of its words. */
  #text({ name, source, template }: NamedTemplate, input: Parameters<typeof renderTemplate>[1]): string | Promise<string> {
    if (template === undefined) return source;
    const failed = (error: unknown): string => {
      if (this.problem === '') this.problem = `template ${JSON.stringify(name)}: ${messageOf(error)}`;
      return `<error expanding template: ${messageOf(error)}>`;
    };
    try {
      const made = renderTemplate(template, input);
      return typeof made === 'string' ? made : made.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }
}
