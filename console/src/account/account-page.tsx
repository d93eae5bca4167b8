import { useSession } from '@signet/client/react';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { useAction, useOperation } from '../app/operations.ts';
import { Refusal, useAttempt } from '../app/sign-in.tsx';
import { describeError, signet } from '../app/signet.ts';
import {
  changeEmailDocument,
  endOtherSessionsDocument,
  endSessionDocument,
  type OwnAccountQuery,
  ownAccountDocument,
  portalFeaturesDocument,
  requestEmailVerificationDocument,
} from '../operations.generated.ts';
import { nameOfRole } from '../roles/role-names.ts';
import { formatDateTime } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { nameOfDevice } from '../ui/device-name.ts';
import { Facts } from '../ui/form.tsx';
import { Button, Field, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { Factors } from './factors.tsx';
import { account as say } from './texts.ts';

export type OwnAccount = OwnAccountQuery;
type Session = NonNullable<OwnAccount['portalSessions']>[number];

/** What concerns the signed-in member's own account. */
export function Component() {
  const { data, error, isPending, refetch } = useOperation(ownAccountDocument, {});
  if (error) return <Problem error={error} onRetry={refetch} />;
  return (
    <>
      <h1>{say.title}</h1>
      {isPending ? (
        <Skeleton lines={8} />
      ) : (
        <div className="lanes third-right">
          <div>
            <Identity me={data.portalMe} />
            <Password email={data.portalMe?.email} />
          </div>
          <div>
            <Factors account={data} />
          </div>
          <div>
            <Sessions sessions={data.portalSessions} />
          </div>
        </div>
      )}
    </>
  );
}

function Identity({ me }: { me: OwnAccount['portalMe'] }) {
  const session = useSession();
  const features = useOperation(portalFeaturesDocument, {});
  const verify = useAction(requestEmailVerificationDocument);
  const [isChanging, setChanging] = useState(false);
  const [sentTo, setSentTo] = useState('');
  if (!me) return null;
  const isVerified = session.status === 'signed-in' && session.account.emailVerified;
  const hasMail = features.data?.portalFeatures?.mail;
  return (
    <Section title={say.identity}>
      <Facts
        facts={[
          [say.name, me.fullName],
          [say.email, `${me.email} (${isVerified ? say.verified : say.unverified})`],
          [
            say.role,
            <Link key="role" to={`/roles?role=${me.role}`}>
              {nameOfRole(me.role)}
            </Link>,
          ],
        ]}
      />
      {hasMail === false && <p className="note">{say.noMail}</p>}
      {/* There, but disabled, before it is known whether mails are sent: nothing moves when it is. */}
      {hasMail !== false && (
        <div className="buttons">
          <Button disabled={!hasMail} onClick={() => setChanging(true)}>
            {say.changeEmail}…
          </Button>
          {!isVerified && (
            <Button
              disabled={!hasMail || verify.isPending}
              onClick={() => verify.mutate({}, { onSuccess: () => setSentTo(me.email) })}
            >
              {say.verify}
            </Button>
          )}
        </div>
      )}
      {verify.error && <Problem error={verify.error} />}
      <p role="status" className="outcome">
        {sentTo && say.mailSent(sentTo)}
      </p>
      {isChanging && (
        <ActDialog
          title={say.changeEmail}
          document={changeEmailDocument}
          start={{ newEmail: '' }}
          toVariables={({ newEmail }) => ({ newEmail })}
          onDone={(_data, { newEmail }) => setSentTo(newEmail)}
          onClose={() => setChanging(false)}
        >
          {({ field }) => (
            <>
              <p>{say.changeEmailWhat}</p>
              <Field
                label={say.newEmail}
                type="email"
                autoComplete="email"
                required
                autoFocus
                {...field('newEmail')}
              />
            </>
          )}
        </ActDialog>
      )}
    </Section>
  );
}

function Password({ email }: { email: string | undefined }) {
  const { isBusy, error, attempt } = useAttempt();
  const [ended, setEnded] = useState<number>();
  const at = (field: string) =>
    error?.kind === 'input' && error.field === field ? describeError(error) : undefined;
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const { currentTarget } = event;
    const form = new FormData(currentTarget);
    setEnded(undefined);
    const changed = await attempt(() =>
      signet.changePassword({
        currentPassword: String(form.get('current')),
        newPassword: String(form.get('new')),
      }),
    );
    if (!changed) return;
    currentTarget.reset();
    setEnded(changed.endedSessions);
  }
  const isAtField = at('currentPassword') !== undefined || at('newPassword') !== undefined;
  return (
    <Section title={say.password}>
      <form onSubmit={submit}>
        <p className="quiet">{say.changePasswordWhat}</p>
        {/* Password managers look for the account that the password is of. */}
        <input type="hidden" autoComplete="username" value={email ?? ''} readOnly />
        <Field
          label={say.currentPassword}
          name="current"
          type="password"
          autoComplete="current-password"
          required
          error={at('currentPassword')}
        />
        <Field
          label={say.newPassword}
          name="new"
          type="password"
          autoComplete="new-password"
          minLength={12}
          maxLength={128}
          required
          error={at('newPassword')}
        />
        <Refusal error={isAtField ? undefined : error} />
        <p role="status" className="outcome">
          {ended !== undefined && say.passwordChanged(ended)}
        </p>
        <div className="buttons">
          <Button type="submit" disabled={isBusy}>
            {say.changePassword}
          </Button>
        </div>
      </form>
    </Section>
  );
}

function Sessions({ sessions }: { sessions: OwnAccount['portalSessions'] }) {
  const [act, setAct] = useState<Session | 'others'>();
  if (!sessions) return null;
  const onClose = () => setAct(undefined);
  return (
    <Section title={say.sessions}>
      {sessions.length > 1 ? (
        <div className="buttons">
          <Button onClick={() => setAct('others')}>{say.signOutElsewhere}…</Button>
        </div>
      ) : (
        <p className="quiet">{say.onlyHere}</p>
      )}
      <ul className="list">
        {sessions.map((session) => (
          <li key={session.id}>
            <span className="spread">
              <span className="clip" title={session.device}>
                {nameOfDevice(session.device) || say.unknownDevice}
              </span>
              {session.current ? (
                <span className="tag">{say.thisOne}</span>
              ) : (
                <Button
                  kind="link"
                  aria-label={`${say.signOutThere}: ${nameOfDevice(session.device) || say.unknownDevice}`}
                  onClick={() => setAct(session)}
                >
                  {say.signOutThere}…
                </Button>
              )}
            </span>
            <span className="quiet">
              {[
                session.address,
                say.since(formatDateTime(session.createdAt)),
                say.lastUsed(formatDateTime(session.lastUsedAt)),
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
      {act === 'others' && (
        <ActDialog
          title={say.signOutElsewhere}
          document={endOtherSessionsDocument}
          start={{}}
          toVariables={() => ({})}
          onClose={onClose}
        >
          {() => <p>{say.signOutElsewhereWhat}</p>}
        </ActDialog>
      )}
      {act && act !== 'others' && (
        <ActDialog
          title={say.signOutThere}
          document={endSessionDocument}
          start={{}}
          toVariables={() => ({ id: act.id })}
          onClose={onClose}
        >
          {() => <p>{say.signOutThereWhat(nameOfDevice(act.device) || say.unknownDevice)}</p>}
        </ActDialog>
      )}
    </Section>
  );
}
