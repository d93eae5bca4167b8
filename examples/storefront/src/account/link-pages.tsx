import { useMutation } from '@apollo/client/react';
import type { Challenge, Outcome } from '@signet/client';
import { readRegistration, takeFragment, takeUpstreamResult } from '@signet/client/pages';
import { useSession } from '@signet/client/react';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Link, Navigate, useLoaderData, useNavigate, useSearchParams } from 'react-router';
import { toOutcome, useAttempt } from '../errors.ts';
import {
  ConfirmEmailDocument,
  LinkIdentityDocument,
  ResetPasswordDocument,
  UndoEmailDocument,
} from '../gql/graphql.ts';
import { signet } from '../signet.ts';
import { texts } from '../texts/index.ts';
import { Button, Field, Refusal, Skeleton, usePageTitle } from '../ui.tsx';
import { readTarget, SecondStep } from './sign-in-pages.tsx';

/*
 * What the address holds is taken by the loaders of these pages, once for each visit: React may begin to draw a page several times.
 */
export { takeFragment, takeUpstreamResult };

/** A page that a link of a mail leads to. It acts when the person presses a button: scanners of mails open links. */
function LinkPage({ title, children }: { title: string; children: (token: string) => ReactNode }) {
  usePageTitle(title);
  const { token } = useLoaderData<typeof takeFragment>();
  return (
    <div className="narrow card">
      <h1>{title}</h1>
      {token ? children(token) : <p role="alert">{texts.links.incomplete}</p>}
    </div>
  );
}

type Step = 'begin' | 'password' | 'signIn' | 'done';

/** Confirms an address. A link is not enough: whoever did not begin this here gives the password, or a new one. */
export function VerifyEmailPage() {
  return <LinkPage title={texts.verify.title}>{(token) => <VerifyEmail token={token} />}</LinkPage>;
}

function VerifyEmail({ token }: { token: string }) {
  const [step, setStep] = useState<Step>('begin');
  const [isNew, setNew] = useState(false);
  const { isBusy, error, setError, attempt } = useAttempt();
  async function verify(more: { password?: string; newPassword?: string } = {}): Promise<void> {
    const challenge = readRegistration();
    const result = await attempt(() =>
      signet.verifyEmail({ token, ...(challenge && !more.newPassword && { challenge }), ...more }),
    );
    if (!result) return;
    setStep(result.verified ? (result.next === 'SIGN_IN' ? 'signIn' : 'done') : 'password');
  }
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get(isNew ? 'newPassword' : 'password'));
    void verify(isNew ? { newPassword: password } : { password });
  }
  if (step === 'done' || step === 'signIn')
    return <Done text={texts.verify.done} isSignedIn={step === 'done'} />;
  if (step === 'begin') {
    return (
      <>
        <p>{texts.verify.ask}</p>
        <Refusal error={error} />
        <Button kind="main" disabled={isBusy} onClick={() => verify()}>
          {texts.verify.confirm}
        </Button>
      </>
    );
  }
  return (
    <form onSubmit={submit}>
      <p>{isNew ? texts.verify.newPassword : texts.verify.password}</p>
      <Field
        key={String(isNew)}
        label={isNew ? texts.password.next : texts.signIn.password}
        {...(isNew && { hint: texts.register.passwordHint, minLength: 12 })}
        name={isNew ? 'newPassword' : 'password'}
        type="password"
        error={error}
        autoComplete={isNew ? 'new-password' : 'current-password'}
        required
        autoFocus
      />
      <Refusal error={error} fields={['password', 'newPassword']} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {texts.verify.confirm}
      </Button>
      <Button
        kind="link"
        onClick={() => {
          setError(undefined);
          setNew(!isNew);
        }}
      >
        {isNew ? texts.verify.haveOne : texts.verify.haveNone}
      </Button>
    </form>
  );
}

export function ResetPasswordPage() {
  return <LinkPage title={texts.reset.title}>{(token) => <ResetPassword token={token} />}</LinkPage>;
}

function ResetPassword({ token }: { token: string }) {
  const [reset] = useMutation(ResetPasswordDocument);
  const [isDone, setDone] = useState(false);
  const { isBusy, error, attempt } = useAttempt();
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const newPassword = String(new FormData(event.currentTarget).get('newPassword'));
    if (await attempt(() => toOutcome(reset({ variables: { input: { token, newPassword } } }))))
      setDone(true);
  }
  if (isDone) return <Done text={texts.reset.done} isSignedIn={false} />;
  return (
    <form onSubmit={submit}>
      <p>{texts.reset.ask}</p>
      <Field
        label={texts.password.next}
        hint={texts.register.passwordHint}
        name="newPassword"
        type="password"
        error={error}
        autoComplete="new-password"
        minLength={12}
        required
        autoFocus
      />
      <Refusal error={error} fields={['newPassword']} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {texts.reset.set}
      </Button>
    </form>
  );
}

export function ConfirmEmailPage() {
  return <LinkPage title={texts.email.confirmTitle}>{(token) => <ConfirmEmail token={token} />}</LinkPage>;
}

function ConfirmEmail({ token }: { token: string }) {
  const [confirm] = useMutation(ConfirmEmailDocument);
  const [step, setStep] = useState<Step>('begin');
  const { isBusy, error, attempt } = useAttempt();
  async function send(password?: string): Promise<void> {
    const result = await attempt(() =>
      toOutcome(confirm({ variables: { input: { token, ...(password && { password }) } } })),
    );
    if (!result) return;
    const { verified, next } = result.confirmEmail;
    // The token names the address.
    if (verified && next === 'NONE') await signet.session.refresh();
    setStep(verified ? (next === 'SIGN_IN' ? 'signIn' : 'done') : 'password');
  }
  if (step === 'done' || step === 'signIn')
    return <Done text={texts.email.done} isSignedIn={step === 'done'} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const password = new FormData(event.currentTarget).get('password');
        void send(password === null ? undefined : String(password));
      }}
    >
      <p>{step === 'password' ? texts.verify.password : texts.email.confirmAsk}</p>
      {step === 'password' && (
        <Field
          label={texts.signIn.password}
          name="password"
          type="password"
          error={error}
          autoComplete="current-password"
          required
          autoFocus
        />
      )}
      <Refusal error={error} fields={step === 'password' ? ['password'] : []} />
      <Button kind="main" type="submit" disabled={isBusy}>
        {texts.email.confirm}
      </Button>
    </form>
  );
}

export function UndoEmailPage() {
  return <LinkPage title={texts.email.undoTitle}>{(token) => <UndoEmail token={token} />}</LinkPage>;
}

function UndoEmail({ token }: { token: string }) {
  const [undo] = useMutation(UndoEmailDocument);
  const [isDone, setDone] = useState(false);
  const { isBusy, error, attempt } = useAttempt();
  if (isDone) return <p role="status">{texts.email.undone}</p>;
  return (
    <>
      <p>{texts.email.undoAsk}</p>
      <Refusal error={error} />
      <Button
        kind="main"
        disabled={isBusy}
        onClick={async () => {
          if (await attempt(() => toOutcome(undo({ variables: { input: { token } } })))) setDone(true);
        }}
      >
        {texts.email.undo}
      </Button>
    </>
  );
}

function Done({ text, isSignedIn }: { text: string; isSignedIn: boolean }) {
  return (
    <div role="status">
      <p>{text}</p>
      <Link className="button main" to={isSignedIn ? '/' : '/sign-in'}>
        {isSignedIn ? texts.browse.showAll : texts.signIn.title}
      </Link>
    </div>
  );
}

/** Once, although React runs effects twice in development: what a fragment had is good once. */
function useOnce(action: () => void): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current) return;
    isDone.current = true;
    action();
  });
}

/** A member of staff comes from the console, to act as a customer in this tab. */
export function ActPage() {
  usePageTitle(texts.acting.label);
  const { grant } = useLoaderData<typeof takeFragment>();
  const [isActing, setActing] = useState(false);
  const { error, attempt } = useAttempt();
  useOnce(() => {
    if (grant)
      void attempt(() => signet.actAsCustomer(grant)).then((account) => setActing(account !== undefined));
  });
  if (isActing) return <Navigate to="/orders" replace />;
  return (
    <div className="narrow card">
      <h1>{texts.acting.label}</h1>
      {!grant && <p role="alert">{texts.links.incomplete}</p>}
      <Refusal error={error} />
      {grant && !error && <Skeleton />}
    </div>
  );
}

/** Back from an identity provider, to sign in or to link it. */
export function SignedInPage() {
  usePageTitle(texts.signIn.title);
  const [address] = useSearchParams();
  const navigate = useNavigate();
  const result = useLoaderData<typeof takeUpstreamResult>();
  const [challenge, setChallenge] = useState<Challenge>();
  const [link] = useMutation(LinkIdentityDocument);
  const { error, attempt } = useAttempt();
  const isLink = address.get('purpose') === 'link';
  const target = isLink ? '/account' : readTarget(address);
  const session = useSession();
  useOnce(() => {
    void attempt<unknown>(async (): Promise<Outcome<unknown>> => {
      if (!result.ok) return result;
      const outcome: Outcome<unknown> = isLink
        ? await toOutcome(link({ variables: { input: result.value } }))
        : await signet.completeUpstreamSignIn(result.value);
      if (outcome.ok) await navigate(target, { replace: true });
      else if (outcome.error.kind === 'challenge') setChallenge(outcome.error.challenge);
      return outcome;
    });
  });
  if (challenge && session.status === 'signed-in') return <Navigate to={target} replace />;
  if (challenge) {
    return (
      <div className="narrow card">
        <SecondStep challenge={challenge} onBack={() => void navigate('/sign-in')} />
      </div>
    );
  }
  return (
    <div className="narrow card">
      <h1>{texts.signIn.title}</h1>
      {error ? (
        <>
          <Refusal error={error} />
          <Link to="/sign-in">{texts.back}</Link>
        </>
      ) : (
        <Skeleton />
      )}
    </div>
  );
}
