import { useState } from 'react';

/*
 * What was typed and not sent: in memory, so that a screen that one comes back to still has it, and over a reload for an upgrade in
 * sessionStorage, from which it is removed when the page has begun. It is shown to the person who typed it and to nobody else.
 */

const key = 'signet-console-drafts';
const drafts = new Map<string, string>();
let keptFor: string | undefined;

restore();

function restore(): void {
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (kept === null) return;
  const { owner, texts } = JSON.parse(kept) as { owner: string; texts: [string, string][] };
  keptFor = owner;
  for (const [name, text] of texts) drafts.set(name, text);
}

/** As `useState` of a text, which outlives the component under this name. */
export function useDraft(name: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => drafts.get(name) ?? '');
  function change(next: string): void {
    if (next) drafts.set(name, next);
    else drafts.delete(name);
    setText(next);
  }
  return [text, change];
}

/** Call it when it is known who is signed in. */
export function keepDraftsOf(owner: string): void {
  if (keptFor !== undefined && keptFor !== owner) drafts.clear();
  keptFor = owner;
}

export function forgetDrafts(): void {
  drafts.clear();
}

/** Before the page is loaded again. */
export function carryDrafts(): void {
  if (drafts.size > 0 && keptFor !== undefined)
    sessionStorage.setItem(key, JSON.stringify({ owner: keptFor, texts: [...drafts] }));
}
