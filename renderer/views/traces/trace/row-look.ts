import { noSpan, spanFlags, type TraceTree } from '#core/model/index.ts';
import { formatCount, plural } from '../../../ui/format.ts';
import { visibleLine } from '../../../ui/visible.ts';
import { durationText, namedService, namedSpan } from '../words.ts';
import { oddities } from './faults.ts';
import { groupOfRow, isFold, spanOfRow } from './rows.ts';

/** Deeper spans stand no further to the right; a number says how deep. */
const depthMax = 18;
const indentPx = 12;

/** A row of the waterfall as texts; empty texts are not shown. Computed for every row of every frame of a scroll. */
export interface RowLook {
  readonly span: number;
  readonly group: number | undefined;
  readonly indentPx: number;
  readonly depth: string;
  /** What a click in front of the name does, as a sign. */
  readonly turn: string;
  readonly service: string;
  readonly name: string;
  readonly count: string;
  /** The sign that folds repeated spans again. */
  readonly fold: string;
  readonly errors: string;
  readonly odd: string;
  readonly oddWords: string;
  /** The whole row, spoken. */
  readonly spoken: string;
  readonly level: number;
  readonly expanded: boolean | undefined;
}

export interface RowState {
  readonly isOpen: (span: number) => boolean;
  readonly isUnfolded: (group: number) => boolean;
  readonly texts: RowTexts;
}

/** Services and names of a trace as they are shown, each made once. */
export class RowTexts {
  readonly #services: readonly string[];
  readonly #names: readonly string[];
  readonly #shownServices: string[] = [];
  readonly #shownNames: string[] = [];

  constructor({ services, names }: Pick<TraceTree, 'services' | 'names'>) {
    this.#services = services;
    this.#names = names;
  }

  service(code: number): string {
    return (this.#shownServices[code] ??= namedService(visibleLine(this.#services[code]!)));
  }

  name(code: number): string {
    return (this.#shownNames[code] ??= namedSpan(visibleLine(this.#names[code]!)));
  }
}

type LookTree = Pick<
  TraceTree,
  'spanCount' | 'parent' | 'depth' | 'descendants' | 'durationsNs' | 'repeats' | 'flags' | 'errors' | 'service' | 'name'
>;

export function rowLook(tree: LookTree, row: number, { isOpen, isUnfolded, texts }: RowState): RowLook {
  const span = spanOfRow(tree, row);
  const group = isFold(row) ? groupOfRow(row) : undefined;
  const below = tree.descendants[span]!;
  const open = group === undefined && isOpen(span);
  const own = (tree.flags[span]! & spanFlags.error) !== 0;
  // A collapsed parent answers for what it hides.
  const errorCount = group !== undefined ? tree.repeats.errors[group]! : open ? Number(own) : tree.errors[span]!;
  const odd = oddities(tree.flags[span]! & ~(spanFlags.early | spanFlags.late | spanFlags.shared));
  const member = tree.repeats.groupOf[span]!;
  const canFold = group === undefined && member !== noSpan && tree.repeats.first[member] === span && isUnfolded(member);
  const depth = tree.depth[span]!;
  const [service, name] = [texts.service(tree.service[span]!), texts.name(tree.name[span]!)];
  const length =
    group === undefined
      ? durationText(tree.durationsNs[span]!)
      : `${formatCount(tree.repeats.count[group]!)} times, together ${durationText(tree.repeats.totalNs[group]!)}`;
  return {
    span,
    group,
    indentPx: 8 + Math.min(depth, depthMax) * indentPx,
    depth: depth > depthMax ? String(depth) : '',
    turn: group !== undefined ? '≡' : below === 0 ? '' : open ? '▾' : '▸',
    service,
    name,
    count: group !== undefined ? `×${formatCount(tree.repeats.count[group]!)}` : below > 0 && !open ? `+${formatCount(below)}` : '',
    fold: canFold ? 'fold' : '',
    errors: errorCount === 0 ? '' : errorCount === 1 && own ? '▲' : `▲ ${formatCount(errorCount)}`,
    odd: odd.length === 0 ? '' : '⚠',
    oddWords: odd.join(' '),
    spoken: `${service} ${name}, ${length}${errorCount > 0 ? `, ${plural(errorCount, 'error')}` : ''}${odd.length > 0 ? `. ${odd.join(' ')}` : ''}`,
    level: depth + 1,
    expanded: group !== undefined ? false : below > 0 ? open : undefined,
  };
}
