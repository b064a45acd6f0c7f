import { connect } from 'node:net';

/** Whether something listens at a loopback `host:port`. A loopback port answers or refuses at once, so there is no time limit. */
export function listens(address: string): Promise<boolean> {
  const at = address.lastIndexOf(':');
  return new Promise((done) => {
    const socket = connect(Number(address.slice(at + 1)), address.slice(0, at));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
