import { messageOf, type Clock } from '#core/model/index.ts';
import { samplesOf, type Queries } from '#core/promql/index.ts';

export interface UsersAffected {
  readonly share: number | undefined;
  readonly why: string;
}

/** Asks the configured expression for the share of users affected now. The worst of several samples counts. */
export async function usersAffected(expr: string, queries: Queries, clock: Clock): Promise<UsersAffected> {
  if (expr === '')
    return {
      share: undefined,
      why: 'set users_affected in signalbox.yml: PromQL that gives their share, 0 to 1',
    };
  try {
    const shares = samplesOf(await queries.instant(expr, clock.now()))
      .map(({ value }) => value)
      .filter((value) => !Number.isNaN(value));
    if (shares.length === 0) return { share: undefined, why: `${expr} gives no value now` };
    const share = Math.max(...shares);
    return { share, why: `${expr} gives ${Number((share * 100).toPrecision(3))} %` };
  } catch (error) {
    return { share: undefined, why: messageOf(error) };
  }
}
