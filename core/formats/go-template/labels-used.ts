import type { Body, Operand, Pipe, Statement, Template } from './tree.ts';

/**
 * The labels that an alert's template shows: `$labels.x`, `.Labels.x`, `$.Labels.x`, `index $labels "x"`. Those that it asks for with
 * `if` or `with` are left out: it knows that they may be missing.
 */
export function labelsUsed(template: Template): ReadonlySet<string> {
  const found = new Set<string>();
  const asked = new Set<string>();
  for (const body of [template.body, ...template.definitions.values()]) inBody(body, found, asked);
  for (const label of asked) found.delete(label);
  return found;
}

function inBody(body: Body, found: Set<string>, asked: Set<string>): void {
  for (const statement of body) inStatement(statement, found, asked);
}

function inStatement(statement: Statement, found: Set<string>, asked: Set<string>): void {
  switch (statement.kind) {
    case 'output':
      inPipe(statement.pipe, found);
      return;
    case 'if':
    case 'with':
    case 'range':
      inPipe(statement.pipe, statement.kind === 'range' ? found : asked);
      inBody(statement.body, found, asked);
      inBody(statement.otherwise, found, asked);
      return;
    case 'template':
      if (statement.pipe !== undefined) inPipe(statement.pipe, found);
      return;
    case 'text':
    case 'break':
    case 'continue':
  }
}

function inPipe(pipe: Pipe, found: Set<string>): void {
  for (const { operands } of pipe.commands) {
    for (const operand of operands) inOperand(operand, found);
    const [called, of, key] = operands;
    const indexed = called?.kind === 'function' && called.name === 'index' && of?.kind === 'variable' && of.name === '$labels';
    if (indexed && key?.kind === 'constant' && typeof key.value === 'string') found.add(key.value);
  }
}

function inOperand(operand: Operand, found: Set<string>): void {
  if (operand.kind === 'pipe') inPipe(operand.pipe, found);
  if (operand.kind !== 'chain') return;
  const { of, names } = operand;
  if (of?.kind === 'variable' && of.name === '$labels') found.add(names[0]!);
  else if ((of === undefined || (of.kind === 'variable' && of.name === '$')) && names[0] === 'Labels' && names[1] !== undefined) found.add(names[1]);
  else if (of !== undefined) inOperand(of, found);
}
