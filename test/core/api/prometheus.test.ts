import { expect, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { hasPrometheus } from '../../support/peers.ts';
import { peerProgram } from '../../support/peer-programs.ts';
import { snappyLiterals, writeRequest } from '../promql/peer/remote-write.ts';
import { asks, dataEndMs, sharedSeries } from './peer/asks.ts';
import { compare, type Named } from './peer/compare.ts';
import { Pair } from './peer/pair.ts';

if (!hasPrometheus) process.stdout.write(`skipped: no Prometheus at ${peerProgram('prometheus')}; set SIGNALBOX_PEERS to a folder that has one\n`);

test.skipIf(!hasPrometheus)(
  'clients are answered as a real Prometheus answers them, or the difference has a name',
  async () => {
    const pair = await Pair.open({ clock: new ManualClock(dataEndMs), config: 'scrape_configs: []' });
    await pair.write(snappyLiterals(writeRequest(sharedSeries)));
    const named = new Map<Named, number>();
    const differing: string[] = [];
    for (const ask of asks) {
      const { theirs, ours } = await pair.ask(ask);
      const verdict = compare(ask, theirs, ours);
      if (verdict === undefined) continue;
      if ('named' in verdict) named.set(verdict.named, (named.get(verdict.named) ?? 0) + 1);
      else differing.push(`${ask.method} ${ask.path}?${decodeURIComponent(ask.params ?? '')}${verdict.differs}`);
    }
    expect(differing).toEqual([]);
    const explained = [...named.values()].reduce((sum, count) => sum + count, 0);
    expect(asks.length).toBeGreaterThan(550);
    expect(explained).toBeLessThan(asks.length * 0.25);
  },
  60_000,
);
