import { connect } from 'node:net';

/** Whether somebody accepts connections at `host:port` of this machine, where the answer comes at once either way. */
export function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((answer) => {
    const socket = connect(Number(port), hostname);
    const end = (open: boolean): void => {
      socket.destroy();
      answer(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
