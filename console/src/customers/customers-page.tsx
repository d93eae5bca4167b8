import { useSession } from '@signet/client/react';
import { useDeferredValue, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { usePages } from '../app/operations.ts';
import { type CustomersQuery, customersDocument, impersonationsDocument } from '../operations.generated.ts';
import { formatDate } from '../texts/index.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Checkbox, Field, Filters, Problem, Select, Skeleton } from '../ui/ui.tsx';
import { customers } from './texts.ts';

type Customer = NonNullable<CustomersQuery['customers']>['edges'][number]['node'];

const columns: Column<Customer>[] = [
  {
    name: customers.name,
    width: 'minmax(10rem, 2fr)',
    cell: ({ id, fullName }) => <Link to={`/customers/${id}`}>{fullName || customers.unnamed}</Link>,
  },
  { name: customers.email, width: 'minmax(12rem, 3fr)', cell: ({ email }) => email },
  { name: customers.since, width: 'minmax(7rem, 1fr)', cell: ({ createdAt }) => formatDate(createdAt) },
  {
    name: customers.state,
    width: 'minmax(6rem, 1fr)',
    cell: ({ isActive }) => <ActiveState isActive={isActive} />,
  },
];

export function ActiveState({ isActive }: { isActive: boolean | null | undefined }) {
  if (isActive === null || isActive === undefined) return null;
  return (
    <span className={isActive ? 'tag' : 'tag warn'}>{isActive ? customers.active : customers.suspended}</span>
  );
}

/** The tenant's customers by e-mail. Search and filters are in the address of the page. */
export function Component() {
  const [params, setParams] = useSearchParams();
  const session = useSession();
  const may = useMay();
  const [typed, setTyped] = useState(params.get('search') ?? '');
  const search = useDeferredValue(typed.trim());
  const suspended = params.get('state') === 'suspended';
  const isMine = params.has('mine');
  const ownId = session.status === 'signed-in' ? session.account.id : undefined;
  const filter = { suspended, ...(isMine && ownId && { assigneeId: ownId }) };
  const pages = usePages(
    customersDocument,
    { search: search || null, filter },
    ({ customers: found }) => found,
  );
  function setParam(name: string, value: string): void {
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  }
  return (
    <>
      <div className="title">
        <h1>{customers.title}</h1>
        {may(impersonationsDocument) && (
          <div className="buttons">
            <Link to="/impersonations">{customers.impersonations}</Link>
          </div>
        )}
      </div>
      <Filters isInUse={params.size > 0}>
        <Field
          label={customers.search}
          type="search"
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            setParam('search', target.value.trim());
          }}
        />
        <Select
          label={customers.state}
          value={suspended ? 'suspended' : ''}
          options={[
            ['', customers.everybody],
            ['suspended', customers.suspended],
          ]}
          onChange={({ target }) => setParam('state', target.value)}
        />
        <Checkbox
          label={customers.mine}
          checked={isMine}
          onChange={({ target }) => setParam('mine', target.checked ? 'yes' : '')}
        />
      </Filters>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">
          {search ? customers.noneFound(search) : suspended || isMine ? customers.noneLeft : customers.none}
        </p>
      ) : (
        <DataTable
          label={customers.title}
          columns={columns}
          rows={pages.nodes}
          hasMore={pages.hasNextPage}
          isLoadingMore={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
        />
      )}
    </>
  );
}
