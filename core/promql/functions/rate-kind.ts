/** Which of the three: rate and increase are of counters, rate is per second. */
export interface RateKind {
  readonly counter: boolean;
  readonly perSecond: boolean;
}
