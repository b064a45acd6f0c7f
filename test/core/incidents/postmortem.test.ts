import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { postmortem, postmortemFileName, type ChartData } from '#core/incidents/index.ts';
import { labelsFromRecord, staleMarker, type Labels } from '#core/model/index.ts';
import { createRunbooks } from '#core/runbooks/index.ts';
import { expect, test } from 'vitest';
import { firing, minuteMs, over, room, type Room } from './room.ts';

const golden = join(import.meta.dirname, '../../golden/incidents');
const runbookFolder = join(import.meta.dirname, '../../../runbooks');

/** UPDATE_GOLDEN=1 writes the file anew, for a reviewer to see in the diff. */
function expectGolden(name: string, text: string): void {
  const path = join(golden, name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(golden, { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, 'utf8'));
}

/** An incident from the page to the end, with a runbook that checks itself, on the errors of a service over 40 minutes. */
async function wholeLife(r: Room): Promise<void> {
  const { incidents, clock } = r;
  let share = 0.2;
  const answer = (expr: string): { labels: Labels; value: number }[] => {
    if (expr.startsWith('up'))
      return ['a:1', 'b:1'].map((instance) => ({ labels: labelsFromRecord({ __name__: 'up', job: 'api', instance }), value: 1 }));
    if (expr.startsWith('sum by (instance)')) return ['a:1', 'b:1'].map((instance) => ({ labels: labelsFromRecord({ instance }), value: share }));
    return expr.startsWith('time()') ? [{ labels: labelsFromRecord({ instance: 'a:1', job: 'api' }), value: 754 }] : [{ labels: [], value: share }];
  };
  const runbooks = createRunbooks({
    folders: [runbookFolder],
    db: r.db,
    clock,
    query: (expr) => Promise.resolve({ samples: answer(expr) }),
    record: (entry) => incidents.recordStep(entry),
  });
  await clock.advance(10 * minuteMs);
  const alert = firing(clock.now());
  await clock.advance(2 * minuteMs);
  incidents.declare({
    title: 'API fails',
    sev: 2,
    why: '20 % of users affected: major degradation, more than 10 % of users',
    alerts: [alert],
    by: 'Ada',
  });
  incidents.setRole(1, 'Incident commander', 'Ada', 'Ada');
  const [match] = runbooks.forAlert(alert.labels, alert.annotations);
  const run = runbooks.start({ runbook: match!.runbook.id, incident: 1, labels: alert.labels, by: 'Ada' }).id;
  await clock.advance(minuteMs);
  await runbooks.check(run, 'step-1-do-users-still-get-errors', 'Ada');
  await runbooks.check(run, 'step-2-are-all-instances-there', 'Ada');
  incidents.onAlert(firing(clock.now(), { instance: 'b:1' }));
  await clock.advance(3 * minuteMs);
  await runbooks.check(run, 'step-3-is-every-instance-hit', 'Ada');
  incidents.update(1, {
    conditions: 'One request of five fails.',
    actions: 'Rolling back deploy 14.',
    needs: 'Somebody who knows the payment client.',
    by: 'Ada',
  });
  await runbooks.check(run, 'step-5-was-anything-released', 'Ada');
  incidents.setSev(1, 1, 'checkout is gone, too', 'Ada');
  incidents.setRole(1, 'Subject matter expert', 'Lin <lin@example.org>', 'Ada');
  incidents.note(1, 'deploy 14 | changed "timeouts"\nsee [the diff](https://evil.example/)\u001b[31m', 'Lin', clock.now() - 9 * minuteMs);
  await clock.advance(10 * minuteMs);
  runbooks.tick(run, 'step-7-mitigate', 'rolled back', 'Lin');
  incidents.mitigate(1, 'rolled back deploy 14', 'Ada', clock.now() - minuteMs);
  await clock.advance(5 * minuteMs);
  share = 0;
  await runbooks.check(run, 'step-8-is-it-over', 'Lin');
  incidents.onAlert(over(alert, clock.now()));
  await clock.advance(10 * minuteMs);
  incidents.resolve(1, 'no errors for a quarter of an hour', 'Ada');
  incidents.setAction(1, { text: 'Alert on the timeout setting', owner: 'Lin', dueMs: Date.UTC(2026, 0, 20), state: 'open' }, 'Ada');
  incidents.setAction(1, { text: '<script>alert(1)</script>', owner: '', dueMs: undefined, state: 'open' }, 'Ada');
}

function chart(r: Room): ChartData {
  const startMs = Date.UTC(2026, 0, 5, 3, 0);
  const timesMs = Float64Array.from({ length: 9 }, (_, i) => startMs + i * 5 * minuteMs);
  const values = Float64Array.from([0, 0.0123456789, 0.2, 0.2, 0.19, 0.04, 0, staleMarker(), Number.POSITIVE_INFINITY]);
  return {
    title: 'Share of failing requests',
    expr: 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))',
    startMs,
    endMs: r.clock.now(),
    stepMs: 5 * minuteMs,
    series: [
      { labels: labelsFromRecord({ job: 'api' }), timesMs, values },
      {
        labels: labelsFromRecord({ job: '=HYPERLINK("https://evil.example")', __name__: '＝x' }),
        timesMs: timesMs.slice(2, 4),
        values: values.slice(2, 4),
      },
    ],
  };
}

test('a whole incident, read as a post-mortem', async () => {
  const r = room();
  await wholeLife(r);
  const incident = r.incidents.get(1);
  const text = postmortem({ incident, events: r.incidents.events(1), charts: [chart(r)], nowMs: r.clock.now() });
  expectGolden('whole-life.md', text);
  expect(postmortemFileName(incident)).toBe('2026-01-05-incident-1-post-mortem.md');
});

test('an incident that has only just been declared', () => {
  const r = room();
  r.incidents.declare({ title: 'Something is slow', sev: 4, why: '', by: 'Ada' });
  const text = postmortem({ incident: r.incidents.get(1), events: r.incidents.events(1), charts: [], nowMs: r.clock.now() });
  expectGolden('just-declared.md', text);
});

test('much data is thinned, and that is said', () => {
  const r = room();
  r.incidents.declare({ title: 'x', sev: 4, why: '', by: 'Ada' });
  const timesMs = Float64Array.from({ length: 1000 }, (_, i) => i * 1000);
  const series = Array.from({ length: 25 }, (_, i) => ({ labels: labelsFromRecord({ i: String(i) }), timesMs, values: timesMs }));
  const charts = Array.from({ length: 12 }, () => ({ ...chart(r), series }));
  const text = postmortem({ incident: r.incidents.get(1), events: r.incidents.events(1), charts, nowMs: r.clock.now() });
  expect(text).toContain('Shown: every 5th of 1000 points, the first 20 of 25 series.');
  expect(text).toContain('2 more charts are left out.');
  expect(text.match(/^1970/gm)).toHaveLength(10 * 200);
});

test('a log of flapping alerts keeps its beginning and its end', () => {
  const r = room();
  const alert = firing(r.clock.now());
  r.incidents.declare({ title: 'x', sev: 4, why: '', by: 'Ada', alerts: [alert] });
  for (let i = 0; i < 600; i++) {
    r.incidents.onAlert(over(alert, r.clock.now()));
    r.incidents.onAlert(alert);
  }
  r.incidents.resolve(1, 'at last', 'Ada');
  const text = postmortem({ incident: r.incidents.get(1), events: r.incidents.events(1), charts: [], nowMs: r.clock.now() });
  expect(text).toContain("| … |  | 203 lines are left out here; the incident's log has them all. |");
  expect(text.match(/is firing/g)!.length).toBeGreaterThan(400);
  expect(text).toContain('**Resolved**: at last');
});
