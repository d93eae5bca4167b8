import { useSyncExternalStore } from 'react';
import { texts } from '../texts/index.ts';
import { Button } from './ui.tsx';

type Notice = { id: number; text: string; undo: (() => unknown) | undefined };

const shownMs = 10_000;
let notices: readonly Notice[] = [];
let lastId = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

function change(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function close(id: number): void {
  stopTimer(id);
  change(notices.filter((notice) => notice.id !== id));
}

function startTimer(id: number): void {
  stopTimer(id);
  timers.set(
    id,
    setTimeout(() => close(id), shownMs),
  );
}

function stopTimer(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/** Says for ten seconds what was done, and offers to take it back where that can be done. */
export function notify(text: string, undo?: () => unknown): void {
  lastId += 1;
  change([...notices, { id: lastId, text, undo }].slice(-3));
  startTimer(lastId);
}

/** What one person did is not for the next one. */
export function clearNotices(): void {
  for (const { id } of notices) close(id);
}

/** A notice waits while the pointer or the keyboard is on it. */
export function Notices() {
  const all = useSyncExternalStore(subscribe, () => notices);
  return (
    <div role="status" className="notices">
      {all.map(({ id, text, undo }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: it only waits.
        <div
          key={id}
          className="notice"
          onPointerEnter={() => stopTimer(id)}
          onPointerLeave={() => startTimer(id)}
          onFocus={() => stopTimer(id)}
          onBlur={() => startTimer(id)}
        >
          <span>{text}</span>
          {undo && (
            <Button
              onClick={() => {
                close(id);
                undo();
              }}
            >
              {texts.notices.undo}
            </Button>
          )}
          <Button aria-label={texts.notices.close} onClick={() => close(id)}>
            ×
          </Button>
        </div>
      ))}
    </div>
  );
}
