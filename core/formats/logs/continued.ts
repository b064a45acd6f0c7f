/** Which lines go on with the record before them: stack traces of Java, Python, Go, Node, .NET, Ruby and PHP, and indented text. */

const goesOn =
  /^(?:\s|at [\w$.<>]|Caused by: |\.{3} \d+ (?:more|common)|Suppressed: |#\d+ |goroutine \d+ \[|created by |-->|\[stacktrace\]|"\}|[\])}]\s*,?$|During handling of the above|The above exception was|exit status \d|main\.main\(\))/;
const pythonEnd = /^[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit|Iteration)\b/;
const goFrame = /^[\w./*()-]+\([^)]*\)$/;
const beginsStack =
  /^(?:panic: |fatal error: |Traceback \(most recent call last\)|Exception in thread |goroutine \d+ \[|Unhandled |Uncaught |[\w.]+(?:Error|Exception)\b)/;

/** Whether `line`, which has no time of its own, belongs to a record whose text so far is `before`. */
export function continues(line: string, before: string): boolean {
  if (goesOn.test(line)) return true;
  if (before.includes('Traceback (most recent call last)')) return pythonEnd.test(line) || line.startsWith('Traceback ');
  return before.includes('goroutine ') && (goFrame.test(line) || line.startsWith('panic('));
}

const crash = /^(?:panic: |fatal error: |Exception in thread "|Unhandled exception\b|Uncaught [A-Z])/;

/** Whether a line is what a runtime writes, without a time, when a program dies of an error: it is no part of what was logged before it. */
export function isCrash(line: string): boolean {
  return crash.test(line);
}

/** Whether a text is the first line of a stack trace. */
export function isStackHead(line: string): boolean {
  return beginsStack.test(line);
}
