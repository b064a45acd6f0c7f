/** PromQL as text: parser, types, printing. Pure; the engine and the editor on screen share it. */
export { parseExpr, parseMatchers } from './parse.ts';
export { printExpr, printLabel } from './print.ts';
export { prettyExpr } from './pretty.ts';
export { typeOf } from './check.ts';
export { childrenOf, unwrap, walk } from './ast.ts';
export { functionNames, functionSignature } from './functions.ts';
export { constantSeconds, durationMs } from './duration.ts';
export { lineColumn, quote, unquote } from './text.ts';
export type { Signature } from './functions.ts';
export type { DurationContext } from './duration.ts';
export type { Aggregation, AggregationOp, At, Binary, BinaryOp, Call, Duration, Expr, MatrixSelector, Matching } from './ast.ts';
export type { NumberLiteral, Paren, StringLiteral, Subquery, Unary, ValueType, VectorSelector } from './ast.ts';
