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

/** An editor of YAML in a shadow root, where its style sheets are allowed by the page's policy. */
export function openTextEditor(parent: ShadowRoot, label: string, onchange: (text: string) => void): TextEditor {
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
        keymap.of([...historyKeymap, ...defaultKeymap, indentWithTab]),
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
      const found = marks.map(({ line, severity, message }) => ({ from: lineAt(line).from, to: lineAt(line).to, severity, message }));
      view.dispatch(setDiagnostics(view.state, found));
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
  '.cm-tooltip': { border: '1px solid var(--line)', backgroundColor: 'var(--raised)', color: 'var(--text)' },
  '.cm-diagnostic': { padding: '4px 10px', fontFamily: 'var(--font)' },
});
