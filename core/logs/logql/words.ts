import { EngineError, matcher } from '#core/model/index.ts';
import type { CompareOp, LogExpr, Stage } from './ast.ts';
import { parseLogql } from './query.ts';
import { bytesOf, durationSeconds } from './units.ts';

const form =
  /(-?)(?:"((?:[^"\\]|\\.)*)"|\/((?:[^/\\]|\\.)+)\/(?=\s|$)|([A-Za-z_@][\w.@-]*)(!=|=~|!~|>=|<=|=|>|<)(?:"((?:[^"\\]|\\.)*)"|(\S*))|(\S+))(?=\s|$)/gy;
const textCharsMax = 16_384;

/**
 * What people type to find lines: LogQL when it begins with `{` or a stage (`|= "x"`); else words that must all be there, whatever their
 * case: `word`, `"several words"`, `-not`, `/regular expression/`, `field=value` and the other comparisons. Throws EngineError `invalid`
 * with the place.
 */
export function parseSearch(text: string): LogExpr {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return logOnly(parseLogql(text));
  if (/^(?:\||!=|!~|!>)/.test(trimmed)) return logOnly(parseLogql(`{} ${text}`));
  if (text.length > textCharsMax) throw new EngineError('limit', `the search is longer than ${textCharsMax} characters`);
  const stages: Stage[] = [];
  form.lastIndex = 0;
  let at = text.search(/\S|$/);
  while (at < text.length) {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found === null)
      throw new EngineError('invalid', `${JSON.stringify(text.slice(at, at + 20))} cannot be read (character ${at + 1}): a quote may be missing`, {
        from: at,
        to: text.length,
      });
    stages.push(stageOf(found, at));
    at = form.lastIndex + text.slice(form.lastIndex).search(/\S|$/);
  }
  return { kind: 'log', matchers: [], stages };
}

function logOnly(expr: ReturnType<typeof parseLogql>): LogExpr {
  if (expr.kind === 'log') return expr;
  throw new EngineError('invalid', 'this query makes a metric, not lines');
}

function stageOf([, minus, quoted, pattern, field, op, quotedValue, bareValue, word]: RegExpExecArray, at: number): Stage {
  const isNot = minus === '-';
  const plain = (text: string): string => text.replaceAll(/\\(["\\])/g, '$1');
  if (pattern !== undefined) return { kind: 'line', op: isNot ? '!~' : '|~', texts: [pattern.replaceAll('\\/', '/')], caseless: true };
  if (field === undefined) return { kind: 'line', op: isNot ? '!=' : '|=', texts: [quoted === undefined ? word! : plain(quoted)], caseless: true };
  if (isNot) throw new EngineError('invalid', `write ${field}!=... instead of -${field}${op}... (character ${at + 1})`, { from: at, to: at + 1 });
  const name = field.replaceAll(/[^A-Za-z0-9_]/g, '_');
  const value = quotedValue === undefined ? bareValue! : plain(quotedValue);
  if (op === '=' || op === '!=' || op === '=~' || op === '!~') return { kind: 'filter', filter: { kind: 'text', matcher: matcher(name, op, value) } };
  const compare = { name, op: op as CompareOp };
  if (value !== '' && !Number.isNaN(Number(value))) return { kind: 'filter', filter: { kind: 'number', ...compare, value: Number(value) } };
  const seconds = durationSeconds(value);
  if (seconds !== undefined) return { kind: 'filter', filter: { kind: 'duration', ...compare, value: seconds } };
  const bytes = bytesOf(value);
  if (bytes !== undefined) return { kind: 'filter', filter: { kind: 'bytes', ...compare, value: bytes } };
  throw new EngineError('invalid', `a number, a duration or a size must follow ${field}${op} (character ${at + 1})`, {
    from: at,
    to: at + field.length,
  });
}
