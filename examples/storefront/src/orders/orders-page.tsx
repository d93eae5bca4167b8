import { useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { Link } from 'react-router';
import { SignedInOnly } from '../account/signed-in-only.tsx';
import { MyOrdersDocument } from '../gql/graphql.ts';
import { formatDateTime, formatMoney, texts } from '../texts/index.ts';
import { Button, Problem, Skeleton, usePageTitle } from '../ui.tsx';

export function Component() {
  usePageTitle(texts.orders.title);
  return (
    <>
      <h1>{texts.orders.title}</h1>
      <SignedInOnly>
        <Orders />
      </SignedInOnly>
    </>
  );
}

function Orders() {
  const { data, error, loading, refetch, fetchMore } = useQuery(MyOrdersDocument, {
    variables: { first: 10 },
    fetchPolicy: 'cache-and-network',
  });
  const orders = data?.myOrders;
  if (error && !orders) return <Problem error={readError(error)} onRetry={() => void refetch()} />;
  if (!orders) return <Skeleton lines={5} />;
  if (orders.edges.length === 0) {
    return (
      <div className="empty">
        <p>{texts.orders.none}</p>
        <Link to="/">{texts.browse.showAll}</Link>
      </div>
    );
  }
  return (
    <>
      <ul className="rows">
        {orders.edges.map(({ node }) => (
          <li key={node.id} className="row">
            <Link to={`/orders/${node.id}`} className="row-main">
              {node.items.map(({ product }) => product?.name ?? texts.orders.unknownProduct).join(', ')}
            </Link>
            <span className="quiet">{formatDateTime(node.placedAt)}</span>
            <OrderState status={node.status} />
            <strong>{formatMoney(node.total)}</strong>
          </li>
        ))}
      </ul>
      {orders.pageInfo.hasNextPage && (
        <p className="more">
          <Button
            disabled={loading}
            onClick={() =>
              void fetchMore({ variables: { after: orders.pageInfo.endCursor ?? null } }).catch(
                () => undefined,
              )
            }
          >
            {texts.orders.more}
          </Button>
        </p>
      )}
    </>
  );
}

export function OrderState({ status }: { status: keyof typeof texts.orders.states }) {
  return <span className={`state ${status.toLowerCase()}`}>{texts.orders.states[status]}</span>;
}
