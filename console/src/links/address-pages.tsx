import type { Outcome, SignetError } from '@signet/client';
import { useSession } from '@signet/client/react';
import { type FormEvent, useState } from 'react';
import { Refusal, useAttempt } from '../app/sign-in.tsx';
import { signet } from '../app/signet.ts';
import { confirmEmailDocument, undoEmailDocument, verifyEmailDocument } from '../operations.generated.ts';
import { Button, Field } from '../ui/ui.tsx';
import { ask } from './ask.ts';
import { Done, LinkPage } from './link-page.tsx';
import { linkToken } from './link-token.ts';
import { links as say } from './texts.ts';

/** Confirms the new address of an account. */
export function ConfirmEmail() {
  return (
    <AddressLink
      title={say.confirm}
      what={say.confirmWhat}
      done={say.confirmDone}
      sendLink={async (token, password) => {
        const outcome = await ask(confirmEmailDocument, { token, password });
        return outcome.ok ? { ok: true, value: outcome.value.confirmPortalEmail } : outcome;
      }}
    />
  );
}

/** Says that somebody reads the mail of an account's address. */
export function VerifyEmail() {
  return (
    <AddressLink
      title={say.verify}
      what={say.verifyWhat}
      done={say.verifyDone}
      sendLink={async (token, password) => {
        const outcome = await ask(verifyEmailDocument, { token, password });
        return outcome.ok ? { ok: true, value: outcome.value.verifyPortalEmail } : outcome;
      }}
    />
  );
}

/** Takes the change of an address back, for the reader of the earlier one. */
export function UndoEmail() {
  return (
    <AddressLink
      title={say.undo}
      what={say.undoWhat}
      done={say.undoDone}
      isDangerous
      sendLink={async (token) => {
        const outcome = await ask(undoEmailDocument, { token });
        return outcome.ok ? { ok: true, value: { verified: true } } : outcome;
      }}
    />
  );
}

type Address = {
  title: string;
  what: string;
  done: string;
  isDangerous?: boolean;
  sendLink: (token: string, password: string | null) => Promise<Outcome<{ verified: boolean }>>;
};

function AddressLink(address: Address) {
  return (
    <LinkPage title={address.title} invalid={say.invalidWhat.other}>
      {(token, onError) => <Use {...address} token={token} onError={onError} />}
    </LinkPage>
  );
}

/** A link alone is not enough where it makes an address count: outside of the account's own session the password is asked for as well. */
function Use({
  title,
  what,
  done,
  isDangerous,
  sendLink,
  token,
  onError,
}: Address & { token: string; onError: (error: SignetError) => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [step, setStep] = useState<'begin' | 'password' | 'done'>('begin');
  const isSignedIn = useSession().status === 'signed-in';
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const password = new FormData(event.currentTarget).get('password');
    await attempt(async () => {
      const outcome = await sendLink(token, password === null ? null : String(password));
      if (!outcome.ok) onError(outcome.error);
      else if (outcome.value.verified) {
        linkToken.drop();
        setStep('done');
        // For the address in the token, or since the session is over.
        void signet.session.refresh();
      } else setStep('password');
      return outcome;
    });
  }
  if (step === 'done') return <Done text={done} isSignedIn={isSignedIn} />;
  return (
    <form onSubmit={submit}>
      <p>{what}</p>
      {step === 'password' && (
        <>
          <p role="status">{say.passwordWhy}</p>
          <Field
            label={say.password}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
          />
        </>
      )}
      <Refusal error={error} />
      <Button kind={isDangerous ? 'danger' : 'main'} type="submit" disabled={isBusy}>
        {title}
      </Button>
    </form>
  );
}
