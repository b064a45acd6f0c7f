import { expect, test } from 'vitest';
import { listRules } from '#core/api/state.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';

const rule = (name: string, labels: readonly string[]): RuleState =>
  ({
    kind: 'recording',
    name,
    expr: 'up',
    labels,
    health: 'ok',
    lastError: '',
    durationMs: 0,
    lastEvaluationMs: undefined,
    alerts: [],
  }) as unknown as RuleState;

const groups = ['a', 'b', 'c', 'd'].map((name, i): GroupState => ({
  file: 'rules.yml',
  line: 1,
  name,
  intervalMs: 60_000,
  queryOffsetMs: 0,
  limit: 0,
  lastEvaluationMs: undefined,
  durationMs: 0,
  missedCount: 0,
  lastError: '',
  rules: i === 3 ? [] : [rule(`job:${name}`, ['team', i === 1 ? 'b' : 'a'])],
}));

interface Body {
  readonly groups: readonly { readonly name: string }[];
  readonly groupNextToken?: string;
}

function ask(params: string): Body {
  const { body } = listRules(groups, new URLSearchParams(params));
  return (JSON.parse(new TextDecoder().decode(body as Uint8Array)) as { data: Body }).data;
}

const names = ({ groups: list }: Body): readonly string[] => list.map(({ name }) => name);

test('groups come in pages, and an empty one never', () => {
  const first = ask('group_limit=2');
  expect(names(first)).toEqual(['a', 'b']);
  const second = ask(`group_limit=2&group_next_token=${first.groupNextToken!}`);
  expect(names(second)).toEqual(['c']);
  expect(second.groupNextToken).toBeUndefined();
  expect(names(ask('group_limit=3'))).toEqual(['a', 'b', 'c']);
  expect(() => ask('group_limit=1&group_next_token=00')).toThrow('were rule groups changed?');
});

test('rules are selected by their labels', () => {
  expect(names(ask('match[]={team="a"}'))).toEqual(['a', 'c']);
  expect(names(ask('match[]={team="b"}&match[]={team=~"a",x=""}'))).toEqual(['a', 'b', 'c']);
  expect(names(ask('match[]={team="z"}'))).toEqual([]);
});
