/**
 * Who the person is: whoever can read the address that Signalbox printed, or its session file. One bearer per run; the
 * address carries a code that can be changed for it once, within a minute. No cookies: browsers send them to every port
 * of 127.0.0.1 (reliability, L4).
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#core/model/index.ts';

const codeMsMax = 60_000;
/** Codes waiting to be used; more than a person opens within a minute. */
const codesMax = 16;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Equal in a time that does not tell how much of it is right. */
const same = (a: Buffer, b: Buffer): boolean => timingSafeEqual(a, b);

export class Session {
  readonly bearer = randomBytes(32).toString('base64url');
  readonly #bearerBytes = Buffer.from(this.bearer);
  readonly #clock: Clock;
  #codes: { readonly digest: Buffer; readonly untilMs: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A code for one exchange. */
  newCode(): string {
    const code = randomBytes(32).toString('base64url');
    this.#codes = [...this.#live().slice(1 - codesMax), { digest: digest(code), untilMs: this.#clock.monotonicMs() + codeMsMax }];
    return code;
  }

  /** The bearer for a code that is right, in time and not used before. */
  exchange(code: string): string | undefined {
    const offered = digest(code);
    const live = this.#live();
    const found = live.find((held) => same(held.digest, offered));
    this.#codes = live.filter((held) => held !== found);
    return found === undefined ? undefined : this.bearer;
  }

  admits(bearer: string): boolean {
    const offered = Buffer.from(bearer);
    return offered.length === this.#bearerBytes.length && same(offered, this.#bearerBytes); // every bearer has the same length, which is no secret
  }

  /** Reads `Authorization: Bearer ...`. */
  admitsHeader(authorization: string | undefined): boolean {
    const found = /^Bearer ([\w-]+)$/i.exec(authorization ?? '');
    return found !== null && this.admits(found[1]!);
  }

  #live(): { readonly digest: Buffer; readonly untilMs: number }[] {
    const nowMs = this.#clock.monotonicMs();
    return this.#codes.filter((held) => held.untilMs > nowMs);
  }
}
