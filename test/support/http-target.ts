import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on 127.0.0.1 that goes when the running test ends. */
export interface HttpTarget {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly url: string;
  answer: Answer;
  requestCount: number;
}

export const page =
  (text: string | Uint8Array, contentType = 'text/plain; version=0.0.4'): Answer =>
  (_, response) =>
    void response.writeHead(200, { 'content-type': contentType }).end(text);

export async function httpTarget(answer: Answer): Promise<HttpTarget> {
  const server = createServer((request, response) => {
    target.requestCount++;
    target.answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const target: HttpTarget = { address, url: `http://${address}/metrics`, answer, requestCount: 0 };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return target;
}
