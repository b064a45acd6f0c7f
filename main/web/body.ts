/** Bodies of requests, read whole with a cap on the wire and a cap on what all of them together may hold in memory. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Refusal } from './gates.ts';

/** Eight writes of the largest size at once; the ninth sender is asked to come again. */
const heldBytesMax = 64 << 20;

export class BodyReader {
  #heldBytes = 0;

  /**
   * The body, or why it is refused. Its bytes count as held until `release` is called, which must happen once for every
   * body that was given out.
   */
  async read(
    request: Readable & { readonly headers: IncomingHttpHeaders },
    bytesMax: number,
  ): Promise<{ readonly body: Uint8Array; release(): void } | Refusal> {
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) return tooLarge(bytesMax);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const release = (): void => {
      this.#heldBytes -= bytes;
      bytes = 0;
    };
    try {
      // A refused body is left unread, so that the answer still finds its way.
      for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        bytes += part.length;
        this.#heldBytes += part.length;
        if (bytes > bytesMax) return refuse(tooLarge(bytesMax), release);
        if (this.#heldBytes > heldBytesMax) return refuse({ status: 503, why: 'too much is being received at once; send it again' }, release);
        parts.push(part);
      }
    } catch {
      return refuse({ status: 400, why: 'the body ended early' }, release); // the sender is gone; nobody reads this
    }
    return { body: Buffer.concat(parts), release };
  }
}

const tooLarge = (bytesMax: number): Refusal => ({ status: 413, why: `the body is larger than ${bytesMax >> 20} MiB` });

function refuse(refusal: Refusal, release: () => void): Refusal {
  release();
  return refusal;
}
