import { EngineError, type DurationMs } from '#core/model/index.ts';
import type { Duration } from './ast.ts';

/** What `step()` and `range()` stand for, in ms; both 0 for an instant query. */
export interface DurationContext {
  readonly stepMs: DurationMs;
  readonly rangeMs: DurationMs;
}

const secondsMax = 2 ** 63 / 1e9; // Prometheus counts durations in nanoseconds in 64 bits.

/** A duration in whole ms. Throws EngineError `invalid` for a division by zero, what no 64 bits of nanoseconds hold, and what is not positive unless `signed`. */
export function durationMs(duration: Duration, context: DurationContext, signed = false): DurationMs {
  const seconds = secondsOf(duration, context);
  if (!(Math.abs(seconds) < secondsMax)) throw new EngineError('invalid', 'duration out of range', duration.place);
  if (!signed && seconds <= 0) throw new EngineError('invalid', 'duration must be greater than 0', duration.place);
  return Math.trunc(Number((seconds * 1000).toPrecision(15)));
}

/** Whether it has the same value in every query. */
export function isConstant(duration: Duration): boolean {
  switch (duration.kind) {
    case 'seconds':
      return true;
    case 'call':
      return duration.args.length > 0 && duration.args.every(isConstant);
    case 'op':
      return (duration.left === undefined || isConstant(duration.left)) && isConstant(duration.right);
  }
}

/** The value in seconds when it does not depend on the query's step and range. */
export function constantSeconds(duration: Duration): number | undefined {
  return isConstant(duration) ? secondsOf(duration, { stepMs: 0, rangeMs: 0 }) : undefined;
}

function secondsOf(duration: Duration, context: DurationContext): number {
  if (duration.kind === 'seconds') return duration.value;
  if (duration.kind === 'call') {
    if (duration.name === 'step') return context.stepMs / 1000;
    if (duration.name === 'range') return context.rangeMs / 1000;
    const [a = 0, b = 0] = duration.args.map((arg) => secondsOf(arg, context));
    return duration.name === 'min_of' ? Math.min(a, b) : Math.max(a, b);
  }
  const right = secondsOf(duration.right, context);
  if (duration.left === undefined) return duration.op === '-' ? -right : right;
  const left = secondsOf(duration.left, context);
  switch (duration.op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '^':
      return left ** right;
    case '/':
      if (right === 0) throw new EngineError('invalid', 'division by zero', duration.place);
      return left / right;
    case '%':
      if (right === 0) throw new EngineError('invalid', 'modulo by zero', duration.place);
      return left % right;
  }
}
