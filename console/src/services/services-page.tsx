import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { usePages } from '../app/operations.ts';
import {
  createServiceAccountDocument,
  type ServiceAccountsQuery,
  serviceAccountsDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Button, Problem, Skeleton } from '../ui/ui.tsx';
import { AccountFields, readAccount, type Side, useGrantableScopes } from './account-form.tsx';
import { services as say } from './texts.ts';

type Account = NonNullable<ServiceAccountsQuery['serviceAccounts']>['edges'][number]['node'];

export function ServiceState({ isActive, expiresAt }: Pick<Account, 'isActive' | 'expiresAt'>) {
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= Date.now();
  const text = !isActive ? say.closed : isOver ? say.expired : say.active;
  return <span className={isActive && !isOver ? 'tag' : 'tag warn'}>{text}</span>;
}

/** The service accounts of one side, which is in the address of the page. */
export function Component() {
  const [params] = useSearchParams();
  const [isCreating, setCreating] = useState(false);
  const may = useMay();
  const side: Side = params.get('side') === 'user' ? 'USER' : 'PORTAL';
  const pages = usePages(serviceAccountsDocument, { side }, ({ serviceAccounts }) => serviceAccounts);
  const columns: Column<Account>[] = [
    {
      name: say.name,
      width: 'minmax(10rem, 2fr)',
      cell: ({ id, name }) => <Link to={`/services/${side.toLowerCase()}/${id}`}>{name}</Link>,
    },
    { name: say.scopes, width: 'minmax(12rem, 3fr)', cell: ({ scopes }) => scopes.join(', ') },
    {
      name: say.credentials,
      width: 'minmax(8rem, 1fr)',
      cell: ({ credentials }) => credentials.filter(({ revokedAt }) => revokedAt === null).length,
    },
    {
      name: say.expires,
      width: 'minmax(9rem, 1fr)',
      cell: ({ expiresAt }) => (expiresAt ? formatDateTime(expiresAt) : say.never),
    },
    { name: say.state, width: 'minmax(7rem, 1fr)', cell: (account) => <ServiceState {...account} /> },
  ];
  return (
    <>
      <div className="title">
        <h1>{say.title}</h1>
        {may(createServiceAccountDocument) && (
          <div className="buttons">
            <Button kind="main" onClick={() => setCreating(true)}>
              {say.create}…
            </Button>
          </div>
        )}
      </div>
      <p className="quiet">{say.what}</p>
      <nav className="tabs" aria-label={say.sides}>
        {(['PORTAL', 'USER'] as const).map((one) => (
          <Link
            key={one}
            to={one === 'USER' ? '/services?side=user' : '/services'}
            className={one === side ? 'active' : ''}
            aria-current={one === side ? 'page' : undefined}
          >
            {say[one]}
          </Link>
        ))}
      </nav>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{say.none}</p>
      ) : (
        <DataTable
          label={say.title}
          columns={columns}
          rows={pages.nodes}
          hasMore={pages.hasNextPage}
          isLoadingMore={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
        />
      )}
      {isCreating && <Create side={side} onClose={() => setCreating(false)} />}
    </>
  );
}

function Create({ side, onClose }: { side: Side; onClose: () => void }) {
  const navigate = useNavigate();
  const scopes = useGrantableScopes(side);
  return (
    <ActDialog
      title={say.create}
      document={createServiceAccountDocument}
      start={{ name: '', scopes: [] as readonly string[], networks: '', expiresAt: '', reason: '' }}
      toVariables={(values) => ({ input: { side, ...readAccount(values) } })}
      onDone={({ createServiceAccount: { id } }) => navigate(`/services/${side.toLowerCase()}/${id}`)}
      onClose={onClose}
    >
      {(form) => (
        <>
          <p>{say.createWhat[side]}</p>
          <AccountFields form={form} scopes={scopes} />
        </>
      )}
    </ActDialog>
  );
}
