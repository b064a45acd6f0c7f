import type { Expr } from './ast.ts';
import { printAggregationHead, printArg, printExpr, printOp, printSubqueryTail } from './print.ts';

/** What is longer is broken into lines; Prometheus' own measure, in bytes. */
const lineBytesMax = 100;
const encoder = new TextEncoder();

/** An expression as text over as many lines as it needs to be read, broken and indented as Prometheus' formatter does it. */
export function prettyExpr(expr: Expr, level = 0): string {
  const indent = '  '.repeat(level);
  if (expr.kind === 'unary') return `${indent}${expr.op}${prettyExpr(expr.expr, level).trim()}`;
  const line = printExpr(expr);
  if (encoder.encode(line).length <= lineBytesMax) return expr.kind === 'subquery' ? line : indent + line;
  switch (expr.kind) {
    case 'aggregation': {
      const param = expr.param === undefined ? '' : `${prettyExpr(expr.param, level + 1)},\n`;
      return `${indent}${printAggregationHead(expr)}(\n${param}${prettyExpr(expr.expr, level + 1)}\n${indent})`;
    }
    case 'binary':
      return `${prettyExpr(expr.left, level + 1)}\n${indent}${printOp(expr)}\n${prettyExpr(expr.right, level + 1)}`;
    case 'call':
      return `${indent}${expr.name}(\n${expr.args.map((arg, i) => prettyArg(expr.name, i, arg, level + 1)).join(',\n')}\n${indent})`;
    case 'paren':
      return `${indent}(\n${prettyExpr(expr.expr, level + 1)}\n${indent})`;
    case 'subquery':
      return `${prettyExpr(expr.expr, level)}${printSubqueryTail(expr)}`;
    default:
      return indent + line;
  }
}

function prettyArg(name: string, index: number, arg: Expr, level: number): string {
  return arg.kind === 'selector' ? '  '.repeat(level) + printArg(name, index, arg) : prettyExpr(arg, level);
}
