/** What the rules were at a moment: every text of a rule file that was in force, with when it came and when it went. */
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { readRuleFile } from '#core/formats/index.ts';
import type { DurationMs, UnixMs } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import type { GroupState, RuleState } from './rule-state.ts';

/** A rule's definition, without how its evaluations went. */
export type RuleDefinition = Pick<RuleState, 'kind' | 'name' | 'line' | 'expr' | 'forMs' | 'labels'>;

export interface GroupDefinition extends Pick<GroupState, 'file' | 'name' | 'intervalMs'> {
  readonly rules: readonly RuleDefinition[];
}

export interface PastRules {
  readonly groups: readonly GroupDefinition[];
  /** When what was in force of a file came, and what replaced it; undefined for what is still in force. By path. */
  readonly files: ReadonlyMap<string, { readonly fromMs: UnixMs; readonly untilMs: UnixMs | undefined }>;
  /** Set where the moment is before the first rules that were kept: these stand for it. */
  readonly earliestMs: UnixMs | undefined;
}

interface Version {
  readonly path: string;
  readonly text: string | null;
  readonly from_ms: UnixMs;
  readonly until_ms: UnixMs | null;
}

/** Notes what is in force from now on, where that differs from before. */
export function noteRuleFiles(db: WriteDb, files: readonly { readonly path: string; readonly text: string }[], nowMs: UnixMs): void {
  const insert = sql(db, 'insert into rule_file_history (path, from_ms, text) values (?, ?, ?)');
  const known = new Map(
    (sql(db, 'select path, text from rule_file_history where id in (select max(id) from rule_file_history group by path)').all() as Version[]).map(
      ({ path, text }) => [path, text],
    ),
  );
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  for (const [path, text] of texts) if (known.get(path) !== text) insert.run(path, nowMs, text);
  for (const [path, text] of known) if (text !== null && !texts.has(path)) insert.run(path, nowMs, null);
}

/** The rules in force at a moment; undefined while nothing was ever kept. `intervalMs` is for groups that say none. */
export function rulesAt(db: ReadDb, timeMs: UnixMs, intervalMs: DurationMs): PastRules | undefined {
  const { first } = sql(db, 'select min(from_ms) as first from rule_file_history').get() as { first: UnixMs | null };
  if (first === null) return undefined;
  const atMs = Math.max(timeMs, first);
  const versions = sql(
    db,
    `select path, text, from_ms, until_ms from
       (select path, text, from_ms, lead(from_ms) over (partition by path order by id) as until_ms from rule_file_history)
     where from_ms <= ? and (until_ms is null or until_ms > ?) and text is not null order by path`,
  ).all(atMs, atMs) as Version[];
  return {
    groups: versions.flatMap(({ path, text }) => definitions(path, text!, intervalMs)),
    files: new Map(versions.map(({ path, from_ms, until_ms }) => [path, { fromMs: from_ms, untilMs: until_ms ?? undefined }])),
    earliestMs: timeMs < first ? first : undefined,
  };
}

function definitions(path: string, text: string, intervalMs: DurationMs): GroupDefinition[] {
  return readRuleFile(text, path, parseExpr).groups.map(({ file, name, rules, ...group }) => ({
    file,
    name,
    rules,
    intervalMs: group.intervalMs ?? intervalMs,
  }));
}

/** Forgets what went out of force before a moment. */
export function pruneRuleHistory(db: WriteDb, beforeMs: UnixMs): void {
  sql(
    db,
    `delete from rule_file_history where id in
       (select id from (select id, text, from_ms, lead(from_ms) over (partition by path order by id) as until_ms from rule_file_history)
        where until_ms < ? or (until_ms is null and text is null and from_ms < ?))`,
  ).run(beforeMs, beforeMs);
}
