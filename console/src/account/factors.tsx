import { useSession } from '@signet/client/react';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { showCodes, TotpSecret } from '../app/enrollment.tsx';
import { useOperation } from '../app/operations.ts';
import { Refusal, useAttempt } from '../app/sign-in.tsx';
import { signet } from '../app/signet.ts';
import { ask } from '../links/ask.ts';
import {
  beginTotpDocument,
  cancelStaffFactorResetDocument,
  confirmTotpDocument,
  portalFeaturesDocument,
  removePasskeyDocument,
  removeTotpDocument,
  renamePasskeyDocument,
  renewRecoveryCodesDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Button, Dialog, Field, Section } from '../ui/ui.tsx';
import type { OwnAccount } from './account-page.tsx';
import { account as say } from './texts.ts';

type Own = NonNullable<OwnAccount['portalFactors']>;
type Passkey = NonNullable<OwnAccount['portalPasskeys']>[number];

/** The second factors of one's own account: an authenticator app, passkeys, recovery codes. */
export function Factors({ account }: { account: OwnAccount }) {
  const { portalFactors: own, portalPasskeys: passkeys, portalMe: me } = account;
  const [isCancelling, setCancelling] = useState(false);
  if (!own) return null;
  const hasFactor = own.totp !== null || (passkeys?.length ?? 0) > 0;
  return (
    <Section title={say.factors}>
      {own.resetAt && me && (
        <div className="problem" role="alert">
          <p>{say.resetAt(formatDateTime(own.resetAt))}</p>
          <Button kind="danger" onClick={() => setCancelling(true)}>
            {say.cancelReset}…
          </Button>
          {isCancelling && (
            <ActDialog
              title={say.cancelReset}
              document={cancelStaffFactorResetDocument}
              start={{}}
              toVariables={() => ({ id: me.id })}
              onClose={() => setCancelling(false)}
            >
              {() => <p>{say.cancelResetWhat}</p>}
            </ActDialog>
          )}
        </div>
      )}
      {own.areRequired && <p className="quiet">{say.needed}</p>}
      <AuthenticatorApp totp={own.totp} />
      <Passkeys passkeys={passkeys ?? []} />
      <Codes left={own.recoveryCodesLeft} hasFactor={hasFactor} />
    </Section>
  );
}

function AuthenticatorApp({ totp }: { totp: Own['totp'] }) {
  const { isBusy, error, attempt } = useAttempt();
  const [secret, setSecret] = useState<{ secret: string; uri: string }>();
  const [isRemoving, setRemoving] = useState(false);
  async function begin(): Promise<void> {
    const begun = await attempt(() => ask(beginTotpDocument, {}));
    setSecret(begun?.beginPortalTotp);
  }
  return (
    <>
      <h3>{say.totp}</h3>
      <p className="quiet">{totp ? describeUse(totp) : say.noTotp}</p>
      <Refusal error={error} />
      <div className="buttons">
        <Button disabled={isBusy} onClick={begin}>
          {totp ? say.replaceTotp : say.addTotp}…
        </Button>
        {totp && (
          <Button kind="danger" onClick={() => setRemoving(true)}>
            {say.removeTotp}…
          </Button>
        )}
      </div>
      {secret && <ConfirmTotp secret={secret} onClose={() => setSecret(undefined)} />}
      {isRemoving && (
        <ActDialog
          title={say.removeTotp}
          isDangerous
          document={removeTotpDocument}
          start={{}}
          toVariables={() => ({})}
          onClose={() => setRemoving(false)}
        >
          {() => <p>{say.removeTotpWhat}</p>}
        </ActDialog>
      )}
    </>
  );
}

function ConfirmTotp({ secret, onClose }: { secret: { secret: string; uri: string }; onClose: () => void }) {
  return (
    <ActDialog
      title={say.addTotp}
      submit={say.confirm}
      document={confirmTotpDocument}
      start={{ code: '' }}
      toVariables={({ code }) => ({ code: code.trim() })}
      onDone={({ confirmPortalTotp }) => showCodes(confirmPortalTotp.recoveryCodes ?? [])}
      onClose={onClose}
    >
      {({ field }) => (
        <>
          <TotpSecret totp={secret} />
          <Field
            label={say.code}
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            autoFocus
            {...field('code')}
          />
        </>
      )}
    </ActDialog>
  );
}

type PasskeyAct = { kind: 'add' } | { kind: 'rename' | 'remove'; passkey: Passkey };

function Passkeys({ passkeys }: { passkeys: readonly Passkey[] }) {
  const [act, setAct] = useState<PasskeyAct>();
  const features = useOperation(portalFeaturesDocument, {});
  const areOn = features.data?.portalFeatures?.passkeys;
  const onClose = () => setAct(undefined);
  return (
    <>
      <h3>{say.passkeys}</h3>
      {passkeys.length === 0 && <p className="quiet">{say.noPasskeys}</p>}
      <ul className="list">
        {passkeys.map((passkey) => (
          <li key={passkey.id}>
            <span className="spread">
              <span className="clip" title={passkey.name}>
                {passkey.name}
              </span>
              <span className="row-acts">
                <Button
                  kind="link"
                  aria-label={`${say.rename}: ${passkey.name}`}
                  onClick={() => setAct({ kind: 'rename', passkey })}
                >
                  {say.rename}…
                </Button>
                <Button
                  kind="link"
                  aria-label={`${say.remove}: ${passkey.name}`}
                  onClick={() => setAct({ kind: 'remove', passkey })}
                >
                  {say.remove}…
                </Button>
              </span>
            </span>
            <span className="quiet">
              {[describeUse(passkey), passkey.isSynced && say.isSynced].filter(Boolean).join(' · ')}
            </span>
            {passkey.disabledAt && <span className="field-error">{say.isDisabled}</span>}
          </li>
        ))}
      </ul>
      {areOn === false ? (
        <p className="quiet">{say.passkeysOff}</p>
      ) : signet.passkeys.areSupported() ? (
        <div className="buttons">
          <Button onClick={() => setAct({ kind: 'add' })}>{say.addPasskey}…</Button>
        </div>
      ) : (
        <p className="quiet">{say.passkeysUnsupported}</p>
      )}
      {act?.kind === 'add' && <AddPasskey onClose={onClose} />}
      {act?.kind === 'rename' && (
        <ActDialog
          title={say.rename}
          document={renamePasskeyDocument}
          start={{ name: act.passkey.name }}
          toVariables={({ name }) => ({ id: act.passkey.id, name })}
          onClose={onClose}
        >
          {({ field }) => (
            <Field label={say.passkeyName} required maxLength={100} autoFocus {...field('name')} />
          )}
        </ActDialog>
      )}
      {act?.kind === 'remove' && (
        <ActDialog
          title={say.removePasskey}
          isDangerous
          document={removePasskeyDocument}
          start={{}}
          toVariables={() => ({ id: act.passkey.id })}
          onClose={onClose}
        >
          {() => <p>{say.removePasskeyWhat(act.passkey.name)}</p>}
        </ActDialog>
      )}
    </>
  );
}

function AddPasskey({ onClose }: { onClose: () => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [name, setName] = useState<string>(say.aPasskey);
  const queries = useQueryClient();
  const isSignedIn = useSession().status === 'signed-in';
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const added = await attempt(() => signet.passkeys.add(name));
    if (!added) return;
    showCodes(added.recoveryCodes ?? []);
    onClose();
    await queries.invalidateQueries();
  }
  if (!isSignedIn) return null;
  return (
    <Dialog title={say.addPasskey} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{say.addPasskeyWhat}</p>
        <Field
          label={say.passkeyName}
          required
          maxLength={100}
          value={name}
          onChange={({ target }) => setName(target.value)}
          autoFocus
        />
        <Refusal error={error} />
        <Button kind="main" type="submit" disabled={isBusy}>
          {say.addPasskey}
        </Button>
      </form>
    </Dialog>
  );
}

function Codes({ left, hasFactor }: { left: number; hasFactor: boolean }) {
  const [isRenewing, setRenewing] = useState(false);
  return (
    <>
      <h3>{say.codes}</h3>
      <p className="quiet">{hasFactor ? say.codesLeft(left) : say.noCodes}</p>
      {hasFactor && (
        <div className="buttons">
          <Button onClick={() => setRenewing(true)}>{say.renewCodes}…</Button>
        </div>
      )}
      {isRenewing && (
        <ActDialog
          title={say.renewCodes}
          document={renewRecoveryCodesDocument}
          start={{}}
          toVariables={() => ({})}
          onDone={({ renewPortalRecoveryCodes: codes }) => showCodes(codes)}
          onClose={() => setRenewing(false)}
        >
          {() => <p>{say.renewCodesWhat}</p>}
        </ActDialog>
      )}
    </>
  );
}

function describeUse({ createdAt, lastUsedAt }: { createdAt: string; lastUsedAt: string | null }): string {
  return [
    say.since(formatDateTime(createdAt)),
    lastUsedAt ? say.lastUsed(formatDateTime(lastUsedAt)) : say.neverUsed,
  ].join(' · ');
}
