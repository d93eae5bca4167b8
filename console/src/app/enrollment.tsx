import type { Challenge } from '@signet/client';
import { type FormEvent, useEffect, useState } from 'react';
import { renderSVG } from 'uqr';
import { texts } from '../texts/index.ts';
import { showOnce } from '../ui/shown-once.tsx';
import { Button, Field } from '../ui/ui.tsx';
import { Refusal, useAttempt } from './sign-in.tsx';
import { signet } from './signet.ts';

const { session } = texts;

/** Shows recovery codes. They come with the session, whose page replaces the form. */
export function showCodes(codes: readonly string[]): void {
  showOnce({ title: session.recoveryCodes, what: session.recoveryCodesWhy, lines: codes });
}

/** Adds the second factor that the role needs, as the end of the first sign-in. */
export function Enrollment({ challenge, onBack }: { challenge: Challenge; onBack: () => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const [totp, setTotp] = useState<{ secret: string; uri: string }>();
  const { id, methods } = challenge;

  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each challenge.
  useEffect(() => {
    if (!methods.includes('enroll_totp')) return;
    void attempt(() => signet.enrollment.beginTotp(id)).then(setTotp);
  }, [id]);

  async function keepCodes(action: () => ReturnType<typeof signet.enrollment.confirmTotp>): Promise<void> {
    await attempt(async () => {
      const outcome = await action();
      if (outcome.ok) showCodes(outcome.value.recoveryCodes);
      return outcome;
    });
  }

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get('code')).trim();
    void keepCodes(() => signet.enrollment.confirmTotp(id, code));
  }

  return (
    <>
      <h1>{session.enroll}</h1>
      <p>{session.enrollWhy}</p>
      <form onSubmit={submit}>
        {totp && (
          <>
            <TotpSecret totp={totp} />
            <Field
              label={session.code}
              name="code"
              inputMode="numeric"
              autoComplete="one-time-code"
              required
            />
          </>
        )}
        <Refusal error={error} />
        {totp && (
          <Button kind="main" type="submit" disabled={isBusy}>
            {session.confirm}
          </Button>
        )}
        {methods.includes('enroll_passkey') && signet.passkeys.areSupported() && (
          <Button
            disabled={isBusy}
            onClick={() => keepCodes(() => signet.enrollment.addPasskey(id, session.passkeyName))}
          >
            {session.enrollPasskey}
          </Button>
        )}
        <Button kind="link" onClick={onBack}>
          {session.back}
        </Button>
      </form>
    </>
  );
}

/** What an authenticator app needs: to be scanned, or typed in. */
export function TotpSecret({ totp: { secret, uri } }: { totp: { secret: string; uri: string } }) {
  return (
    <>
      <p>{session.enrollScan}</p>
      <img className="qr" alt="" src={`data:image/svg+xml,${encodeURIComponent(renderSVG(uri))}`} />
      <p>
        {session.secret}: <code>{secret}</code>
      </p>
    </>
  );
}
