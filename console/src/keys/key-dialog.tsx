import type { FormEvent } from 'react';
import { useAction, useOperation } from '../app/operations.ts';
import {
  type RotateSigningKeyMutationVariables,
  revokeSigningKeyDocument,
  rotateSigningKeyDocument,
  type SigningKeyUseQuery,
  signingKeyUseDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { Button, Dialog, Field, Problem, Skeleton } from '../ui/ui.tsx';
import { type Key, type KeySet, nameOfSide } from './signing-key.ts';
import { keys as say } from './texts.ts';

/** What is about to be done to which key. */
export type Act = { name: 'rotate' | 'revoke'; set: KeySet; chosen: Key };
type Use = NonNullable<NonNullable<SigningKeyUseQuery['signingKeys']>[number]['keys'][number]['use']>;

/** Says what rotating or revoking a key would do and break, as counted at this moment, asks for the reason, and does it. */
export function KeyDialog(props: {
  act: Act;
  reason: string;
  onReason: (reason: string) => void;
  onClose: () => void;
}) {
  const { act, reason, onReason, onClose } = props;
  const { name, set, chosen } = act;
  const counted = useOperation(signingKeyUseDocument, { side: set.side });
  const action = useAction<unknown, RotateSigningKeyMutationVariables>(
    name === 'rotate' ? rotateSigningKeyDocument : revokeSigningKeyDocument,
  );
  const title = name === 'rotate' ? say.rotate : say.revoke;
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    action.mutate({ side: set.side, kid: chosen.kid, reason }, { onSuccess: onClose });
  }
  const use = counted.data?.signingKeys?.[0]?.keys.find(({ kid }) => kid === chosen.kid)?.use ?? undefined;
  const effects = name === 'rotate' ? effectsOfRotation(set, use) : effectsOfRevocation(set, chosen, use);
  return (
    <Dialog title={`${title}: ${nameOfSide(set)}`} onClose={onClose}>
      <form onSubmit={submit}>
        <code>{chosen.kid}</code>
        {counted.isPending ? (
          <Skeleton lines={4} />
        ) : counted.error ? (
          <Problem error={counted.error} onRetry={counted.refetch} />
        ) : (
          <ul className="keys-effects">
            {effects.map((effect) => (
              <li key={effect}>{effect}</li>
            ))}
          </ul>
        )}
        <Field
          label={say.reason}
          value={reason}
          onChange={({ target }) => onReason(target.value)}
          minLength={3}
          maxLength={500}
          required
          autoFocus
        />
        {action.error && <Problem error={action.error} />}
        <div className="buttons">
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button
            kind={name === 'rotate' ? 'main' : 'danger'}
            type="submit"
            // A key that leaked can be revoked also where nobody can be counted.
            disabled={action.isPending || counted.isPending}
          >
            {title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function effectsOfRotation(set: KeySet, use: Use | undefined): string[] {
  const maySignFrom = set.keys.find(({ state }) => state === 'NEXT')?.maySignFrom;
  const isLater = maySignFrom != null && Date.parse(maySignFrom) > Date.now();
  return [
    isLater ? say.rotateLater(formatDateTime(maySignFrom)) : say.rotateNow,
    ...(use && !isLater ? [say.rotateKeeps(formatDateTime(use.tokensUntil))] : [say.rotateKeepsAll]),
    say.rotateBreaks(minutesOf(set)),
  ];
}

function effectsOfRevocation(set: KeySet, { state }: Key, use: Use | undefined): string[] {
  if (set.isInFiles) return [say.fileFirst, say.revokeAtOnce, say.revokeForGood];
  const next = set.keys.find((key) => key.state === 'NEXT');
  const successor = !next?.maySignFrom
    ? say.successorMissing
    : Date.parse(next.maySignFrom) > Date.now()
      ? say.successorEarly(formatDateTime(next.maySignFrom))
      : say.successorReady;
  return [
    say.revokeAtOnce,
    ...(use
      ? describeUse(set, use)
      : [state === 'ACTIVE' || state === 'RETIRING' ? say.revokeUncounted : say.revokeUnused]),
    ...(state === 'ACTIVE' ? [successor] : []),
    say.revokeFinal,
  ];
}

function describeUse(set: KeySet, { sessions, services, impersonations, tokensUntil }: Use): string[] {
  if (sessions + services + impersonations === 0) return [say.revokeUnused];
  return [
    ...(sessions > 0 ? [say.sessions(sessions)] : []),
    ...(services > 0 ? [say.services(services)] : []),
    ...(impersonations > 0 ? [say.impersonations(impersonations)] : []),
    say.foreign(minutesOf(set), formatDateTime(tokensUntil)),
  ];
}

function minutesOf({ copySeconds }: KeySet): number {
  return Math.ceil(copySeconds / 60);
}
