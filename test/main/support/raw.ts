/** Bytes to a listener and what came back, without a client in between that would be too polite to send them. */
import { connect as connectSocket, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Opens a connection and writes `text`; the socket goes with the test. */
export function sendRaw(port: number, text: string): Socket {
  const socket = connectSocket(port, '127.0.0.1');
  socket.on('error', () => socket.destroy()); // a reset is one of the answers
  onTestFinished(() => void socket.destroy());
  socket.write(text);
  return socket;
}

/** The status that answers `text`; 0 when the connection was ended without one. */
export function statusOf(port: number, text: string): Promise<number> {
  return new Promise((done) => {
    let got = '';
    const socket = sendRaw(port, text);
    const end = (): void => {
      done(Number(/^HTTP\/1\.1 (\d{3})/.exec(got)?.[1] ?? 0));
      socket.destroy();
    };
    socket.on('data', (part) => {
      got += part.toString('latin1');
      if (got.includes('\r\n')) end();
    });
    socket.on('close', end);
  });
}

/** A request's text. Header lines are given whole; `PORT` stands for the listener's. */
export function requestText(port: number, line: string, headers: readonly string[], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${line} HTTP/1.1`, ...headers, ...length, '', body].join('\r\n').replaceAll('PORT', String(port));
}
