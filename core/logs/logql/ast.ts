import type { Matcher } from '#core/model/index.ts';

/** LogQL as a tree. Source: Loki's documentation, "LogQL". */
export interface LogExpr {
  readonly kind: 'log';
  readonly matchers: readonly Matcher[];
  readonly stages: readonly Stage[];
}

export type LineOp = '|=' | '!=' | '|~' | '!~' | '|>' | '!>';
export type CompareOp = '=' | '!=' | '=~' | '!~' | '>' | '>=' | '<' | '<=';

export type LabelFilter =
  | { readonly kind: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter }
  | { readonly kind: 'text'; readonly matcher: Matcher }
  /** `addr = ip("10.0.0.0/8")`. */
  | { readonly kind: 'address'; readonly name: string; readonly op: '=' | '!='; readonly text: string }
  | NumberFilter;

/** Numbers as they are, durations in seconds, sizes in bytes. */
export interface NumberFilter {
  readonly kind: 'number' | 'duration' | 'bytes';
  readonly name: string;
  readonly op: CompareOp;
  readonly value: number;
}

export type Stage =
  /** A line filter; several texts are alternatives. */
  | { readonly kind: 'line'; readonly op: LineOp; readonly texts: readonly string[]; readonly caseless?: boolean }
  /** `|= ip("10.0.0.0/8")`, or `!=`: an address in the line; several are alternatives. */
  | { readonly kind: 'address'; readonly isWanted: boolean; readonly texts: readonly string[] }
  /** Members taken out of JSON or logfmt; all when none are named. `path` is of the member, `name` of the label. */
  | { readonly kind: 'json' | 'logfmt'; readonly taken: readonly { readonly name: string; readonly path: string }[]; readonly isStrict?: boolean }
  | { readonly kind: 'regexp' | 'pattern' | 'lineFormat'; readonly text: string }
  | { readonly kind: 'unpack' | 'decolorize' }
  | { readonly kind: 'filter'; readonly filter: LabelFilter }
  /** Either a template or the label whose value moves. */
  | { readonly kind: 'labelFormat'; readonly name: string; readonly template?: string; readonly source?: string }
  | { readonly kind: 'drop' | 'keep'; readonly names: readonly Matcher[] };

export type RangeOp =
  | 'rate'
  | 'count_over_time'
  | 'bytes_rate'
  | 'bytes_over_time'
  | 'absent_over_time'
  | 'rate_counter'
  | 'sum_over_time'
  | 'avg_over_time'
  | 'min_over_time'
  | 'max_over_time'
  | 'first_over_time'
  | 'last_over_time'
  | 'stddev_over_time'
  | 'stdvar_over_time'
  | 'quantile_over_time';

export type VectorOp = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'topk' | 'bottomk' | 'stddev' | 'stdvar' | 'sort' | 'sort_desc';

export interface Grouping {
  readonly isWithout: boolean;
  readonly names: readonly string[];
}

export type BinaryOp = '+' | '-' | '*' | '/' | '%' | '^' | '==' | '!=' | '>' | '>=' | '<' | '<=' | 'and' | 'or' | 'unless';

/** `group_left(names)`: several series of one side meet one of the other, whose named labels they take over. */
export interface ManySide {
  readonly side: 'left' | 'right';
  readonly names: readonly string[];
}

/** `label_replace(of, "target", "$1", "source", "(.*)")`, as in PromQL. */
export interface LabelReplace {
  readonly kind: 'labelReplace';
  readonly of: MetricExpr;
  readonly target: string;
  readonly source: string;
  /** The new value of a source's value; undefined where the pattern does not match. */
  readonly replaced: (value: string) => string | undefined;
}

export interface RangeExpr {
  readonly kind: 'range';
  readonly op: RangeOp;
  readonly log: LogExpr;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly unwrap: { readonly name: string; readonly as: 'number' | 'duration' | 'bytes' } | undefined;
  /** Of quantile_over_time. */
  readonly param: number | undefined;
  readonly grouping: Grouping | undefined;
}

export type MetricExpr =
  | RangeExpr
  | {
      readonly kind: 'vector';
      readonly op: VectorOp;
      readonly of: MetricExpr;
      readonly grouping: Grouping | undefined;
      readonly param: number | undefined;
    }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOp;
      readonly left: MetricExpr;
      readonly right: MetricExpr;
      readonly isBool: boolean;
      readonly on: Grouping | undefined;
      readonly many: ManySide | undefined;
    }
  | LabelReplace
  | { readonly kind: 'number'; readonly value: number }
  /** `vector(1)`: one series without labels. */
  | { readonly kind: 'constant'; readonly value: number };

export type LogqlExpr = LogExpr | MetricExpr;
