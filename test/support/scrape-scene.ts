import { parseSignalboxConfig } from '#core/formats/index.ts';
import { createScraper, type Scraper } from '#core/intake/index.ts';
import { formatLabels, isStale, matcher, type Clock, type Target } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { onTestFinished } from 'vitest';
import { ManualClock } from './clock.ts';
import { tempFolder } from './folder.ts';

/** A scraper on a real store, under a clock that the test moves. */
export class ScrapeScene {
  readonly clock = new ManualClock();
  readonly folder = tempFolder();
  readonly store: Tsdb;
  readonly scraper: Scraper;
  #sleptMs = 0;

  constructor() {
    const clock: Clock = {
      now: () => this.clock.now() + this.#sleptMs,
      monotonicMs: () => this.clock.monotonicMs() + this.#sleptMs,
      after: (delayMs, act) => this.clock.after(delayMs, act),
    };
    this.store = openTsdb({ folder: this.folder, clock });
    this.scraper = createScraper({ store: this.store, clock });
    onTestFinished(async () => {
      await this.scraper.stop();
      await this.store.close();
    });
  }

  /** The process stands still, as under SIGSTOP: time goes by, timers are late. */
  sleep(forMs: number): void {
    this.#sleptMs += forMs;
  }

  /** Puts a configuration in force. */
  async configure(text: string): Promise<void> {
    const { scrapeConfigs, limits } = parseSignalboxConfig(text, 'signalbox.yml');
    await this.scraper.apply(scrapeConfigs, limits, this.folder);
  }

  /** The only target, scraped now. The clock stands still meanwhile, with what is due by it, and is then moved on by a second. */
  async scrape(): Promise<Target> {
    const urls = new Set(this.scraper.targets().map(({ url }) => url));
    for (const url of urls) await this.scraper.scrapeNow(url);
    await new Promise(setImmediate);
    this.clock.jump(1000);
    return this.scraper.targets()[0]!;
  }

  /** Every sample of the metrics that match: `series: value value stale`, sorted. */
  samples(metric: string): string[] {
    const lines = this.store.select([matcher('__name__', '=~', metric)], 0, Number.MAX_SAFE_INTEGER).map(({ labels, values }) => {
      const texts = Array.from(values, (value, i) => (isStale(values, i) ? 'stale' : String(value)));
      return `${formatLabels(labels)}: ${texts.join(' ')}`;
    });
    return lines.sort();
  }

  /** The ledger's source rows, checked: received = stored + rejected + shed. */
  account(source: string): Record<string, number> {
    const row = this.scraper.ledger.rows().find((one) => one.source === source);
    if (row === undefined) return {};
    const { received, stored, rejected, shed } = row;
    const sum = [...rejected.values(), ...shed.values()].reduce((a, b) => a + b, stored);
    if (sum !== received) throw new Error(`the ledger of ${source} does not add up: ${received} received, ${sum} accounted for`);
    return { received, stored, ...Object.fromEntries(rejected), ...Object.fromEntries(shed) };
  }
}

/** A configuration with one job called `j` over these targets. */
export function jobOf(addresses: readonly string[], fields = ''): string {
  return `scrape_configs:\n- job_name: j\n  scrape_interval: 15s\n  static_configs:\n  - targets: [${addresses.join(', ')}]\n${fields}\n`;
}
