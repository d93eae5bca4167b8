import { useMutation } from '@apollo/client/react';
import type { Challenge } from '@signet/client';
import { beginUpstreamSignIn, keepRegistration } from '@signet/client/pages';
import { useSession } from '@signet/client/react';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, Navigate, useSearchParams } from 'react-router';
import { toOutcome, useAttempt } from '../errors.ts';
import { RequestPasswordResetDocument } from '../gql/graphql.ts';
import { providers } from '../meta.ts';
import { signet } from '../signet.ts';
import { language, texts } from '../texts/index.ts';
import { Button, Field, Refusal, usePageTitle } from '../ui.tsx';
import { SecondFactor } from './second-factor.tsx';

/** Where to go after the sign-in: a page of this shop, whatever a link says. */
export function readTarget(address: URLSearchParams): string {
  const to = address.get('to') ?? '/';
  // Browsers leave tabs and line ends out of an address: what stands after them would be its host.
  return /^\/[^/\\\s][^\t\r\n]*$/.test(to) ? to : '/';
}

export function SignInPage() {
  usePageTitle(texts.signIn.title);
  const [address] = useSearchParams();
  const target = readTarget(address);
  const session = useSession();
  const [challenge, setChallenge] = useState<Challenge>();
  if (session.status === 'signed-in') return <Navigate to={target} replace />;
  const isEnded = session.status === 'signed-out' && session.reason && session.reason !== 'signed-out';
  return (
    <div className="narrow card">
      {isEnded && !challenge && <p role="status">{texts.signIn.ended}</p>}
      {challenge ? (
        <SecondStep challenge={challenge} onBack={() => setChallenge(undefined)} />
      ) : (
        <FirstStep onChallenge={setChallenge} target={target} />
      )}
    </div>
  );
}

function FirstStep({ onChallenge, target }: { onChallenge: (challenge: Challenge) => void; target: string }) {
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
    <>
      <h1>{texts.signIn.title}</h1>
      <form onSubmit={submit}>
        <Field
          label={texts.signIn.email}
          name="email"
          type="email"
          error={error}
          autoComplete="username webauthn"
          required
          autoFocus
        />
        <Field
          label={texts.signIn.password}
          name="password"
          type="password"
          error={error}
          autoComplete="current-password"
          required
        />
        <Refusal error={error} fields={['email', 'password']} />
        <Button kind="main" type="submit" disabled={isBusy}>
          {texts.signIn.title}
        </Button>
        {signet.passkeys.areSupported() && (
          <Button disabled={isBusy} onClick={() => attempt(() => signet.passkeys.signIn())}>
            {texts.signIn.withPasskey}
          </Button>
        )}
        {providers.map((name) => (
          <Button
            key={name}
            disabled={isBusy}
            onClick={() =>
              void beginUpstreamSignIn(signet, name, {
                returnTo: `/signed-in?${new URLSearchParams({ to: target })}`,
              })
            }
          >
            {texts.signIn.withProvider(name)}
          </Button>
        ))}
      </form>
      <p>
        <Link to="/forgot-password">{texts.signIn.forgot}</Link>
      </p>
      <p>
        {texts.signIn.isNew} <Link to="/register">{texts.register.title}</Link>
      </p>
    </>
  );
}

export function SecondStep({ challenge, onBack }: { challenge: Challenge; onBack: () => void }) {
  const { isBusy, error, attempt } = useAttempt();
  const { id, methods } = challenge;
  return (
    <>
      <h1>{texts.signIn.secondStep}</h1>
      <SecondFactor
        methods={methods}
        isBusy={isBusy}
        error={error}
        mayRemember
        onCode={(code, rememberDevice) =>
          attempt(() => signet.completeChallenge({ id, ...code, ...(rememberDevice && { rememberDevice }) }))
        }
        onPasskey={() => attempt(() => signet.passkeys.completeChallenge(id))}
      >
        <Button kind="link" onClick={onBack}>
          {texts.back}
        </Button>
      </SecondFactor>
    </>
  );
}

export function RegisterPage() {
  usePageTitle(texts.register.title);
  const session = useSession();
  const [sentTo, setSentTo] = useState<string>();
  const { isBusy, error, attempt } = useAttempt();
  if (session.status === 'signed-in') return <Navigate to="/" replace />;

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = String(form.get('email'));
    await attempt<unknown>(async () => {
      const outcome = await signet.register({
        email,
        password: String(form.get('password')),
        fullName: String(form.get('fullName')),
        language,
      });
      // The mailbox is asked first. Without mail, the answer is a session.
      if (outcome.ok || outcome.error.kind !== 'challenge') return outcome;
      keepRegistration(outcome.error.challenge);
      setSentTo(email);
      return { ok: true, value: undefined };
    });
  }

  if (sentTo) {
    return (
      <div className="narrow card" role="status">
        <h1>{texts.register.look}</h1>
        <p>{texts.register.sent(sentTo)}</p>
      </div>
    );
  }
  return (
    <div className="narrow card">
      <h1>{texts.register.title}</h1>
      <form onSubmit={submit}>
        <Field
          label={texts.register.name}
          name="fullName"
          error={error}
          autoComplete="name"
          maxLength={200}
        />
        <Field
          label={texts.signIn.email}
          name="email"
          type="email"
          error={error}
          autoComplete="username"
          required
        />
        <Field
          label={texts.signIn.password}
          hint={texts.register.passwordHint}
          name="password"
          type="password"
          error={error}
          autoComplete="new-password"
          minLength={12}
          required
        />
        <Refusal error={error} fields={['fullName', 'email', 'password']} />
        <Button kind="main" type="submit" disabled={isBusy}>
          {texts.register.title}
        </Button>
      </form>
      <p>
        {texts.register.isKnown} <Link to="/sign-in">{texts.signIn.title}</Link>
      </p>
    </div>
  );
}

export function ForgotPasswordPage() {
  usePageTitle(texts.reset.forgot);
  const [request] = useMutation(RequestPasswordResetDocument);
  const [sentTo, setSentTo] = useState<string>();
  const { isBusy, error, attempt } = useAttempt();
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const email = String(new FormData(event.currentTarget).get('email'));
    if (await attempt(() => toOutcome(request({ variables: { input: { email, language } } }))))
      setSentTo(email);
  }
  return (
    <div className="narrow card">
      <h1>{texts.reset.forgot}</h1>
      {sentTo ? (
        <p role="status">{texts.reset.sent(sentTo)}</p>
      ) : (
        <form onSubmit={submit}>
          <Field
            label={texts.signIn.email}
            name="email"
            type="email"
            error={error}
            autoComplete="username"
            required
          />
          <Refusal error={error} fields={['email']} />
          <Button kind="main" type="submit" disabled={isBusy}>
            {texts.reset.send}
          </Button>
        </form>
      )}
      <p>
        <Link to="/sign-in">{texts.signIn.title}</Link>
      </p>
    </div>
  );
}
