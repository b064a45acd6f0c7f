import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, Prec, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder, type Command } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import type { Place } from '#core/model/index.ts';
import type { Engine } from '../../client/engine.svelte.ts';
import { promqlSource } from '../../client/promql-source.ts';

export interface EditorOptions {
  readonly parent: ShadowRoot;
  readonly text: string;
  readonly engine: Engine;
  readonly dataset: () => string;
  readonly onchange: (text: string) => void;
  readonly onrun: () => void;
  /** Gives the text before (-1) or after (1) in the history; undefined at its ends. */
  readonly onhistory: (by: -1 | 1) => string | undefined;
}

export interface Editor {
  setText(text: string): void;
  /** Marks what the engine refused; nothing takes the mark away. */
  setError(error: { readonly place: Place | undefined; readonly message: string } | undefined): void;
  focus(): void;
  destroy(): void;
}

/** Lives in a shadow root: there CodeMirror's style sheets are adopted ones, which the page's CSP allows. */
export function openEditor(options: EditorOptions): Editor {
  const promql = new PromQLExtension().setComplete({ remote: promqlSource(options.engine, options.dataset) });
  const view = new EditorView({
    parent: options.parent,
    root: options.parent,
    state: EditorState.create({ doc: options.text, extensions: extensions(options, promql) }),
  });
  return {
    setText(text) {
      if (view.state.doc.toString() === text) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: text.length } });
    },
    setError(error) {
      const end = view.state.doc.length;
      const from = Math.min(error?.place?.from ?? 0, end);
      const to = Math.min(Math.max(error?.place?.to ?? end, from), end);
      const found = error?.place === undefined ? [] : [{ from, to, severity: 'error' as const, message: error.message }];
      view.dispatch(setDiagnostics(view.state, found));
    },
    focus: () => view.focus(),
    destroy() {
      promql.destroy();
      view.destroy();
    },
  };
}

function extensions(options: EditorOptions, promql: PromQLExtension): Extension {
  const run: Command = (view) => {
    closeCompletion(view);
    options.onrun();
    return true;
  };
  const past =
    (by: -1 | 1): Command =>
    (view) => {
      const text = options.onhistory(by);
      if (text !== undefined) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: text.length } });
      return true;
    };
  return [
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ activateOnTyping: true, icons: false }),
    syntaxHighlighting(colors),
    lintGutter({ hoverTime: 200 }),
    EditorView.lineWrapping,
    promql.asExtension(),
    placeholder('A PromQL expression, for example  rate(node_network_receive_bytes_total[5m])'),
    EditorView.contentAttributes.of({ 'aria-label': 'PromQL expression' }),
    Prec.highest(
      keymap.of([
        { key: 'Enter', run: (view) => (completionStatus(view.state) === 'active' && acceptCompletion(view)) || run(view) },
        { key: 'Mod-Enter', run },
        { key: 'Shift-Enter', run: insertNewlineAndIndent },
        { key: 'Tab', run: acceptCompletion },
        { key: 'Ctrl-ArrowUp', run: past(-1) },
        { key: 'Ctrl-ArrowDown', run: past(1) },
      ]),
    ),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.onchange(update.state.doc.toString());
    }),
    look,
  ];
}

const colors = HighlightStyle.define([
  { tag: [tags.function(tags.variableName), tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--code-function)' },
  { tag: [tags.number], color: 'var(--code-number)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.labelName, color: 'var(--code-label)' },
  { tag: [tags.operator, tags.paren, tags.squareBracket, tags.brace, tags.punctuation], color: 'var(--muted)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const look = EditorView.theme({
  '&': { color: 'var(--text)', fontSize: '13.5px', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', maxHeight: '220px' },
  '.cm-content': { padding: '6px 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 8px 0 4px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '1.5px' },
  '.cm-gutters': { backgroundColor: 'transparent', border: '0' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { background: 'var(--selected)' },
  '.cm-matchingBracket': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--info-soft)', outline: '1px solid var(--info-line)' },
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: '6px',
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12.5px', maxHeight: '18em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', lineHeight: '1.4' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--selected)', color: 'var(--text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700', color: 'var(--accent)' },
  '.cm-completionDetail': { float: 'right', marginLeft: '2em', color: 'var(--muted)', fontStyle: 'normal' },
  '.cm-tooltip.cm-completionInfo': { padding: '6px 10px', fontFamily: 'var(--font)', maxWidth: '420px' },
  '.cm-diagnostic': { padding: '4px 10px', fontFamily: 'var(--font)' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--bad)' },
  '.cm-diagnostic-warning': { borderLeft: '3px solid var(--warn)' },
});
