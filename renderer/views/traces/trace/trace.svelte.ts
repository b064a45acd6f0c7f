import type { TraceAnswer } from '#core/contract/index.ts';
import type { Answer } from '../../../client/engine.svelte.ts';
import { LiveQuery } from '../../../client/live.svelte.ts';
import type { Session } from '../../../shell/session.svelte.ts';
import { readTraceView, writeTraceView, type TraceView } from '../trace-link.ts';
import { alignedStarts } from './align.ts';
import { indexEvents } from './event-index.ts';
import { faultsOf } from './faults.ts';
import { findQuery } from './find.ts';
import { indexPath } from './paint.ts';
import { bothKept, collapsedFrom, longSpans, membersOf, placeOf, reveal, shapeOf, spanOfRow, visibleRows, withAncestors } from './rows.ts';
import { SpanIndex } from './span-index.ts';
import { logMarginMs } from './ways.ts';
import { msOfNs } from '../words.ts';

interface TraceKey {
  readonly dataset: string;
  readonly traceId: string;
}

/** One trace on the screen: what is shown of it stands in the address, but for what was opened and closed by hand. */
export class TraceState {
  readonly session: Session;
  readonly answer: LiveQuery<TraceKey & { readonly readCount: number }, TraceAnswer>;
  readonly found: LiveQuery<TraceKey & { readonly text: string }, Answer<'traces.find'>>;
  readonly detail: LiveQuery<TraceKey & { readonly spanId: string }, Answer<'traces.spans'>>;
  readonly eventTimes: LiveQuery<TraceKey & { readonly readCount: number }, Answer<'traces.events'>>;
  /** How the trace's log lines are found. */
  readonly logs: LiveQuery<TraceKey & { readonly startMs: number; readonly endMs: number }, Answer<'correlate.traceLogs'>>;
  /** Repeated siblings that were unfolded. */
  #unfolded = $state.raw<ReadonlySet<number>>(new Set());
  /** Opened and closed by hand since the level was chosen. */
  #collapsed = $state.raw<Uint8Array>();
  #readCount = $state(0);

  constructor(session: Session, traceId: () => string) {
    this.session = session;
    const of = (): TraceKey => ({ dataset: session.dataset, traceId: traceId() });
    this.answer = new LiveQuery(session.engine, {
      key: () => ({ ...of(), readCount: this.#readCount }),
      ask: ({ dataset, traceId }, signal) => session.engine.call('traces.get', { dataset, traceId }, signal),
      sameMatter: (before, after) => before.traceId === after.traceId && before.dataset === after.dataset,
    });
    this.found = new LiveQuery(session.engine, {
      key: () => (this.view.find.trim() === '' ? undefined : { ...of(), text: findQuery(this.view.find) }),
      ask: (key, signal) => session.engine.call('traces.find', key, signal),
    });
    this.detail = new LiveQuery(session.engine, {
      key: () => {
        const { selected } = this;
        return selected === undefined ? undefined : { ...of(), spanId: this.index!.idOf(selected) };
      },
      ask: (key, signal) => session.engine.call('traces.spans', key, signal),
    });
    this.eventTimes = new LiveQuery(session.engine, {
      key: () => (this.tree === undefined ? undefined : { ...of(), readCount: this.#readCount }),
      ask: ({ dataset, traceId }, signal) => session.engine.call('traces.events', { dataset, traceId }, signal),
    });
    this.logs = new LiveQuery(session.engine, {
      key: () => {
        const { tree } = this;
        if (tree === undefined) return undefined;
        const startMs = msOfNs(tree.baseNs);
        return {
          ...of(),
          traceId: tree.traceId,
          startMs: Math.floor(startMs - logMarginMs),
          endMs: Math.ceil(startMs + tree.durationNs / 1e6 + logMarginMs),
        };
      },
      ask: (key, signal) => session.engine.call('correlate.traceLogs', key, signal),
    });
    $effect.pre(() => {
      if (this.tree === undefined) return;
      void this.view.level;
      this.#collapsed = undefined;
      this.#unfolded = new Set();
    });
  }

  readonly view = $derived.by(() => readTraceView(this.session.router.place.params));
  readonly tree = $derived.by(() => this.answer.value);
  readonly shape = $derived.by(() => (this.tree === undefined ? { levels: 0, services: 0 } : shapeOf(this.tree)));
  readonly index = $derived.by(() => this.tree && new SpanIndex(this.tree.spanIds));
  readonly events = $derived.by(() => {
    const { tree } = this;
    const told = this.eventTimes.value;
    // The index of all spans is made only for events that are there.
    return tree === undefined || told === undefined ? undefined : indexEvents(told, this.index!, tree.spanCount, tree.baseNs);
  });
  readonly members = $derived.by(() => this.tree && membersOf(this.tree));
  readonly path = $derived.by(() => this.tree && indexPath(this.tree.criticalPath, this.tree.spanCount));
  readonly faults = $derived.by(() => (this.tree === undefined ? [] : faultsOf(this.tree)));
  readonly startNs = $derived.by(() => this.tree && (this.view.aligned ? alignedStarts(this.tree) : this.tree.startNs));
  /** What of the trace is shown, in ns from its start. */
  readonly shownNs = $derived.by((): readonly [number, number] => this.view.zoom ?? [0, Math.max(1, this.tree?.durationNs ?? 1)]);
  readonly hits = $derived.by(() => {
    const { value } = this.found;
    return value === undefined || this.view.find.trim() === '' ? undefined : this.index?.mark(value);
  });
  readonly hitSpans = $derived.by(() => {
    const { hits } = this;
    return hits === undefined ? new Uint32Array() : Uint32Array.from(hits.keys()).filter((span) => hits[span] === 1);
  });
  readonly selected = $derived.by(() => (this.view.span === undefined ? undefined : this.index?.find(this.view.span)));
  /** The chosen span, whole. Of several with its id the one that starts when it does. */
  readonly chosen = $derived.by(() => {
    const { tree, selected } = this;
    const spans = this.detail.value;
    if (tree === undefined || selected === undefined || spans === undefined) return undefined;
    const startNs = String(BigInt(tree.baseNs) + BigInt(tree.startNs[selected]!));
    const kind = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'][tree.kind[selected]!];
    return spans.find((span) => span.startNs === startNs && span.kind === kind) ?? spans.find((span) => span.startNs === startNs) ?? spans[0];
  });

  readonly collapsed = $derived.by(() => this.#collapsed ?? (this.tree === undefined ? new Uint8Array() : collapsedFrom(this.tree, this.view.level)));
  readonly keep = $derived.by(() => {
    const { tree, view, hits } = this;
    if (tree === undefined) return undefined;
    const long = view.hideBelow === 0 ? undefined : longSpans(tree, view.hideBelow * tree.durationNs);
    return bothKept(long, view.matchesOnly && hits !== undefined ? withAncestors(tree, hits) : undefined);
  });
  readonly rows = $derived.by(() => {
    const { tree, view, keep, collapsed } = this;
    if (tree === undefined) return new Uint32Array();
    const folded = view.folded && !(view.matchesOnly && this.hits !== undefined);
    return visibleRows(tree, { collapsed, folded, unfolded: this.#unfolded, keep });
  });
  readonly keptCount = $derived.by(() => this.keep?.reduce((sum, kept) => sum + kept, 0) ?? this.tree?.spanCount ?? 0);
  readonly selectedAt = $derived.by(() => {
    const { tree, selected, rows } = this;
    return tree === undefined || selected === undefined ? -1 : placeOf(rows, tree, selected);
  });
  /** Which hit the chosen span is, from 1; 0 when it is none. */
  readonly hitNumber = $derived.by(() => (this.selected === undefined ? 0 : this.hitSpans.indexOf(this.selected) + 1));

  /** Asks for the trace again: spans may have come since. */
  readAgain(): void {
    this.#readCount++;
  }

  change(part: Partial<TraceView>): void {
    this.session.router.note(writeTraceView(part));
  }

  select(span: number | undefined): void {
    this.change({ span: span === undefined ? undefined : this.index?.nameOf(span) });
  }

  /** Chooses a span and opens all that hides it. */
  goTo(span: number): void {
    const { tree } = this;
    if (tree === undefined) return;
    const collapsed = this.collapsed.slice();
    const unfolded = new Set(this.#unfolded);
    if (reveal(tree, span, collapsed, unfolded)) {
      this.#collapsed = collapsed;
      this.#unfolded = unfolded;
    }
    if (this.keep?.[span] === 0) this.change({ hideBelow: 0, matchesOnly: false });
    this.select(span);
  }

  /** The next hit after the chosen span, or the one before it, round and round. */
  goToHit(by: 1 | -1): void {
    const { hitSpans, selected } = this;
    if (hitSpans.length === 0) return;
    const after = hitSpans.findIndex((span) => span > (selected ?? -1));
    const before = hitSpans.findLastIndex((span) => span < (selected ?? Infinity));
    const at = by === 1 ? (after === -1 ? 0 : after) : before === -1 ? hitSpans.length - 1 : before;
    this.goTo(hitSpans[at]!);
  }

  /** Chooses the row `by` rows further down. */
  step(by: number): void {
    const { rows, tree } = this;
    if (tree === undefined || rows.length === 0) return;
    const from = this.selectedAt === -1 ? (by > 0 ? -1 : rows.length) : this.selectedAt;
    this.select(spanOfRow(tree, rows[Math.max(0, Math.min(rows.length - 1, from + by))]!));
  }

  /** Opens or closes one level of the tree. */
  level(by: 1 | -1): void {
    if (this.tree === undefined) return;
    const { levels } = this.shape;
    const level = Math.max(1, Math.min(levels, this.view.level ?? levels) + by);
    this.change({ level: level >= levels ? undefined : level });
  }

  /** Shows the time of the chosen span, with a little around it. */
  zoomToSpan(): void {
    const { selected, startNs, tree } = this;
    if (selected === undefined || startNs === undefined || tree === undefined) return;
    const sizeNs = Math.max(tree.durationsNs[selected]!, tree.durationNs / 1e5, 1);
    this.change({ zoom: [startNs[selected]! - sizeNs * 0.05, startNs[selected]! + sizeNs * 1.05] });
  }

  isOpen(span: number): boolean {
    return this.collapsed[span] === 0;
  }

  setOpen(span: number, open: boolean): void {
    const collapsed = this.collapsed.slice();
    collapsed[span] = open ? 0 : 1;
    this.#collapsed = collapsed;
  }

  setFolded(group: number, folded: boolean): void {
    const unfolded = new Set(this.#unfolded);
    if (folded) unfolded.delete(group);
    else unfolded.add(group);
    this.#unfolded = unfolded;
  }

  isUnfolded(group: number): boolean {
    return this.#unfolded.has(group);
  }
}
