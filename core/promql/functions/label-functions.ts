import { assert, EngineError, expandPattern, labelValue, messageOf, METRIC_NAME, withLabel } from '#core/model/index.ts';
import { quote, unwrap, type Call } from '../syntax/index.ts';
import type { Evaluator } from '../context.ts';
import type { Grid } from '../grid.ts';
import { mergeSame, perHead, type Head, type Vector } from '../vector.ts';

function text(call: Call, index: number): string {
  const arg = unwrap(call.args[index]!);
  assert(arg.kind === 'string', `argument ${index} of ${call.name} is a string`);
  return arg.value;
}

function checkName(name: string, which: string, call: Call): void {
  if (name === '' || !name.isWellFormed()) throw new EngineError('invalid', `invalid ${which} label name in ${call.name}(): ${quote(name)}`);
}

/** label_replace(): sets a label from the groups of a regular expression that matches another label's whole value. */
export async function labelReplace(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const target = text(call, 1);
  const source = text(call, 3);
  const expand = compile(text(call, 4), text(call, 2));
  checkName(target, 'destination', call);
  return relabelled(evaluator, call, grid, (head) => {
    const value = expand(labelValue(head.labels, source));
    return value === undefined ? head : setLabel(head, target, value);
  });
}

function compile(pattern: string, template: string): (value: string) => string | undefined {
  try {
    return expandPattern(pattern, template);
  } catch (error) {
    throw new EngineError('invalid', `invalid regular expression in label_replace(): ${pattern}: ${messageOf(error)}`);
  }
}

/** label_join(): sets a label to other labels' values with a separator between. */
export async function labelJoin(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const target = text(call, 1);
  const separator = text(call, 2);
  const sources = call.args.slice(3).map((_, i) => text(call, i + 3));
  for (const source of sources) checkName(source, 'source', call);
  checkName(target, 'destination', call);
  return relabelled(evaluator, call, grid, (head) =>
    setLabel(head, target, sources.map((source) => labelValue(head.labels, source)).join(separator)),
  );
}

function setLabel(head: Head, name: string, value: string): Head {
  return { labels: withLabel(head.labels, name, value), dropName: name === METRIC_NAME ? false : head.dropName };
}

async function relabelled(evaluator: Evaluator, call: Call, grid: Grid, relabel: (head: Head) => Head): Promise<Vector> {
  const input = await evaluator.vector(call.args[0]!, grid);
  const changed = { heads: await perHead(input.heads, evaluator.query.budget, relabel), read: (index: number) => input.read(index) };
  return mergeSame(changed, grid.steps, evaluator.query.budget);
}
