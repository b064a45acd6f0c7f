/** What a template's text means. Offsets as in the source. */
export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with'; readonly pipe: Pipe; readonly body: Body; readonly otherwise: Body }
  | { readonly kind: 'range'; readonly pipe: Pipe; readonly body: Body; readonly otherwise: Body }
  | { readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined; readonly from: number }
  | { readonly kind: 'break' | 'continue' };

export type Body = readonly Statement[];

export interface Pipe {
  /** `$x :=` declares, `$x =` assigns; `range $i, $x :=` declares two. */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Command[];
  readonly from: number;
}

/** An operand and its arguments; more than one element makes it a call. */
export interface Command {
  readonly operands: readonly Operand[];
  readonly from: number;
  readonly to: number;
}

export type Operand =
  | { readonly kind: 'dot' | 'nil' }
  | { readonly kind: 'constant'; readonly value: boolean | number | bigint | string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  /** `.a.b`, `$x.a`, `(pipe).a`: names looked up one after another; `of` is undefined for the dot. */
  | { readonly kind: 'chain'; readonly of: Operand | undefined; readonly names: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe };

export interface Template {
  readonly name: string;
  readonly body: Body;
  /** What `define` and `block` named, together with the definitions that it was parsed among. */
  readonly definitions: ReadonlyMap<string, Body>;
}
