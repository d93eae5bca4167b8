import { useMutation, useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { useSession } from '@signet/client/react';
import { type FormEvent, useState } from 'react';
import { toOutcome, useAttempt } from '../errors.ts';
import { ChangeEmailDocument, MeDocument } from '../gql/graphql.ts';
import { signet } from '../signet.ts';
import { formatDate, texts } from '../texts/index.ts';
import { Button, Card, Field, Problem, Refusal, Skeleton, usePageTitle } from '../ui.tsx';
import { Factors } from './factors.tsx';
import { PersonalData } from './personal-data.tsx';
import { SignedInOnly } from './signed-in-only.tsx';
import { SignedInPlaces } from './signed-in-places.tsx';
import { VerifyHint } from './verify-hint.tsx';

export function Component() {
  usePageTitle(texts.account.title);
  const session = useSession();
  const isActing = session.status === 'signed-in' && session.account.actedBy !== undefined;
  return (
    <>
      <h1>{texts.account.title}</h1>
      <SignedInOnly>
        <VerifyHint />
        <div className="cards">
          <Profile />
          {isActing ? (
            <p className="notice">{texts.account.notAsStaff}</p>
          ) : (
            <>
              <Email />
              <Password />
              <Factors />
              <SignedInPlaces />
              <PersonalData />
            </>
          )}
        </div>
      </SignedInOnly>
    </>
  );
}

function Profile() {
  const { data, error, refetch } = useQuery(MeDocument);
  return (
    <Card title={texts.account.profile}>
      {data?.me ? (
        <dl>
          <dt>{texts.account.name}</dt>
          <dd>{data.me.fullName || texts.account.noName}</dd>
          <dt>{texts.signIn.email}</dt>
          <dd>
            {data.me.email}{' '}
            <span className={data.me.emailVerified ? 'state shipped' : 'state expired'}>
              {data.me.emailVerified ? texts.account.verified : texts.account.unverified}
            </span>
          </dd>
          <dt>{texts.account.since}</dt>
          <dd>{formatDate(data.me.createdAt)}</dd>
        </dl>
      ) : error ? (
        <Problem error={readError(error)} onRetry={() => void refetch()} />
      ) : (
        <Skeleton />
      )}
    </Card>
  );
}

function Email() {
  const [change] = useMutation(ChangeEmailDocument);
  const [sentTo, setSentTo] = useState<string>();
  const { isBusy, error, attempt } = useAttempt();
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const newEmail = String(new FormData(event.currentTarget).get('newEmail'));
    if (await attempt(() => toOutcome(change({ variables: { input: { newEmail } } })))) setSentTo(newEmail);
  }
  return (
    <Card title={texts.email.change}>
      {sentTo && (
        <p className="notice good" role="status">
          {texts.email.sent(sentTo)}
        </p>
      )}
      <form onSubmit={submit}>
        <Field
          label={texts.email.next}
          name="newEmail"
          type="email"
          error={error}
          autoComplete="email"
          required
        />
        <Refusal error={error} fields={['newEmail']} />
        <Button type="submit" disabled={isBusy}>
          {texts.email.change}
        </Button>
      </form>
    </Card>
  );
}

function Password() {
  const [ended, setEnded] = useState<number>();
  const { isBusy, error, attempt } = useAttempt();
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const changed = await attempt(() =>
      signet.changePassword({
        currentPassword: String(given.get('currentPassword')),
        newPassword: String(given.get('newPassword')),
      }),
    );
    if (!changed) return;
    form.reset();
    setEnded(changed.endedSessions);
  }
  return (
    <Card title={texts.password.change}>
      {ended !== undefined && (
        <p className="notice good" role="status">
          {texts.password.done(ended)}
        </p>
      )}
      <form onSubmit={submit}>
        <Field
          label={texts.password.current}
          name="currentPassword"
          type="password"
          error={error}
          autoComplete="current-password"
          required
        />
        <Field
          label={texts.password.next}
          hint={texts.register.passwordHint}
          name="newPassword"
          type="password"
          error={error}
          autoComplete="new-password"
          minLength={12}
          required
        />
        <Refusal error={error} fields={['currentPassword', 'newPassword']} />
        <Button type="submit" disabled={isBusy}>
          {texts.password.change}
        </Button>
      </form>
    </Card>
  );
}
