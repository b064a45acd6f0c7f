import { acceptCompletion, autocompletion, completionKeymap, type CompletionSource } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { HighlightStyle, indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** Something to say about a line; lines count from 1. */
export interface Mark {
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface TextEditor {
  setText(text: string): void;
  setMarks(marks: readonly Mark[]): void;
  /** Puts the caret there and into sight. */
  goTo(line: number): void;
  destroy(): void;
}

export interface TextEditorOptions {
  readonly parent: ShadowRoot;
  readonly label: string;
  readonly onchange: (text: string) => void;
  readonly complete?: CompletionSource;
  /** Finds the very places that are to blame; a mark of the same line gives way to them. */
  readonly places?: (text: string) => readonly { readonly from: number; readonly to: number; readonly message: string }[];
}

/** An editor of YAML in a shadow root, where its style sheets are allowed by the page's policy. */
export function openTextEditor({ parent, label, onchange, complete, places = () => [] }: TextEditorOptions): TextEditor {
  const view = new EditorView({
    parent,
    root: parent,
    state: EditorState.create({
      doc: '',
      extensions: [
        lineNumbers(),
        history(),
        indentUnit.of('  '),
        yaml,
        syntaxHighlighting(colors),
        lintGutter({ hoverTime: 200 }),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        complete === undefined ? [] : autocompletion({ override: [complete], icons: false }),
        keymap.of([{ key: 'Tab', run: acceptCompletion }, ...completionKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onchange(update.state.doc.toString());
        }),
        look,
      ],
    }),
  });
  const lineAt = (line: number): ReturnType<typeof view.state.doc.line> => view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
  return {
    setText(text) {
      if (view.state.doc.toString() !== text) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    setMarks(marks) {
      const exact = places(view.state.doc.toString()).map((place) => ({ ...place, severity: 'error' as const }));
      const taken = new Set(exact.map(({ from }) => view.state.doc.lineAt(from).number));
      const whole = marks
        .filter(({ line, severity }) => severity !== 'error' || !taken.has(line))
        .map(({ line, severity, message }) => ({ from: lineAt(line).from, to: lineAt(line).to, severity, message }));
      view.dispatch(
        setDiagnostics(
          view.state,
          [...exact, ...whole].toSorted((a, b) => a.from - b.from),
        ),
      );
    },
    goTo(line) {
      view.dispatch({ selection: { anchor: lineAt(line).from }, effects: EditorView.scrollIntoView(lineAt(line).from, { y: 'center' }) });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

/** Keys, strings, numbers and comments: what helps the eye; the engine knows the rest. */
const yaml = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^(?:- )?[\w./-]+(?=:(?:\s|$))/)) return 'labelName';
    if (stream.match(/^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'/)) return 'string';
    if (stream.match(/^\d[\d.]*[a-z]*(?=[\s,)\]}]|$)/)) return 'number';
    stream.next();
    return null;
  },
});

const colors = HighlightStyle.define([
  { tag: tags.labelName, color: 'var(--code-label)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
]);

const look = EditorView.theme({
  '&': { color: 'var(--text)', fontSize: '13px', height: '100%', backgroundColor: 'var(--panel)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--muted)', border: '0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { background: 'var(--selected)' },
  '.cm-tooltip': { border: '1px solid var(--line)', borderRadius: '6px', backgroundColor: 'var(--raised)', color: 'var(--text)', overflow: 'hidden' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12.5px', maxHeight: '18em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', lineHeight: '1.4' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--selected)', color: 'var(--text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700', color: 'var(--accent)' },
  '.cm-completionDetail': { float: 'right', marginLeft: '2em', color: 'var(--muted)', fontStyle: 'normal' },
  '.cm-diagnostic': { padding: '4px 10px', fontFamily: 'var(--font)' },
});
