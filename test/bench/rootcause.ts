/**
 * Root cause ranking on labelled incidents, through the same import, stores and reading as `signalbox rootcause`. AC@k: the share of faults
 * whose service is among the first k; Avg@5: the mean of AC@1 to AC@5 (as BARO's and RCAEval's papers define them). The method has one setting
 * for all sets. It was shaped looking at all the sets but the shops held out, so the other figures here are those of development data; the two halves
 * (every other incident) show how steady a figure is, and say nothing of systems that were not seen.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rankRootCauses, readCase } from '#core/correlate/index.ts';
import { importPaths, openCase } from '#core/intake/index.ts';
import { systemClock } from '../../main/clock.ts';
import type { BenchRow } from './row.ts';
import { shopFault } from './rootcause-shop.ts';

const incidents = join(import.meta.dirname, '../../../shared/data/incidents');

interface Incident {
  readonly name: string;
  /** Files of the case that it lies in. */
  readonly paths: readonly string[];
  readonly service: string;
  readonly startMs: number;
  readonly endMs: number;
}

interface Set {
  readonly name: string;
  readonly incidents: readonly Incident[];
  readonly goal: string;
  readonly peer: string;
}

const faultMs = 180_000;
const lateMs = 60_000;

/** `SIGNALBOX_INCIDENTS=shop` takes the sets only whose name holds the word. */
export async function benchRootcause(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-rootcause-'));
  const rows: BenchRow[] = [];
  try {
    const sets = [...petshop(), ...nezha(), ...rootcausebench(), ...shop(folder)];
    for (const set of sets.filter(({ name }) => name.toLowerCase().includes(process.env['SIGNALBOX_INCIDENTS'] ?? ''))) {
      const [ranks, late] = await ranksOf(set, folder);
      process.stderr.write(`  ${set.name}: ranks ${ranks.join(' ')}; late ${late.join(' ')}\n`);
      rows.push(...rowsOf(set, ranks, late));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

/** The rank of the true service in each answer, from 0, with the fault's own time and with a late one; Infinity when it is not there. */
async function ranksOf(set: Set, folder: string): Promise<[inTime: number[], late: number[]]> {
  const ranks: [number[], number[]] = [[], []];
  for (const group of Map.groupBy(set.incidents, ({ paths }) => paths.join('\n')).values()) {
    const stores = openCase(mkdtempSync(join(folder, 'case-')), systemClock);
    await importPaths(group[0]!.paths, { stores: stores.into });
    for (const { service, startMs, endMs } of group) {
      for (const [i, laterMs] of [0, lateMs].entries()) {
        const window = { startMs: startMs + laterMs, endMs };
        const { suspects } = await rankRootCauses(await readCase(stores, window), window);
        const rank = suspects.findIndex((suspect) => suspect.service === service);
        ranks[i]!.push(rank < 0 ? Infinity : rank);
      }
    }
    await stores.close();
  }
  return ranks;
}

function rowsOf({ name, goal, peer }: Set, ranks: readonly number[], late: readonly number[]): BenchRow[] {
  const half = (parity: number): number[] => ranks.filter((_, i) => i % 2 === parity);
  const row = (what: string, value: number, note?: Pick<BenchRow, 'goal' | 'peer'>): BenchRow => ({
    name: `root cause, ${name}, ${what}`,
    value,
    unit: `of ${ranks.length}`,
    ...note,
  });
  return [
    row('AC@1', within(ranks, 1), { goal, peer }),
    row('AC@3', within(ranks, 3)),
    row('AC@5', within(ranks, 5)),
    row('Avg@5', avg5(ranks)),
    row('Avg@5 of the even ones', avg5(half(0))),
    row('Avg@5 of the odd ones', avg5(half(1))),
    row('AC@1, told 60 s late', within(late, 1)),
    row('AC@3, told 60 s late', within(late, 3)),
    row('Avg@5, told 60 s late', avg5(late)),
  ];
}

const within = (ranks: readonly number[], k: number): number => (ranks.length === 0 ? 0 : ranks.filter((rank) => rank < k).length / ranks.length);
const avg5 = (ranks: readonly number[]): number => [1, 2, 3, 4, 5].reduce((sum, k) => sum + within(ranks, k), 0) / 5;

const jsonOf = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

function petshop(): Set[] {
  const folder = join(incidents, 'petshop');
  const found: Incident[] = [];
  for (const traffic of ['high_traffic', 'low_traffic', 'temporal_traffic1', 'temporal_traffic2']) {
    for (const issue of readdirSync(join(folder, traffic, 'train')).sort()) {
      const own = join(folder, traffic, 'train', issue);
      const times = readFileSync(join(own, 'metrics.csv'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => Number(line.split(',', 1)[0]))
        .filter((time) => time > 0);
      const truth = jsonOf(join(own, 'target.json'))['root_cause'] as { node: string };
      const paths = [join(folder, traffic, 'graph.csv'), join(folder, traffic, 'noissue'), join(own, 'metrics.csv')].filter(existsSync);
      found.push({ name: `${traffic} ${issue}`, paths, service: truth.node, startMs: times[0]! * 1000, endMs: times.at(-1)! * 1000 });
    }
  }
  return [{ name: 'PetShop train', incidents: found, goal: 'AC@3 >= .85', peer: 'largest z .31/.75, graph traversal .37/.77 (top 1/top 3)' }];
}

function nezha(): Set[] {
  const sets = [
    ['nezha-train-ticket/2023-01-29', 'Train Ticket', 'AC@1 >= .60, AC@5 >= .85', 'MicroRank .16/.24/.36, Nezha .87/.98/.98 (1/3/5)'],
    ['nezha-online-boutique/2022-08-22', 'Online Boutique', '', 'MicroRank .41/.48/.63, Nezha .93/.96/.96 (1/3/5)'],
  ] as const;
  return sets.flatMap(([path, name, goal, peer]) => {
    const folder = join(incidents, path);
    const [, ...lines] = readFileSync(join(folder, 'labels.csv'), 'utf8').trim().split('\n');
    const of = (paths: readonly string[]): Incident[] =>
      lines.map((line) => {
        const [id = '', start = '', , service = ''] = line.split(',');
        return { name: id, paths, service, startMs: Number(start) * 1000, endMs: Number(start) * 1000 + faultMs };
      });
    const all = ['metric', 'log', 'trace', 'fault-free'].map((part) => join(folder, part)).filter(existsSync);
    return [
      { name: `${name}, all signals`, incidents: of(all), goal, peer },
      {
        name: `${name}, metrics only`,
        incidents: of([join(folder, 'metric')]),
        goal: '',
        peer: 'MicroScope .18/.27/.36, MicroRCA .20/.31/.44 on Train Ticket',
      },
    ];
  });
}

function rootcausebench(): Set[] {
  const folder = join(incidents, 'rootcausebench');
  const found = readdirSync(folder).map((name) => {
    const data = join(folder, name, 'environment/data');
    const firedMs = Date.parse(jsonOf(join(data, 'alert.json'))['fired_at'] as string);
    const service = jsonOf(join(folder, name, 'tests/ground_truth.json'))['first_failing_service'] as string;
    const paths = ['metrics.csv', 'logs.ndjson', 'traces.json'].map((file) => join(data, file));
    return { name, paths, service, startMs: firedMs - 300_000, endMs: firedMs + 600_000 };
  });
  return [{ name: 'root-cause-bench', incidents: found, goal: '', peer: '' }];
}

/** Seeds from here on were looked at while the method was shaped; those from the other on were not. */
const shopSets = [
  ['made-up shops', 0],
  ['made-up shops, held out', 10_000],
] as const;
const shopFaults = 25;

function shop(folder: string): Set[] {
  return shopSets.map(([name, firstSeed]) => {
    const found = Array.from({ length: shopFaults }, (_, i) => {
      const { service, kind, injectedMs, csv } = shopFault(firstSeed + i);
      const own = join(folder, `shop-${firstSeed + i}`);
      mkdirSync(own);
      writeFileSync(join(own, 'simple_data.csv'), csv);
      writeFileSync(join(own, 'inject_time.txt'), String(injectedMs / 1000));
      return { name: `${service} ${kind}`, paths: [own], service, startMs: injectedMs, endMs: injectedMs + 600_000 };
    });
    const peer = "BARO .98, N-sigma .15/.33 late (ASE'24, on Sock Shop itself)";
    return { name: `${name}, metrics only`, incidents: found, goal: 'Avg@5 >= .97 late', peer };
  });
}
