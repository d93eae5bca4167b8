import { useState } from 'react';
import { Link } from 'react-router';
import { useMay } from '../app/may.ts';
import { useAskAgain, useOperation } from '../app/operations.ts';
import {
  auditLogDocument,
  revokeSigningKeyDocument,
  rotateSigningKeyDocument,
  signingKeysDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { Button, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { type Act, KeyDialog } from './key-dialog.tsx';
import { describe, type KeySet, nameOfSide, stateOf } from './signing-key.ts';
import { keys as say } from './texts.ts';
import { Timeline } from './timeline.tsx';
import './keys.css';

/** The keys of both platforms: what each does now, what it will do, and what rotating or revoking it would break. */
export function Component() {
  const { data, error, isPending, refetch } = useOperation(signingKeysDocument, {});
  const [act, setAct] = useState<Act>();
  // Here, since the dialog goes while a session is over.
  const [reason, setReason] = useState('');
  const may = useMay();
  const sets = data?.signingKeys ?? [];
  const isWaiting = sets.some(({ keys }) => keys.some((key) => key.isRotationRequested));
  // Where the process that holds the keys is down, it waits for as long.
  useAskAgain(signingKeysDocument, {}, isWaiting ? 5000 : undefined);
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (isPending) return <Skeleton lines={8} />;
  function open(next: Act): void {
    setReason('');
    setAct(next);
  }
  return (
    <>
      <div className="title">
        <h1>{say.title}</h1>
        {may(auditLogDocument) && <Link to="/audit?kind=auth.key.rotated">{say.history}</Link>}
      </div>
      <p className="quiet">{say.what}</p>
      {sets.map((set) => (
        <Section key={set.side} title={nameOfSide(set)}>
          <KeysOfSide set={set} onAct={open} />
        </Section>
      ))}
      {act && <KeyDialog act={act} reason={reason} onReason={setReason} onClose={() => setAct(undefined)} />}
    </>
  );
}

function KeysOfSide({ set, onAct }: { set: KeySet; onAct: (act: Act) => void }) {
  const may = useMay();
  const active = set.keys.find(({ state }) => state === 'ACTIVE');
  return (
    <>
      <div className="keys-head">
        <p className="quiet">
          {set.isInFiles
            ? say.inFiles
            : set.rotationDays
              ? say.rotatesEvery(set.rotationDays)
              : say.rotatesNever}
        </p>
        {!set.isInFiles && active && may(rotateSigningKeyDocument) && (
          <Button onClick={() => onAct({ name: 'rotate', set, chosen: active })}>{say.rotate}…</Button>
        )}
      </div>
      <Asked set={set} />
      {!set.isInFiles && <Timeline keys={set.keys} />}
      <ul className="list">
        {set.keys.map((key) => (
          <li key={key.kid} className="key">
            <span className="title">
              <code>{key.kid}</code>
              <span className={key.revokedAt ? 'tag warn' : 'tag'}>{stateOf(key)}</span>
            </span>
            <span className="quiet">{describe(key)}</span>
            {!key.revokedAt && key.state !== 'RETIRED' && may(revokeSigningKeyDocument) && (
              <Button
                kind="danger"
                aria-label={say.revokeKey(key.kid)}
                onClick={() => onAct({ name: 'revoke', set, chosen: key })}
              >
                {say.revoke}…
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What was asked for and has not happened. */
function Asked({ set }: { set: KeySet }) {
  const asked = set.keys.find((key) => key.isRotationRequested);
  if (!asked?.takesOverAt) return null;
  const isOverdue = new Date(asked.takesOverAt).getTime() < Date.now();
  return (
    <p className="note" role="status">
      {isOverdue ? say.overdue : say.asked(formatDateTime(asked.takesOverAt))}
    </p>
  );
}
