import { useDeferredValue, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { usePages } from '../app/operations.ts';
import { type CustomersQuery, customersDocument } from '../operations.generated.ts';
import { formatDate } from '../texts/index.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Field, Problem, Skeleton } from '../ui/ui.tsx';
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

/** All customers of the tenant, found by address or name. The search is in the address of the page. */
export function Component() {
  const [params, setParams] = useSearchParams();
  const [typed, setTyped] = useState(params.get('search') ?? '');
  const search = useDeferredValue(typed.trim());
  const pages = usePages(customersDocument, { search: search || null }, ({ customers: found }) => found);
  return (
    <>
      <h1>{customers.title}</h1>
      <search>
        <Field
          label={customers.search}
          type="search"
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            setParams(target.value.trim() ? { search: target.value.trim() } : {}, { replace: true });
          }}
        />
      </search>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{search ? customers.noneFound(search) : customers.none}</p>
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
