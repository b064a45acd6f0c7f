/** What brings data in: scrapes (pull), receivers (push), and the account of where every sample went. */
export { createScraper } from './scrape/scraper.ts';
export type { Scraper, ScraperOptions } from './scrape/scraper.ts';
export { createReceiver } from './receive/receiver.ts';
export type { Receiver, ReceiverOptions } from './receive/receiver.ts';
export type { SamplingStatus } from './spans/span-intake.ts';
export type { SamplingDecision } from './sampling/waiting-spans.ts';
export type { PushedGroup } from './receive/pushgateway.ts';
export { relabel, relabelSteps } from './scrape/relabel.ts';
export type { RelabelStep } from './scrape/relabel.ts';
export { Outgoing } from './outgoing.ts';
export { listens } from './listens.ts';
export { Ledger } from './ledger.ts';
export type { LedgerRow } from './ledger.ts';
export type { SampleSink } from './sink.ts';
export { Overload, type OverloadStatus } from './overload/overload.ts';
export { levelNames, type OverloadLevel } from './overload/levels.ts';
export { guardedSink } from './overload/guarded-sink.ts';
