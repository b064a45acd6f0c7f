/**
 * A number in [0, 1) that is the same for the same trace and salt: a policy of p keeps what lies below p. FNV-1a over salt and trace id
 * as in the Collector, so that both decide alike.
 */
export function chanceOf(traceId: string, salt: string): number {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.concat([Buffer.from(salt), Buffer.from(traceId, 'hex')]))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return Number(hash) / 2 ** 64;
}
