import { describe, expect, test } from 'vitest';
import { expressionAt, expressionsIn } from '../../renderer/views/alerts/rules/expr-in-yaml.ts';
import { expressionProblems } from '../../renderer/views/alerts/rules/rule-completion.ts';

const file = `groups:
  - name: g
    rules:
      - alert: A
        expr: rate(errors[5m]) > 0
        for: 5m
      - expr: |-
          sum by (job) (
            up

          ) == 0
        alert: B
      - record: r
        "expr": 'up{job="x"}'
      - record: plain
        expr: up
          + on (job) down
        labels: {expr: no}
      - alert: C
        expr:
`;

describe('expressions in the text of a rule file', () => {
  test('are found in every way of writing them, also unfinished', () => {
    expect(expressionsIn(file).map(({ from, to }) => file.slice(from, to))).toEqual([
      'rate(errors[5m]) > 0',
      '          sum by (job) (\n            up\n\n          ) == 0',
      'up{job="x"}',
      'up\n          + on (job) down',
      '',
    ]);
    expect(expressionsIn('- expr: "up').map(({ from, to }) => [from, to])).toEqual([[9, 11]]);
  });

  test('the one about the caret', () => {
    expect(expressionAt(file, file.indexOf('errors'))).toEqual({ from: file.indexOf('rate('), to: file.indexOf(' > 0') + 4 });
    expect(expressionAt(file, file.indexOf('for: 5m'))).toBeUndefined();
    expect(expressionAt(file, file.length - 1)).toEqual({ from: file.length - 1, to: file.length - 1 });
  });

  test('what is wrong is marked where it stands', () => {
    expect(expressionProblems(file)).toEqual([]);
    const wrong = file.replace('rate(errors[5m])', 'rate(errors)').replace('up{job="x"}', 'up{job=x}');
    const marks = expressionProblems(wrong).map(({ from, to }) => wrong.slice(from, to));
    expect(marks).toHaveLength(2);
    expect(marks[0]).toContain('errors');
    expect(marks[1]).toBe('x');
  });
});
