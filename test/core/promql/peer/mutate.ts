import type { Random } from './random.ts';

const token = /"[^"]*"|'[^']*'|`[^`]*`|[A-Za-z_][\w:.]*|\d[\w.]*|[<>=!]=|=~|!~|\S/g;
const strangers = words(
  'sum by without on ignoring group_left offset @ start() bool and or unless ( ) [ ] { } , : + - * / % ^ == != > < = =~ !~ 5m 1 -1 0x 1e Inf NaN "x" \'y\' `z` foo atan2 without() [5m] [1h:] [] {} {job="api"} rate( sum( $ ; # é "\\xff" "\\q" 1.5h 5mm 08 1_0 __name__ on() group_right() limitk topk(1, count_values("v", time() pi vector(1) "',
);

function words(text: string): string[] {
  return text.split(' ');
}

/** A query with a few parts left out, doubled, exchanged or put in: nearly all of these are wrong, each in a way of its own. */
export function mutated(query: string, random: Random): string {
  const parts = query.match(token) ?? [];
  for (let i = random.below(3); i >= 0; i--) {
    const at = random.below(parts.length + 1);
    const change = random.below(5);
    if (change === 0) parts.splice(at, 1);
    else if (change === 1) parts.splice(at, 0, parts[at] ?? ')');
    else if (change === 2) parts.splice(at, 1, random.pick(strangers));
    else if (change === 3) parts.splice(at, 0, random.pick(strangers));
    else parts.splice(at, 0, parts[random.below(parts.length)] ?? '(');
  }
  return parts.join(random.chance(0.8) ? ' ' : '');
}
