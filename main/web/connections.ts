/**
 * A bound on the connections of a listener that locks nobody out: when it is reached, the one that waited longest without
 * a whole request gives way. Node's own bound would refuse newcomers instead, and a page that opens sockets and says
 * nothing would shut out the person (reliability, finding 10).
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

const connectionsMax = 256;

/** Puts the bound on `server`. */
export function boundConnections(server: Server): void {
  /** Oldest first. What each is busy with: the request under way, or nothing. */
  const open = new Map<Socket, IncomingMessage | undefined>();
  const mark = (socket: Socket, request: IncomingMessage | undefined): void => {
    if (open.delete(socket)) open.set(socket, request);
  };
  server.on('connection', (socket) => {
    if (open.size >= connectionsMax) {
      const giving = [...open].find(([, request]) => request?.complete !== true)?.[0] ?? socket;
      open.delete(giving);
      giving.destroy();
    }
    if (socket.destroyed) return;
    open.set(socket, undefined);
    socket.once('close', () => open.delete(socket));
  });
  server.on('upgrade', (request) => mark(request.socket, request));
  server.on('request', (request, response) => {
    mark(request.socket, request);
    response.once('close', () => mark(request.socket, undefined));
  });
}
