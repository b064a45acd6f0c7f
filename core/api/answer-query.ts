import { EngineError, type HttpAnswer } from '#core/model/index.ts';
import { failed } from './answer.ts';
import type { Params } from './params.ts';
import { instantQuery, rangeQuery, type QueryParts } from './query.ts';

const endpoints: Readonly<Record<string, typeof instantQuery>> = { '/api/v1/query': instantQuery, '/api/v1/query_range': rangeQuery };

/** What /api/v1/query and /api/v1/query_range answer, without an engine: for a store that is only read. */
export async function answerQuery(parts: QueryParts, path: string, params: Params): Promise<HttpAnswer> {
  try {
    const endpoint = endpoints[path];
    if (endpoint === undefined) throw new EngineError('not-found', `${path} is no query`);
    return await endpoint(parts, params);
  } catch (error) {
    return failed(error);
  }
}
