import {
  Button,
  choose,
  Facts,
  formatDate,
  formatDateTime,
  locale,
  Problem,
  Section,
  Skeleton,
  useOperation,
  usePages,
} from '@signet/console';
import { useState } from 'react';
import {
  type CustomerOrdersQuery,
  customerOrderDocument,
  customerOrdersDocument,
} from './operations.generated.ts';

const texts = choose({
  en: {
    title: 'Orders',
    none: 'No orders.',
    more: 'More orders',
    number: 'Number',
    placed: 'Placed',
    shipped: 'Shipped',
    cancelled: 'Cancelled',
    expired: 'Expired',
    reserved: 'Stock reserved until',
    gone: 'This order is not there any more.',
    noProduct: 'a product of which nothing is known now',
    each: (price: string) => `${price} each`,
    states: { PLACED: 'placed', SHIPPED: 'shipped', CANCELLED: 'cancelled', EXPIRED: 'expired' },
  },
  de: {
    title: 'Bestellungen',
    none: 'Keine Bestellungen.',
    more: 'Weitere Bestellungen',
    number: 'Nummer',
    placed: 'Bestellt',
    shipped: 'Versendet',
    cancelled: 'Storniert',
    expired: 'Verfallen',
    reserved: 'Ware reserviert bis',
    gone: 'Diese Bestellung gibt es nicht mehr.',
    noProduct: 'ein Produkt, von dem gerade nichts bekannt ist',
    each: (price) => `je ${price}`,
    states: { PLACED: 'bestellt', SHIPPED: 'versendet', CANCELLED: 'storniert', EXPIRED: 'verfallen' },
  },
});

type Orders = NonNullable<NonNullable<CustomerOrdersQuery['customer']>['orders']>;
type Order = Orders['edges'][number]['node'];

/** The customer's orders, latest first, on their page of the console. Each opens to what was ordered. */
export default function CustomerPanel({ customerId }: { customerId: string }) {
  const pages = usePages(customerOrdersDocument, { id: customerId }, ({ customer }) => customer?.orders);
  const { error, isPending, nodes: orders } = pages;
  if (error) return <Problem error={error} onRetry={() => pages.refetch()} />;
  // Not for this role, or not to be had now: that is not the same as none.
  if (!isPending && !pages.data?.pages.some(({ customer }) => customer?.orders)) return null;
  return (
    <Section title={texts.title}>
      {isPending && <Skeleton />}
      {!isPending && orders.length === 0 && <p className="empty">{texts.none}</p>}
      <ul className="list">
        {orders.map((order) => (
          <OrderLine key={order.id} order={order} />
        ))}
      </ul>
      {pages.hasNextPage && (
        <div className="buttons">
          <Button disabled={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
            {texts.more}
          </Button>
        </div>
      )}
    </Section>
  );
}

function OrderLine({ order }: { order: Order }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          {formatMoney(order.total)}{' '}
          <span className="quiet">
            {[`…${order.id.slice(-8)}`, texts.states[order.status], formatDate(order.placedAt)].join(' · ')}
          </span>
        </summary>
        {isOpen && <OpenOrder id={order.id} />}
      </details>
    </li>
  );
}

function OpenOrder({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useOperation(customerOrderDocument, { id });
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (isPending) return <Skeleton lines={4} />;
  const { order } = data;
  if (!order) return <p className="empty">{texts.gone}</p>;
  const when = (at: string | null) => at && formatDateTime(at);
  return (
    <>
      <ul className="short">
        {order.items.map(({ product, quantity, unitPrice, lineTotal }, index) => (
          <li key={product?.id ?? index}>
            {`${quantity} × ${product?.name ?? texts.noProduct}: ${formatMoney(lineTotal)}`}
            {quantity > 1 && <span className="quiet">{` (${texts.each(formatMoney(unitPrice))})`}</span>}
          </li>
        ))}
      </ul>
      <Facts
        facts={[
          [texts.number, <code key="number">{order.id}</code>],
          [texts.placed, when(order.placedAt)],
          [texts.shipped, when(order.shippedAt)],
          [texts.cancelled, when(order.cancelledAt)],
          [texts.expired, when(order.expiredAt)],
          [texts.reserved, when(order.reservedUntil)],
        ]}
      />
    </>
  );
}

/** @param amount in the currency's minor unit */
function formatMoney({ amount, currency }: { amount: number; currency: string }): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
