import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import {
  bracketMatching,
  foldGutter,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { Annotation, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { graphql, updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { useEffect, useRef } from 'react';

/** A change that came as `text`, and is not typed. */
const fromOutside = Annotation.define<boolean>();

type EditorProps = {
  label: string;
  text: string;
  language: 'graphql' | 'json';
  onChange?: (text: string) => void;
  /** Ctrl or Cmd with Enter. */
  onRun?: () => void;
  schema?: GraphQLSchema | undefined;
  /** Ctrl or Cmd with a click on a name. */
  onShowInDocs?: (field?: string, type?: string, parentType?: string) => void;
};

/**
 * A CodeMirror editor; without `onChange`, one that only shows. It lives in a shadow root: only there does CodeMirror take its styles
 * as style sheets of script, which the page's policy allows, and not as style elements, which it forbids.
 */
export function Editor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;
  /** What was typed and has not come back as `text`: on a busy machine it comes late, when more has been typed. */
  const typed = useRef(new Set<string>());

  useEffect(() => {
    if (!host.current) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const made = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: extensionsOf(latest, typed.current),
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const state = view.current?.state;
    if (!state) return;
    if (state.doc.toString() === props.text) return typed.current.clear();
    if (typed.current.has(props.text)) return;
    view.current?.dispatch({
      changes: { from: 0, to: state.doc.length, insert: props.text },
      annotations: fromOutside.of(true),
    });
  }, [props.text]);

  useEffect(() => {
    if (view.current && props.language === 'graphql') updateSchema(view.current, props.schema);
  }, [props.schema, props.language]);

  return <div className="editor" data-editor={props.label} ref={host} />;
}

function extensionsOf(latest: { current: EditorProps }, typed: Set<string>): Extension[] {
  const { label, language, onChange } = latest.current;
  const shown: Extension[] = [
    drawSelection(),
    bracketMatching(),
    foldGutter(),
    syntaxHighlighting(highlightStyle),
    theme,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label }),
    language === 'json'
      ? json()
      : graphql(latest.current.schema, {
          onShowInDocs: (field, type, parentType) => latest.current.onShowInDocs?.(field, type, parentType),
        }),
  ];
  if (!onChange) return [...shown, EditorState.readOnly.of(true), keymap.of(defaultKeymap)];
  const run = () => {
    latest.current.onRun?.();
    return true;
  };
  return [
    // First, or Enter would be a new line.
    keymap.of([{ key: 'Mod-Enter', run }]),
    ...shown,
    lineNumbers(),
    history(),
    indentOnInput(),
    closeBrackets(),
    autocompletion(),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.updateListener.of(({ docChanged, state, transactions }) => {
      if (!docChanged || transactions.some((one) => one.annotation(fromOutside))) return;
      const text = state.doc.toString();
      typed.add(text);
      latest.current.onChange?.(text);
    }),
  ];
}

/** By the page's custom properties, which reach into shadow roots. */
const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--code)', fontSize: '13px', lineHeight: '1.5' },
  '.cm-gutters': { color: 'var(--soft)', backgroundColor: 'transparent', border: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-wash)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-wash)' },
  '.cm-tooltip': { color: 'var(--ink)', backgroundColor: 'var(--sheet)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    color: 'var(--accent-ink)',
    backgroundColor: 'var(--accent)',
  },
  '.cm-diagnostic': { fontFamily: 'var(--text)' },
});

const highlightStyle = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword], color: 'var(--accent)' },
  { tag: [tags.propertyName, tags.attributeName, tags.atom], color: 'var(--customer)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--staff)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--accent)' },
  { tag: [tags.typeName, tags.className], color: 'var(--staff)' },
  { tag: tags.comment, color: 'var(--soft)' },
]);
