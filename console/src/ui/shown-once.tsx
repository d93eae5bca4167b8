import { useSession } from '@signet/client/react';
import { useState, useSyncExternalStore } from 'react';
import { accountSignal } from '../app/signet.ts';
import { choose } from '../texts/index.ts';
import { Button, Dialog } from './ui.tsx';

const say = choose({
  en: { copy: 'Copy', copied: 'Copied', keptIt: 'I have kept it', keptThem: 'I have kept them' },
  de: {
    copy: 'Kopieren',
    copied: 'Kopiert',
    keptIt: 'Ich habe es aufbewahrt',
    keptThem: 'Ich habe sie aufbewahrt',
  },
});

/** What cannot be shown again: a secret, or recovery codes. */
type Shown = { title: string; what: string; lines: readonly string[] };

/*
 * In no component: a screen goes where a query fails, or the role is lowered, and the answer may come after that. It is in memory alone, until
 * the person who got it says that it is kept, signs out, or somebody else signs in.
 */
let shown: readonly Shown[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Shows it until the person says that it is kept. Nothing where there is nothing to show. */
export function showOnce(secret: Shown): void {
  if (secret.lines.length === 0) return;
  change([...shown, secret]);
  accountSignal().addEventListener('abort', forgetShown, { once: true });
}

export function forgetShown(): void {
  change([]);
}

/** Stands beside all screens. */
export function ShownOnce() {
  const [first, ...later] = useSyncExternalStore(subscribe, () => shown);
  if (useSession().status !== 'signed-in' || !first) return null;
  return <Secret key={first.lines.join()} secret={first} onKept={() => change(later)} />;
}

function Secret({ secret: { title, what, lines }, onKept }: { secret: Shown; onKept: () => void }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Dialog title={title} onClose={() => undefined}>
      <p>{what}</p>
      {lines.length === 1 ? (
        <p>
          <code>{lines}</code>
        </p>
      ) : (
        <ul className="codes">
          {lines.map((line) => (
            <li key={line}>
              <code>{line}</code>
            </li>
          ))}
        </ul>
      )}
      <div className="buttons">
        <Button onClick={() => navigator.clipboard.writeText(lines.join('\n')).then(() => setCopied(true))}>
          {isCopied ? say.copied : say.copy}
        </Button>
        <Button kind="main" onClick={onKept}>
          {lines.length === 1 ? say.keptIt : say.keptThem}
        </Button>
      </div>
    </Dialog>
  );
}
