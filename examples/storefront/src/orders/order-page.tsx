import { useMutation, useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { useSession } from '@signet/client/react';
import { useState } from 'react';
import { Link, useLocation, useParams } from 'react-router';
import { SignedInOnly } from '../account/signed-in-only.tsx';
import { toOutcome, useAttempt } from '../errors.ts';
import { CancelOrderDocument, OrderDocument, type OrderSummaryFragment } from '../gql/graphql.ts';
import { formatDateTime, formatMoney, texts } from '../texts/index.ts';
import { Button, Confirm, Problem, Skeleton, usePageTitle } from '../ui.tsx';
import { OrderState } from './orders-page.tsx';

export function Component() {
  usePageTitle(texts.orders.one);
  return (
    <>
      <p>
        <Link to="/orders">{texts.orders.back}</Link>
      </p>
      <SignedInOnly>
        <OrderOfAddress />
      </SignedInOnly>
    </>
  );
}

function OrderOfAddress() {
  const { id = '' } = useParams();
  const { data, error, loading, refetch } = useQuery(OrderDocument, { variables: { id } });
  const isNew = (useLocation().state as { isNew?: boolean } | null)?.isNew === true;
  if (error) return <Problem error={readError(error)} onRetry={() => void refetch()} />;
  if (loading) return <Skeleton lines={6} />;
  if (!data?.order) return <h1>{texts.orders.gone}</h1>;
  return <OrderDetails order={data.order} isNew={isNew} />;
}

function OrderDetails({ order, isNew }: { order: OrderSummaryFragment; isNew: boolean }) {
  const session = useSession();
  const [cancel] = useMutation(CancelOrderDocument);
  const { isBusy, error, setError, attempt } = useAttempt();
  const [isAsking, setAsking] = useState(false);
  const mayCancel =
    order.status === 'PLACED' &&
    session.status === 'signed-in' &&
    session.account.scopes.includes('orders:write');
  const close = () => {
    setAsking(false);
    setError(undefined);
  };
  return (
    <>
      {isNew && (
        <p className="notice good" role="status">
          {texts.orders.placed}
        </p>
      )}
      <div className="title-row">
        <h1>{texts.orders.of(formatDateTime(order.placedAt))}</h1>
        <OrderState status={order.status} />
      </div>
      <p className="quiet">{describeState(order)}</p>
      <p className="quiet">{texts.orders.number(order.id)}</p>
      <table className="lines">
        <caption className="hidden">{texts.orders.items}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.orders.product}</th>
            <th scope="col">{texts.orders.quantity}</th>
            <th scope="col">{texts.orders.price}</th>
          </tr>
        </thead>
        <tbody>
          {order.items.map(({ product, quantity, lineTotal }, index) => (
            <tr key={product?.id ?? index}>
              <td>
                {product ? (
                  <Link to={`/products/${product.id}`}>{product.name}</Link>
                ) : (
                  texts.orders.unknownProduct
                )}
              </td>
              <td>{quantity}</td>
              <td>{formatMoney(lineTotal)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={2}>
              {texts.orders.total}
            </th>
            <td>{formatMoney(order.total)}</td>
          </tr>
        </tfoot>
      </table>
      {mayCancel && <Button onClick={() => setAsking(true)}>{texts.orders.cancel}</Button>}
      {isAsking && (
        <Confirm
          title={texts.orders.cancelTitle}
          text={texts.orders.cancelText}
          action={texts.orders.cancelNow}
          isBusy={isBusy}
          error={error}
          onClose={close}
          onConfirm={async () => {
            if (await attempt(() => toOutcome(cancel({ variables: { id: order.id } })))) close();
          }}
        />
      )}
    </>
  );
}

function describeState({
  status,
  reservedUntil,
  shippedAt,
  cancelledAt,
  expiredAt,
}: OrderSummaryFragment): string {
  const at = shippedAt ?? cancelledAt ?? expiredAt ?? reservedUntil;
  return at ? texts.orders.when[status](formatDateTime(at)) : '';
}
