import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { useOperation } from '../app/operations.ts';
import {
  auditLogDocument,
  changeServiceAccountDocument,
  deactivateServiceAccountDocument,
  type ServiceAccountQuery,
  serviceAccountDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Facts } from '../ui/form.tsx';
import { Button, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { AccountFields, ReasonField, readAccount, type Side, toLocalInput } from './account-form.tsx';
import { Credentials } from './credentials.tsx';
import { ServiceState } from './services-page.tsx';
import { service as say, services as shared } from './texts.ts';

export type Service = NonNullable<ServiceAccountQuery['serviceAccount']>;

/** One service account, its credentials, and what may be done about them. */
export function Component() {
  const { side: wanted = '', id = '' } = useParams();
  const side: Side = wanted === 'user' ? 'USER' : 'PORTAL';
  const { data, error, isPending, refetch } = useOperation(serviceAccountDocument, { side, id });
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (isPending) return <Skeleton lines={8} />;
  const { serviceAccount: account } = data;
  if (!account) return <p className="empty">{shared.gone}</p>;
  return (
    <>
      <div className="title">
        <h1>{account.name}</h1>
        <ServiceState {...account} />
      </div>
      <div className="columns">
        {/* What is open, typed or shown once about one account does not stay for the next. */}
        <Account key={`account ${account.id}`} account={account} />
        <Credentials key={`credentials ${account.id}`} account={account} />
      </div>
    </>
  );
}

function Account({ account }: { account: Service }) {
  const [act, setAct] = useState<'change' | 'close'>();
  const may = useMay();
  const { id, side, name, scopes, networks, expiresAt, isActive, createdAt, createdBy } = account;
  const onClose = () => setAct(undefined);
  return (
    <Section title={say.account}>
      <Facts
        facts={[
          [say.clientId, <code key="id">{id}</code>],
          [shared.sides, shared[side]],
          [say.tokenUrl, <code key="url">{`/oauth/${side.toLowerCase()}/token`}</code>],
          [shared.scopes, scopes.join(', ')],
          [say.from, networks.length > 0 ? networks.join(', ') : say.everywhere],
          [shared.expires, expiresAt ? formatDateTime(expiresAt) : shared.never],
          [
            say.made,
            [formatDateTime(createdAt), createdBy && say.by(createdBy.fullName)].filter(Boolean).join(' '),
          ],
        ]}
      />
      {isActive ? (
        <div className="buttons">
          {may(changeServiceAccountDocument) && (
            <Button onClick={() => setAct('change')}>{say.change}…</Button>
          )}
          {may(deactivateServiceAccountDocument) && (
            <Button kind="danger" onClick={() => setAct('close')}>
              {say.close}…
            </Button>
          )}
        </div>
      ) : (
        <p className="note">{say.closed}</p>
      )}
      {may(auditLogDocument) && (
        <p className="links">
          <Link to={`/audit?subject=${id}`}>{say.history}</Link>
        </p>
      )}
      {act === 'change' && (
        <ActDialog
          title={say.change}
          document={changeServiceAccountDocument}
          start={{
            name,
            scopes: scopes as readonly string[],
            networks: networks.join('\n'),
            expiresAt: toLocalInput(expiresAt),
            reason: '',
          }}
          toVariables={(values) => {
            const { expiresAt: until, ...rest } = readAccount(values);
            // The input shows no seconds: what nobody has touched stays as it is.
            const isSame = values.expiresAt === toLocalInput(expiresAt);
            return { input: { side, serviceAccount: id, ...rest, ...(!isSame && { expiresAt: until }) } };
          }}
          onClose={onClose}
        >
          {(form) => (
            <>
              <p>{say.changeWhat}</p>
              <AccountFields form={form} scopes={scopes} />
            </>
          )}
        </ActDialog>
      )}
      {act === 'close' && (
        <ActDialog
          title={say.close}
          isDangerous
          document={deactivateServiceAccountDocument}
          start={{ reason: '' }}
          toVariables={({ reason }) => ({ input: { side, serviceAccount: id, reason } })}
          onClose={onClose}
        >
          {(form) => (
            <>
              <p>{say.closeWhat(name)}</p>
              <ReasonField form={form} />
            </>
          )}
        </ActDialog>
      )}
    </Section>
  );
}
