import { useSession } from '@signet/client/react';
import { Link, useSearchParams } from 'react-router';
import { usePages } from '../app/operations.ts';
import { impersonationsDocument } from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Button, Checkbox, Filters, Problem, Skeleton } from '../ui/ui.tsx';
import { describeState, EndImpersonation, type Impersonation } from './impersonations.tsx';
import { impersonation as say } from './texts.ts';

const columns: Column<Impersonation>[] = [
  {
    name: say.when,
    width: 'minmax(12.5rem, 1fr)',
    cell: ({ createdAt }) => formatDateTime(createdAt),
  },
  { name: say.who, width: 'minmax(8rem, 1fr)', cell: ({ staff }) => staff?.fullName ?? '–' },
  {
    name: say.customer,
    width: 'minmax(10rem, 2fr)',
    cell: ({ customer }) =>
      customer ? (
        <Link to={`/customers/${customer.id}`}>{customer.fullName || customer.email}</Link>
      ) : (
        say.erased
      ),
  },
  {
    name: say.why,
    width: 'minmax(12rem, 3fr)',
    cell: ({ reasonClass, ticket, reason }) => `${say.classes[reasonClass]} · ${ticket} · ${reason}`,
  },
  { name: say.state, width: 'minmax(12rem, 2fr)', cell: describeState },
  {
    name: say.end,
    width: '7rem',
    cell: (one) => <EndImpersonation impersonation={one} />,
  },
];

/** When staff acted as customers, latest first: all of the tenant, one's own, or those of one customer. */
export function Component() {
  const [params, setParams] = useSearchParams();
  const session = useSession();
  const staffId = session.status === 'signed-in' ? session.account.id : undefined;
  const customerId = params.get('customer') ?? undefined;
  const isMine = params.has('mine');
  const filter = { ...(customerId && { customerId }), ...(isMine && staffId && { staffId }) };
  const pages = usePages(
    impersonationsDocument,
    { filter, first: 50 },
    ({ impersonations }) => impersonations,
  );
  return (
    <>
      <h1>{say.title}</h1>
      <Filters isInUse={params.size > 0}>
        <Checkbox
          label={say.mine}
          checked={isMine}
          onChange={({ target }) =>
            setParams(
              { ...(customerId && { customer: customerId }), ...(target.checked && { mine: 'yes' }) },
              { replace: true },
            )
          }
        />
        {customerId && (
          <Button onClick={() => setParams(isMine ? { mine: 'yes' } : {}, { replace: true })}>
            {say.all}
          </Button>
        )}
      </Filters>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton lines={10} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{say.never}</p>
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
    </>
  );
}
