import type { Challenge, SignetError } from '@signet/client';
import { useSession } from '@signet/client/react';
import { type FormEvent, useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { Enrollment } from '../app/enrollment.tsx';
import { Refusal, useAttempt } from '../app/sign-in.tsx';
import { signet } from '../app/signet.ts';
import { Button, Field, Skeleton } from '../ui/ui.tsx';
import { isAtPassword, LinkPage, NewPassword } from './link-page.tsx';
import { linkToken } from './link-token.ts';
import { links as say } from './texts.ts';

/** Makes the account of somebody who was invited, and signs in with it; where the role needs a second factor, after adding one. */
export function Component() {
  const session = useSession();
  const navigate = useNavigate();
  const [isJoining, setJoining] = useState(false);
  const [challenge, setChallenge] = useState<Challenge>();
  const isSignedIn = session.status === 'signed-in';
  useEffect(() => {
    if (isJoining && isSignedIn) void navigate('/', { replace: true });
  }, [isJoining, isSignedIn, navigate]);

  if (challenge) {
    return (
      <main className="sign-in">
        <Enrollment challenge={challenge} onBack={() => navigate('/', { replace: true })} />
      </main>
    );
  }
  return (
    <LinkPage title={say.accept} invalid={say.invalidWhat.accept}>
      {(token, onError) =>
        session.status === 'unknown' && !session.error ? (
          <Skeleton />
        ) : session.status === 'signed-in' && !isJoining ? (
          <SignOutFirst email={session.account.email ?? ''} />
        ) : (
          <Join
            token={token}
            onBegin={() => setJoining(true)}
            onChallenge={setChallenge}
            onError={(error) => {
              setJoining(false);
              onError(error);
            }}
          />
        )
      }
    </LinkPage>
  );
}

function SignOutFirst({ email }: { email: string }) {
  const { isBusy, error, attempt } = useAttempt();
  return (
    <>
      <p>{say.signedInAs(email)}</p>
      <Refusal error={error} />
      <Button disabled={isBusy} onClick={() => attempt(() => signet.signOut())}>
        {say.signOut}
      </Button>
    </>
  );
}

function Join({
  token,
  onBegin,
  onChallenge,
  onError,
}: {
  token: string;
  onBegin: () => void;
  onChallenge: (challenge: Challenge) => void;
  onError: (error: SignetError) => void;
}) {
  const { isBusy, error, attempt } = useAttempt();
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const fullName = String(form.get('fullName')).trim();
    onBegin();
    await attempt<unknown>(async () => {
      const outcome = await signet.acceptInvitation({
        token,
        password: String(form.get('password')),
        ...(fullName && { fullName }),
      });
      if (outcome.ok) linkToken.drop();
      else if (outcome.error.kind === 'challenge') {
        linkToken.drop();
        onChallenge(outcome.error.challenge);
        return { ok: true, value: undefined };
      } else onError(outcome.error);
      return outcome;
    });
  }
  return (
    <form onSubmit={submit}>
      <p>{say.acceptWhat}</p>
      <Field label={say.name} name="fullName" autoComplete="name" maxLength={100} />
      <NewPassword error={error} />
      <Refusal error={isAtPassword(error) ? undefined : error} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {say.join}
      </Button>
    </form>
  );
}
