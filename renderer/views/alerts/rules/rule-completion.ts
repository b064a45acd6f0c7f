import { CompletionContext, type CompletionSource } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { newCompleteStrategy, PromQLExtension, type CompleteConfiguration } from '@prometheus-io/codemirror-promql';
import { EngineError } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { expressionAt, expressionsIn, type Stretch } from './expr-in-yaml.ts';

const fieldsOf = { group: 'name interval query_offset limit labels rules', rule: 'alert record expr for keep_firing_for labels annotations' };
const fields = [...new Set(`groups ${fieldsOf.group} ${fieldsOf.rule}`.split(' '))].map((label) => ({ label, type: 'keyword', apply: `${label}: ` }));

/** Inside an expression PromQL is completed as in Explore; at the beginning of a line, the fields of rule files. */
export function ruleCompletion(remote: NonNullable<CompleteConfiguration['remote']>): CompletionSource {
  const strategy = newCompleteStrategy({ remote });
  const language = new PromQLExtension().asExtension();
  return async (context) => {
    const text = context.state.doc.toString();
    const found = expressionAt(text, context.pos);
    if (found === undefined) return fieldsAt(context);
    const inner = EditorState.create({ doc: text.slice(found.from, found.to), extensions: [language] });
    const result = await strategy.promQL(new CompletionContext(inner, context.pos - found.from, context.explicit));
    return result && { ...result, from: result.from + found.from, ...(result.to !== undefined && { to: result.to + found.from }) };
  };
}

function fieldsAt(context: CompletionContext): ReturnType<CompletionSource> {
  const word = context.matchBefore(/^\s*(?:-\s+)?[a-z_]*/);
  const typed = word && /[a-z_]*$/.exec(word.text)![0];
  if (word === null || typed === null || (typed === '' && !context.explicit)) return null;
  return { from: context.pos - typed.length, options: fields, validFor: /^[a-z_]*$/ };
}

export interface PlacedProblem extends Stretch {
  readonly message: string;
}

/** What is wrong in the expressions, at the very place. Empty ones are left to the check of the whole file. */
export function expressionProblems(text: string): readonly PlacedProblem[] {
  return expressionsIn(text).flatMap(({ from, to }) => {
    const source = text.slice(from, to);
    if (source.trim() === '') return [];
    try {
      parseExpr(source);
      return [];
    } catch (error) {
      if (!(error instanceof EngineError) || error.place === undefined) return [];
      const end = Math.max(from + 1, Math.min(from + error.place.to, to));
      return [{ from: Math.min(from + error.place.from, end - 1), to: end, message: error.message }];
    }
  });
}
