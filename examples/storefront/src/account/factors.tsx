import { useMutation, useQuery } from '@apollo/client/react';
import { type Outcome, readError } from '@signet/client';
import { beginUpstreamSignIn } from '@signet/client/pages';
import { type FormEvent, useState } from 'react';
import { renderSVG } from 'uqr';
import { toOutcome, useAttempt } from '../errors.ts';
import {
  BeginTotpDocument,
  ConfirmTotpDocument,
  FactorsDocument,
  type FactorsQuery,
  RemovePasskeyDocument,
  RemoveTotpDocument,
  RenewRecoveryCodesDocument,
  UnlinkIdentityDocument,
} from '../gql/graphql.ts';
import { providers } from '../meta.ts';
import { signet } from '../signet.ts';
import { formatDate, texts } from '../texts/index.ts';
import { Button, Card, Confirm, Dialog, Field, Problem, Refusal, Skeleton } from '../ui.tsx';

const { factors } = texts;

/** Authenticator app, passkeys, recovery codes, and identity providers that are linked. */
export function Factors() {
  const { data, error, refetch } = useQuery(FactorsDocument, {
    errorPolicy: 'all',
    fetchPolicy: 'cache-and-network',
  });
  // Shown once: they are forgotten with the dialog.
  const [codes, setCodes] = useState<readonly string[]>([]);
  const keep = (given: readonly string[] | null | undefined) => {
    setCodes(given ?? []);
    void refetch();
  };
  return (
    <Card title={factors.title}>
      <p>{factors.why}</p>
      {data?.myFactors ? (
        <>
          {data.myFactors.resetAt && (
            <p className="notice">{factors.resetAt(formatDate(data.myFactors.resetAt))}</p>
          )}
          <AuthenticatorApp totp={data.myFactors.totp} onChange={keep} />
          <Passkeys passkeys={data.myPasskeys ?? []} onChange={keep} />
          <RecoveryCodes
            left={data.myFactors.recoveryCodesLeft}
            hasFactor={hasFactor(data)}
            onChange={keep}
          />
          <Identities identities={data.myIdentities ?? []} onChange={() => void refetch()} />
        </>
      ) : error ? (
        <Problem error={readError(error)} onRetry={() => void refetch()} />
      ) : (
        <Skeleton lines={5} />
      )}
      {codes.length > 0 && <CodesDialog codes={codes} onClose={() => setCodes([])} />}
    </Card>
  );
}

function hasFactor({ myFactors, myPasskeys }: FactorsQuery): boolean {
  return Boolean(myFactors?.totp) || (myPasskeys ?? []).some(({ disabledAt }) => !disabledAt);
}

type OnChange = (codes?: readonly string[] | null) => void;

function AuthenticatorApp({
  totp,
  onChange,
}: {
  totp: { createdAt: string } | null | undefined;
  onChange: OnChange;
}) {
  const [begin] = useMutation(BeginTotpDocument);
  const [confirm] = useMutation(ConfirmTotpDocument);
  const [remove] = useMutation(RemoveTotpDocument);
  const [secret, setSecret] = useState<{ secret: string; uri: string }>();
  const [isRemoving, setRemoving] = useState(false);
  const { isBusy, error, setError, attempt } = useAttempt();
  const close = () => {
    setSecret(undefined);
    setRemoving(false);
    setError(undefined);
  };
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get('code')).trim();
    const added = await attempt(() => toOutcome(confirm({ variables: { code } })));
    if (!added) return;
    close();
    onChange(added.confirmTotp.recoveryCodes);
  }
  return (
    <div className="factor">
      <h3>{factors.app}</h3>
      <p className="quiet">{totp ? factors.addedOn(formatDate(totp.createdAt)) : factors.noApp}</p>
      {!secret && !isRemoving && <Refusal error={error} />}
      <div className="buttons">
        <Button
          disabled={isBusy}
          onClick={async () => {
            const given = await attempt(() => toOutcome(begin()));
            if (given) setSecret(given.beginTotp);
          }}
        >
          {totp ? factors.replaceApp : factors.addApp}
        </Button>
        {totp && <Button onClick={() => setRemoving(true)}>{factors.remove}</Button>}
      </div>
      {secret && (
        <Dialog title={factors.addApp} onClose={close}>
          <p>{factors.scan}</p>
          <img
            className="qr"
            alt={factors.qr}
            src={`data:image/svg+xml,${encodeURIComponent(renderSVG(secret.uri))}`}
          />
          <p>
            {factors.secret} <code>{secret.secret}</code>
          </p>
          <form onSubmit={submit}>
            <Field
              label={factors.code}
              name="code"
              error={error}
              inputMode="numeric"
              autoComplete="one-time-code"
              required
            />
            <Refusal error={error} fields={['code']} />
            <div className="buttons">
              <Button onClick={close}>{texts.cancel}</Button>
              <Button kind="main" type="submit" disabled={isBusy}>
                {texts.confirm}
              </Button>
            </div>
          </form>
        </Dialog>
      )}
      {isRemoving && (
        <Confirm
          title={factors.removeApp}
          text={factors.removeWhat}
          action={factors.remove}
          isBusy={isBusy}
          error={error}
          onClose={close}
          onConfirm={async () => {
            if (!(await attempt(() => toOutcome(remove())))) return;
            close();
            onChange();
          }}
        />
      )}
    </div>
  );
}

function Passkeys({
  passkeys,
  onChange,
}: {
  passkeys: NonNullable<FactorsQuery['myPasskeys']>;
  onChange: OnChange;
}) {
  const [remove] = useMutation(RemovePasskeyDocument);
  const [removing, setRemoving] = useState<{ id: string; name: string }>();
  const { isBusy, error, setError, attempt } = useAttempt();
  async function add(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get('name')).trim();
    const added = await attempt(() => signet.passkeys.add(name));
    if (!added) return;
    form.reset();
    onChange(added.recoveryCodes);
  }
  const close = () => {
    setRemoving(undefined);
    setError(undefined);
  };
  return (
    <div className="factor">
      <h3>{factors.passkeys}</h3>
      <p className="quiet">{factors.passkeysWhy}</p>
      {passkeys.length > 0 && (
        <ul className="list">
          {passkeys.map(({ id, name, createdAt, disabledAt }) => (
            <li key={id}>
              <span>
                {name} <span className="quiet">{factors.addedOn(formatDate(createdAt))}</span>
                {disabledAt && <strong className="fault"> {factors.disabled}</strong>}
              </span>
              <Button
                kind="link"
                aria-label={factors.removeNamed(name)}
                onClick={() => setRemoving({ id, name })}
              >
                {factors.remove}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {signet.passkeys.areSupported() && (
        <form onSubmit={add} className="inline">
          <Field label={factors.passkeyName} name="name" error={error} maxLength={100} required />
          <Button type="submit" disabled={isBusy}>
            {factors.addPasskey}
          </Button>
          {!removing && <Refusal error={error} fields={['name']} />}
        </form>
      )}
      {removing && (
        <Confirm
          title={factors.removeNamed(removing.name)}
          text={factors.removeWhat}
          action={factors.remove}
          isBusy={isBusy}
          error={error}
          onClose={close}
          onConfirm={async () => {
            if (!(await attempt(() => toOutcome(remove({ variables: { id: removing.id } }))))) return;
            close();
            onChange();
          }}
        />
      )}
    </div>
  );
}

function RecoveryCodes({
  left,
  hasFactor,
  onChange,
}: {
  left: number;
  hasFactor: boolean;
  onChange: OnChange;
}) {
  const [renew] = useMutation(RenewRecoveryCodesDocument);
  const { isBusy, error, attempt } = useAttempt();
  if (!hasFactor) return null;
  return (
    <div className="factor">
      <h3>{factors.recoveryCodes}</h3>
      <p className="quiet">{factors.codesLeft(left)}</p>
      <Refusal error={error} />
      <Button
        disabled={isBusy}
        onClick={async () => {
          const given = await attempt(() => toOutcome(renew()));
          if (given) onChange(given.renewRecoveryCodes);
        }}
      >
        {factors.renew}
      </Button>
    </div>
  );
}

/** Shows recovery codes once, until the person says that they are kept. */
function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Dialog title={factors.codesTitle}>
      <p>{factors.codesWhy}</p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="buttons">
        <Button
          onClick={() =>
            void navigator.clipboard.writeText(codes.join('\n')).then(
              () => setCopied(true),
              () => setCopied(false),
            )
          }
        >
          {isCopied ? factors.copied : factors.copy}
        </Button>
        <Button kind="main" onClick={onClose}>
          {factors.kept}
        </Button>
      </div>
    </Dialog>
  );
}

function Identities(props: { identities: NonNullable<FactorsQuery['myIdentities']>; onChange: () => void }) {
  const { identities, onChange } = props;
  const [unlink] = useMutation(UnlinkIdentityDocument);
  const { isBusy, error, attempt } = useAttempt();
  const others = providers.filter((name) => !identities.some(({ provider }) => provider === name));
  if (identities.length === 0 && others.length === 0) return null;
  async function remove(id: string): Promise<void> {
    const outcome: Outcome<unknown> = await toOutcome(unlink({ variables: { id } }));
    if (await attempt(async () => outcome)) onChange();
  }
  return (
    <div className="factor">
      <h3>{factors.identities}</h3>
      <Refusal error={error} />
      <ul className="list">
        {identities.map(({ id, provider, email, linkedAt }) => (
          <li key={id}>
            <span>
              {provider}{' '}
              <span className="quiet">
                {[email, factors.addedOn(formatDate(linkedAt))].filter(Boolean).join(', ')}
              </span>
            </span>
            <Button
              kind="link"
              disabled={isBusy}
              aria-label={factors.removeNamed(provider)}
              onClick={() => void remove(id)}
            >
              {factors.remove}
            </Button>
          </li>
        ))}
      </ul>
      <div className="buttons">
        {others.map((name) => (
          <Button
            key={name}
            onClick={() =>
              void beginUpstreamSignIn(signet, name, { returnTo: '/signed-in?purpose=link', purpose: 'link' })
            }
          >
            {factors.link(name)}
          </Button>
        ))}
      </div>
    </div>
  );
}
