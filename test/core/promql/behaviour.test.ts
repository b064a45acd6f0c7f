import { expect, test } from 'vitest';
import { runScript } from '#core/promql/index.ts';

const data = `
load 10s
  a{job="x"} 1 2 _ 4
  b{job="x"} 10 20 30 40
  b{job="y"} 5 5 5 5
  t{instance="i",job="x"} 1+1x10
  target_info{instance="i",job="x",ver="1",os="l"} 1+0x10
  gone{job="x"} 1 stale 3
  reset_total 5 10 3 _ 8
  {"quoted.name","a.label"="v"} 1
  h{job="x"} {{schema:0 sum:3 count:3 buckets:[1 2]}}x3
`;

/** Beyond Prometheus' own scripts: what is newer, rarer, or Signalbox's own wording. */
const scripts: Readonly<Record<string, string>> = {
  'fill stands in for the missing side': `
eval range from 0 to 30s step 10s a + fill(0) b
  {job="x"} 11 22 32 44
  {job="y"} 5 5 5 5

eval instant at 30s sum by (job) (a) + fill_left(100) sum by (job) (b)
  {job="x"} 44
  {job="y"} 105`,
  'info copies labels': `
eval instant at 20s info(t)
  t{instance="i",job="x",ver="1",os="l"} 3

eval instant at 20s info(t, {os=~".+"})
  t{instance="i",job="x",os="l"} 3

eval instant at 20s info(t, {nope=~".+"})`,
  'info of series that have one of the two labels of identity, or none': `
clear
load 10s
  only_job{job="x"} 1+0x10
  only_instance{instance="i"} 2+0x10
  neither{a="b"} 3+0x10
  target_info{job="x",ver="1"} 1+0x10
  target_info{instance="i",ver="2"} 1+0x10
  target_info{ver="3"} 1+0x10
  build_info{job="x",rev="r"} 1+0x10

eval instant at 20s info({__name__=~"only_job|only_instance|neither"})
  only_job{job="x",ver="1"} 1
  only_instance{instance="i",ver="2"} 2
  neither{a="b"} 3

eval instant at 20s info(only_job, {__name__!="target_info"})
  only_job{job="x",rev="r"} 1

eval instant at 20s info(only_job, {__name__="build_info"})
  only_job{job="x",rev="r"} 1

eval instant at 20s info(target_info{job="x"}, {ver=~".+"})
  target_info{job="x",ver="1"} 1`,
  'count_values whose label the grouping leaves out': `
eval instant at 20s count_values without (job) ("__name__", b)
  {} 2

eval instant at 20s count_values by (job) ("__name__", b > 0)
  {__name__="30",job="x"} 1
  {__name__="5",job="y"} 1`,
  'a smoothing factor is checked beside a histogram': `
eval instant at 20s double_exponential_smoothing(h[1m], 1.5, 0.5)
  expect fail msg: invalid smoothing factor. Expected: 0 < sf < 1, got: 1.500000`,
  'smoothed and anchored': `
eval instant at 15s t smoothed
  t{instance="i",job="x"} 2.5

eval instant at 25s increase(t[10s] anchored)
  {instance="i",job="x"} 1

eval instant at 25s increase(t[10s] smoothed)
  {instance="i",job="x"} 1

eval instant at 25s irate(t[10s] smoothed)
  expect fail msg: smoothed modifier can only be used with: delta, increase, rate - not with irate`,
  'windows are open on the left': `
eval instant at 30s count_over_time(b{job="x"}[10s])
  {job="x"} 1

eval instant at 30s sum_over_time(b{job="x"}[20s])
  {job="x"} 70`,
  'stale is not there, and does not come back within the lookback': `
eval range from 0 to 30s step 10s gone
  gone{job="x"} 1 _ 3 3

eval instant at 20s count_over_time(gone[1m])
  {job="x"} 2`,
  'counters may fall': `
eval instant at 40s increase(reset_total[50s])
  {} 16.25

eval instant at 40s resets(reset_total[1m])
  {} 1`,
  'durations are expressions': `
eval instant at 30s count_over_time(t[5s * 4])
  {instance="i",job="x"} 2

eval range from 0 to 30s step 10s count_over_time(t[step() + 5s])
  {instance="i",job="x"} 1 2 2 2

eval instant at 25s rate(t[step()])
  expect fail msg: duration must be greater than 0`,
  'names in UTF-8': `
eval instant at 0 {"quoted.name", "a.label"="v"}
  {"quoted.name", "a.label"="v"} 1

eval instant at 0 sum by ("a.label") ({"quoted.name"})
  {"a.label"="v"} 1`,
  'many on both sides': `
eval instant at 30s b + on() b
  expect fail regex: many-to-many matching not allowed: matching labels must be unique on one side`,
  'histograms in arithmetic': `
eval instant at 0 h + h
  {job="x"} {{schema:0 sum:6 count:6 buckets:[2 4]}}

eval instant at 0 histogram_avg(h)
  {job="x"} 1

eval instant at 0 h + 1
  expect info msg: PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)`,
  'what is not there yet says so': `
eval instant at 0 start_timestamp(t)
  expect fail msg: start_timestamp() is not yet supported`,
};

test.each(Object.entries(scripts))('%s', async (name, script) => {
  const report = await runScript(`${data}${script}\n`, name);
  expect(report.failures).toEqual([]);
  expect(report.passed).toBe(script.split('\neval').length - 1);
});
