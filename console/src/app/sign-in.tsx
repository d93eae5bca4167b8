import type { Challenge, Outcome, SignetError } from '@signet/client';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { ForgotPassword, forgotPassword } from '../links/forgot-password.tsx';
import { texts } from '../texts/index.ts';
import { Button, Field } from '../ui/ui.tsx';
import { Enrollment } from './enrollment.tsx';
import { describeError, signet } from './signet.ts';

const { session } = texts;

/** What was wrong with the last attempt, and whether one is under way. */
export function useAttempt() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<SignetError>();
  async function attempt<T>(action: () => Promise<Outcome<T>>): Promise<T | undefined> {
    setBusy(true);
    setError(undefined);
    const outcome = await action();
    setBusy(false);
    if (outcome.ok) return outcome.value;
    setError(outcome.error);
    return undefined;
  }
  return { isBusy, error, setError, attempt };
}

/** The steps of a sign-in: address and password or a passkey, then the second factor, or adding one where the role needs it. */
export function SignIn({ reason }: { reason: string | undefined }) {
  const [challenge, setChallenge] = useState<Challenge>();
  const [isForgotten, setForgotten] = useState(false);
  const isEnrollment = challenge?.methods.some((method) => method.startsWith('enroll_'));
  return (
    <main className="sign-in">
      {reason && reason !== 'signed-out' && !challenge && <p role="status">{session.endedElsewhere}</p>}
      {!challenge && !isForgotten && (
        <FirstStep onChallenge={setChallenge} onForgotten={() => setForgotten(true)} />
      )}
      {!challenge && isForgotten && <ForgotPassword onBack={() => setForgotten(false)} />}
      {challenge && !isEnrollment && (
        <SecondStep challenge={challenge} onBack={() => setChallenge(undefined)} />
      )}
      {challenge && isEnrollment && (
        <Enrollment challenge={challenge} onBack={() => setChallenge(undefined)} />
      )}
    </main>
  );
}

function FirstStep({
  onChallenge,
  onForgotten,
}: {
  onChallenge: (challenge: Challenge) => void;
  onForgotten: () => void;
}) {
  const { isBusy, error, setError, attempt } = useAttempt();

  // Browsers offer passkeys in the form's autofill. That waits in the background until one is chosen.
  useEffect(() => {
    const controller = new AbortController();
    void (async () => {
      if (!(await signet.passkeys.canAutofill()) || controller.signal.aborted) return;
      const outcome = await signet.passkeys.signIn({ autofill: true, signal: controller.signal });
      if (!outcome.ok && outcome.error.kind !== 'passkey' && !controller.signal.aborted)
        setError(outcome.error);
    })();
    return () => controller.abort();
  }, [setError]);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    await attempt<unknown>(async () => {
      const outcome = await signet.signIn({
        email: String(form.get('email')),
        password: String(form.get('password')),
      });
      if (outcome.ok || outcome.error.kind !== 'challenge') return outcome;
      onChallenge(outcome.error.challenge);
      return { ok: true, value: undefined };
    });
  }

  return (
    <form onSubmit={submit}>
      <h1>{session.signIn}</h1>
      <Field
        label={session.email}
        name="email"
        type="email"
        autoComplete="username webauthn"
        required
        autoFocus
      />
      <Field
        label={session.password}
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <Refusal error={error} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {session.signIn}
      </Button>
      {signet.passkeys.areSupported() && (
        <Button disabled={isBusy} onClick={() => attempt(() => signet.passkeys.signIn())}>
          {session.withPasskey}
        </Button>
      )}
      <Button kind="link" onClick={onForgotten}>
        {forgotPassword}
      </Button>
    </form>
  );
}

/** The second factor, as the challenge's methods allow. Also for a recent sign-in. */
export function SecondFactor(props: {
  methods: readonly string[];
  isBusy: boolean;
  error: SignetError | undefined;
  onCode: (code: { totp: string } | { recoveryCode: string }) => void;
  onPasskey: () => void;
  children?: ReactNode;
}) {
  const { methods, isBusy, error, onCode, onPasskey, children } = props;
  const [byRecovery, setByRecovery] = useState(
    !methods.includes('totp') && methods.includes('recovery_code'),
  );
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get('code')).trim();
    onCode(byRecovery ? { recoveryCode: code } : { totp: code });
  }
  return (
    <form onSubmit={submit}>
      <Field
        key={String(byRecovery)}
        label={byRecovery ? session.recoveryCode : session.code}
        name="code"
        inputMode={byRecovery ? 'text' : 'numeric'}
        autoComplete="one-time-code"
        required
        autoFocus
      />
      <Refusal error={error} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {session.confirm}
      </Button>
      {methods.includes('passkey') && (
        <Button disabled={isBusy} onClick={onPasskey}>
          {session.usePasskey}
        </Button>
      )}
      {methods.includes('totp') && methods.includes('recovery_code') && (
        <Button kind="link" onClick={() => setByRecovery(!byRecovery)}>
          {byRecovery ? session.useApp : session.useRecoveryCode}
        </Button>
      )}
      {children}
    </form>
  );
}

function SecondStep({ challenge, onBack }: { challenge: Challenge; onBack: () => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const { id, methods } = challenge;
  return (
    <>
      <h1>{session.secondStep}</h1>
      <SecondFactor
        methods={methods}
        isBusy={isBusy}
        error={error}
        onCode={(code) => attempt(() => signet.completeChallenge({ id, ...code }))}
        onPasskey={() => attempt(() => signet.passkeys.completeChallenge(id))}
      >
        <Button kind="link" onClick={onBack}>
          {session.back}
        </Button>
      </SecondFactor>
    </>
  );
}

export function Refusal({ error }: { error: SignetError | undefined }) {
  return (
    <p role="alert" className="field-error">
      {error && describeError(error)}
    </p>
  );
}
