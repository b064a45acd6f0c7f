import { functionSignature, typeOf, unwrap, type Binary, type Call, type Expr } from '#core/promql/syntax/index.ts';

/** The labels that an expression's result can have; undefined when any may be there. */
export function keptLabels(expr: Expr): ReadonlySet<string> | undefined {
  switch (expr.kind) {
    case 'aggregation': {
      if (expr.op === 'topk' || expr.op === 'bottomk' || expr.op === 'limitk' || expr.op === 'limit_ratio') return keptLabels(expr.expr);
      if (expr.without) return undefined;
      const own = expr.op === 'count_values' && expr.param?.kind === 'string' ? [expr.param.value] : [];
      return new Set([...expr.labels, ...own]);
    }
    case 'binary':
      return ofBinary(expr);
    case 'call':
      return ofCall(expr);
    case 'paren':
    case 'unary':
    case 'subquery':
      return keptLabels(expr.expr);
    case 'number':
      return new Set();
    case 'selector':
    case 'matrix':
    case 'string':
      return undefined;
  }
}

function ofBinary({ op, left, right, matching }: Binary): ReadonlySet<string> | undefined {
  if (typeOf(left) === 'scalar') return keptLabels(right);
  if (typeOf(right) === 'scalar' || op === 'and' || op === 'unless') return keptLabels(left);
  const [ofLeft, ofRight] = [keptLabels(left), keptLabels(right)];
  if (op === 'or') return ofLeft === undefined || ofRight === undefined ? undefined : together(ofLeft, ofRight);
  if (matching === undefined) return undefined;
  if (matching.cardinality === 'one-to-one') return matching.on ? new Set(matching.labels) : ofLeft;
  const many = matching.cardinality === 'many-to-one' ? ofLeft : ofRight;
  return many === undefined ? undefined : together(many, matching.include);
}

function ofCall({ name, args }: Call): ReadonlySet<string> | undefined {
  if (name === 'absent' || name === 'absent_over_time') return ofAbsent(args[0]!);
  if (name === 'vector') return new Set();
  if (name === 'info') return undefined;
  const place = args.findIndex((arg) => ['vector', 'matrix'].includes(typeOf(arg)));
  const input = args[place];
  if (input === undefined || functionSignature(name)?.returns === 'scalar') return new Set();
  const labels = keptLabels(input);
  const added = (name === 'label_replace' || name === 'label_join') && args[1]?.kind === 'string' ? args[1].value : undefined;
  return labels === undefined || added === undefined ? labels : together(labels, [added]);
}

/** What is absent is known by the equalities that it was sought with. */
function ofAbsent(arg: Expr): ReadonlySet<string> {
  const inner = unwrap(arg);
  const selector = inner.kind === 'matrix' ? inner.selector : inner;
  return new Set(selector.kind === 'selector' ? selector.matchers.filter(({ op }) => op === '=').map(({ name }) => name) : []);
}

function together(a: Iterable<string>, b: Iterable<string>): ReadonlySet<string> {
  return new Set([...a, ...b]);
}
