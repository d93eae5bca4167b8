import type { SignetError } from '@signet/client';
import { type FormEvent, useState } from 'react';
import { Refusal, useAttempt } from '../app/sign-in.tsx';
import { signet } from '../app/signet.ts';
import { resetPasswordDocument } from '../operations.generated.ts';
import { Button } from '../ui/ui.tsx';
import { ask } from './ask.ts';
import { Done, isAtPassword, LinkPage, NewPassword } from './link-page.tsx';
import { linkToken } from './link-token.ts';
import { links as say } from './texts.ts';

/** Sets a new password by a link. Nobody is signed in by it: a mailbox is one factor. */
export function Component() {
  return (
    <LinkPage title={say.reset} invalid={say.invalidWhat.reset}>
      {(token, onError) => <Reset token={token} onError={onError} />}
    </LinkPage>
  );
}

function Reset({ token, onError }: { token: string; onError: (error: SignetError) => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [isDone, setDone] = useState(false);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const newPassword = String(new FormData(event.currentTarget).get('password'));
    await attempt(async () => {
      const outcome = await ask(resetPasswordDocument, { token, newPassword });
      if (!outcome.ok) onError(outcome.error);
      else {
        linkToken.drop();
        setDone(true);
        // The account's own session in this browser is over.
        void signet.session.refresh();
      }
      return outcome;
    });
  }
  if (isDone) return <Done text={say.resetDone} isSignedIn={false} />;
  return (
    <form onSubmit={submit}>
      <p>{say.resetWhat}</p>
      <NewPassword error={error} />
      <Refusal error={isAtPassword(error) ? undefined : error} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {say.set}
      </Button>
    </form>
  );
}
