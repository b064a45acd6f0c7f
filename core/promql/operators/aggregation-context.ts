import type { Place } from '#core/model/index.ts';
import type { Budget } from '../budget.ts';
import type { Notebook } from '../notes.ts';
import type { Aggregation } from '../syntax/index.ts';

/** What all aggregations need besides their vector. */
export interface AggregationContext {
  readonly expr: Aggregation;
  readonly steps: number;
  readonly budget: Budget;
  readonly notes: Notebook;
  /** Of the vector and of the parameter, without parentheses around. */
  readonly place: Place;
  readonly paramPlace: Place;
}
