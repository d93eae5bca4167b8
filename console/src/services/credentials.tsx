import { useState } from 'react';
import { useMay } from '../app/may.ts';
import { useOperation } from '../app/operations.ts';
import {
  createServiceSecretDocument,
  portalFeaturesDocument,
  registerServiceKeyDocument,
  revokeServiceKeyDocument,
  type ServiceTokensQuery,
  serviceTokensDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { TextArea } from '../ui/form.tsx';
import { showOnce } from '../ui/shown-once.tsx';
import { Button, Section } from '../ui/ui.tsx';
import { ReasonField } from './account-form.tsx';
import { readKeyInput } from './key-input.ts';
import type { Service } from './service-page.tsx';
import { service as say } from './texts.ts';

type Credential = Service['credentials'][number];
type Act = { kind: 'key' } | { kind: 'secret' } | { kind: 'revoke'; credential: Credential };

/** By what a service proves who it is: the working ones first. */
export function Credentials({ account }: { account: Service }) {
  const [act, setAct] = useState<Act>();
  const may = useMay();
  const features = useOperation(portalFeaturesDocument, {});
  const { id, side, isActive, credentials } = account;
  const hasSecrets = features.data?.portalFeatures?.serviceSecrets;
  const sorted = credentials.toSorted(
    (one, other) => Number(one.revokedAt !== null) - Number(other.revokedAt !== null),
  );
  const onClose = () => setAct(undefined);
  return (
    <Section title={say.credentials}>
      {isActive && (
        <div className="buttons">
          {may(registerServiceKeyDocument) && (
            <Button onClick={() => setAct({ kind: 'key' })}>{say.addKey}…</Button>
          )}
          {hasSecrets && may(createServiceSecretDocument) && (
            <Button onClick={() => setAct({ kind: 'secret' })}>{say.addSecret}…</Button>
          )}
        </div>
      )}
      {isActive && hasSecrets === false && <p className="quiet">{say.secretsOff}</p>}
      {sorted.length === 0 ? (
        <p className="empty">{say.noCredentials}</p>
      ) : (
        <CredentialList
          accountId={id}
          of={sorted}
          onRevoke={
            may(revokeServiceKeyDocument) ? (credential) => setAct({ kind: 'revoke', credential }) : undefined
          }
        />
      )}
      {act?.kind === 'key' && <AddKey account={account} onClose={onClose} />}
      {act?.kind === 'secret' && (
        <ActDialog
          title={say.addSecret}
          document={createServiceSecretDocument}
          start={{ reason: '' }}
          toVariables={({ reason }) => ({ input: { side, serviceAccount: id, reason } })}
          onDone={({ createServiceSecret: { secret } }) =>
            showOnce({ title: say.secret, what: say.secretWhat, lines: [secret] })
          }
          onClose={onClose}
        >
          {(form) => (
            <>
              <p>{say.addSecretWhat}</p>
              <ReasonField form={form} />
            </>
          )}
        </ActDialog>
      )}
      {act?.kind === 'revoke' && (
        <ActDialog
          title={say.revoke}
          isDangerous
          document={revokeServiceKeyDocument}
          start={{ reason: '' }}
          toVariables={({ reason }) => ({ input: { side, credential: act.credential.id, reason } })}
          onClose={onClose}
        >
          {(form) => (
            <>
              <p>
                {say[act.credential.kind]} <CredentialName credential={act.credential} />
              </p>
              <p>{say.revokeWhat}</p>
              <ReasonField form={form} />
            </>
          )}
        </ActDialog>
      )}
    </Section>
  );
}

function CredentialList(props: {
  accountId: string;
  of: readonly Credential[];
  onRevoke: ((credential: Credential) => void) | undefined;
}) {
  const { accountId, of, onRevoke } = props;
  const may = useMay();
  const uses = useOperation(
    serviceTokensDocument,
    { id: accountId },
    { enabled: may(serviceTokensDocument) },
  );
  return (
    <ul className="list">
      {of.map((credential) => (
        <li key={credential.id} className={credential.revokedAt ? 'over-row' : undefined}>
          <span className="spread">
            <span>
              {say[credential.kind]} {credential.revokedAt && <span className="tag">{say.revoked}</span>}
            </span>
            {!credential.revokedAt && onRevoke && (
              <Button
                kind="link"
                aria-label={`${say.revoke}: ${say[credential.kind]} ${credential.kid ?? credential.jwksUrl ?? ''}`}
                onClick={() => onRevoke(credential)}
              >
                {say.revoke}…
              </Button>
            )}
          </span>
          <CredentialName credential={credential} />
          <span className="quiet">
            {[
              formatDateTime(credential.createdAt),
              credential.createdBy && say.by(credential.createdBy.fullName),
              credential.revokedAt && `${say.revoked} ${formatDateTime(credential.revokedAt)}`,
              describeUse(uses.data?.auditLog, credential.id),
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </li>
      ))}
    </ul>
  );
}

function CredentialName({ credential: { kid, jwksUrl } }: { credential: Credential }) {
  return kid || jwksUrl ? <code>{kid ?? jwksUrl}</code> : null;
}

/** When it last got a token, by the audit log, whose latest events are at hand. */
function describeUse(
  log: ServiceTokensQuery['auditLog'] | undefined,
  credential: string,
): string | undefined {
  if (!log) return undefined;
  const last = log.edges.find(({ node }) =>
    node.details.some(({ name, value }) => name === 'credential' && value === credential),
  );
  if (last) return say.lastUse(formatDateTime(last.node.happenedAt));
  return log.pageInfo.hasNextPage ? say.notRecently : say.neverUsed;
}

function AddKey({ account: { side, id }, onClose }: { account: Service; onClose: () => void }) {
  const [isPrivate, setPrivate] = useState(false);
  return (
    <ActDialog
      title={say.addKey}
      document={registerServiceKeyDocument}
      start={{ key: '', reason: '' }}
      inputs={['jwk', 'jwksUrl']}
      toVariables={({ key, reason }) => {
        const input = readKeyInput(key);
        const given =
          input.kind === 'jwk' ? { jwk: input.jwk } : input.kind === 'url' ? { jwksUrl: input.jwksUrl } : {};
        return { input: { side, serviceAccount: id, reason, ...given } };
      }}
      onClose={onClose}
    >
      {(form) => {
        const { key } = form.values;
        const isUnreadable = key.trim() !== '' && readKeyInput(key).kind === 'unreadable';
        const error =
          form.errorAt('jwk') ??
          form.errorAt('jwksUrl') ??
          (isPrivate ? say.keyPrivate : isUnreadable ? say.keyUnreadable : undefined);
        return (
          <>
            <p>{say.addKeyWhat}</p>
            <TextArea
              ref={(area) => area?.setCustomValidity(isUnreadable ? say.keyUnreadable : '')}
              label={say.key}
              rows={6}
              required
              spellCheck={false}
              autoComplete="off"
              value={key}
              error={error}
              onChange={({ target }) => {
                const isLeaked = readKeyInput(target.value).kind === 'private';
                setPrivate(isLeaked);
                form.set('key', isLeaked ? '' : target.value);
              }}
            />
            <ReasonField form={form} />
          </>
        );
      }}
    </ActDialog>
  );
}
