import { durations, postmortem, type Incidents } from '#core/incidents/index.ts';
import { EngineError } from '#core/model/index.ts';
import * as fc from 'fast-check';
import { marked } from 'marked';
import { expect, test } from 'vitest';
import { firing, minuteMs, over, room, type Room } from './room.ts';

type Act = (r: Room) => unknown;
const on =
  (act: (incidents: Incidents, r: Room) => unknown): Act =>
  (r) =>
    act(r.incidents, r);

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('<script>alert(1)</script>', '![x](https://evil.example/a.png)', '| a |\n| - |', '```', '{{data}}', '\u001b[2J', '=1+1'),
);
const alert = fc.constantFrom('a', 'b', 'c').map((instance) => (r: Room) => firing(r.clock.now(), { instance }));
const backMs = fc.integer({ min: -5 * minuteMs, max: 30 * minuteMs });
const sev = fc.constantFrom(1, 2, 3, 4);

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.integer({ min: 1, max: 20 }).map((minutes) => (r: Room) => r.clock.advance(minutes * minuteMs)),
  fc.tuple(sev, text).map(([level, why]) => on((i) => i.setSev(1, level, why, 'A'))),
  fc.tuple(text, text).map(([role, who]) => on((i) => i.setRole(1, role, who, 'A'))),
  fc.tuple(text, backMs).map(([words, ms]) => on((i, r) => i.note(1, words, 'A', r.clock.now() - ms))),
  fc.tuple(text, backMs).map(([how, ms]) => on((i, r) => i.mitigate(1, how, 'A', r.clock.now() - ms))),
  fc.tuple(text, backMs).map(([how, ms]) => on((i, r) => i.resolve(1, how, 'A', r.clock.now() - ms))),
  text.map((why) => on((i) => i.reopen(1, why, 'A'))),
  backMs.map((ms) => on((i, r) => i.setStart(1, r.clock.now() - ms, '', 'A'))),
  text.map((title) => on((i) => i.setTitle(1, title, 'A'))),
  text.map((conditions) => on((i) => i.update(1, { conditions, actions: conditions, needs: '', by: 'A' }))),
  text.map((words) => on((i) => i.setAction(1, { text: words, owner: words, dueMs: undefined, state: 'open' }, 'A'))),
  alert.map((made) => on((i, r) => i.onAlert(made(r)))),
  alert.map((made) => on((i, r) => i.onAlert(over(made(r), r.clock.now())))),
  alert.map((made) => on((i, r) => i.detach(1, made(r).id, '', 'A'))),
  alert.map((made) => on((i, r) => i.onAck(made(r).id, made(r).labels, { by: 'B', atMs: r.clock.now() }))),
);

test('whatever people do: the log folds to the same after a restart, figures are sane, the post-mortem is whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), text, async (acts, title) => {
      const r = room();
      r.incidents.declare({ title: `x${title}`, sev: 2, why: title, alerts: [firing(r.clock.now())], by: title });
      for (const each of acts) {
        try {
          await each(r);
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
        }
      }
      const incident = r.incidents.get(1);
      expect(r.reopen().get(1)).toEqual(incident);
      const events = r.incidents.events(1);
      for (const { ms, why } of durations(incident, events, r.clock.now())) {
        expect(ms ?? 0).toBeGreaterThanOrEqual(0);
        expect(why).not.toBe('');
      }
      const markdown = postmortem({ incident, events, charts: [], nowMs: r.clock.now() });
      expect(markdown.match(/^## /gm)).toHaveLength(16);
      expect(marked.parse(markdown, { async: false })).not.toMatch(/<script|<img/i);
      expect(markdown).not.toMatch(/(?!\n)\p{Cc}/u);
    }),
    { seed: 8, numRuns: 60 },
  );
});
