import { choose, formatDate, language, Problem, Section, Skeleton, useOperation } from '@signet/console';
import { customerOrdersDocument } from './operations.generated.ts';

const texts = choose({
  en: {
    title: 'Orders',
    none: 'No orders.',
    states: { PLACED: 'placed', SHIPPED: 'shipped', CANCELLED: 'cancelled', EXPIRED: 'expired' },
  },
  de: {
    title: 'Bestellungen',
    none: 'Keine Bestellungen.',
    states: { PLACED: 'bestellt', SHIPPED: 'versendet', CANCELLED: 'storniert', EXPIRED: 'verfallen' },
  },
});

/** The customer's latest orders, on their page of the console. */
export default function CustomerPanel({ customerId }: { customerId: string }) {
  const { data, error, isPending, refetch } = useOperation(customerOrdersDocument, { id: customerId });
  if (error) return <Problem error={error} onRetry={refetch} />;
  const orders = data?.customer?.orders?.edges;
  // Not for this role, or not to be had now: that is not the same as none.
  if (!isPending && !orders) return null;
  return (
    <Section title={texts.title}>
      {isPending && <Skeleton />}
      {orders?.length === 0 && <p className="empty">{texts.none}</p>}
      <ul className="list">
        {orders?.map(({ node }) => (
          <li key={node.id}>
            <span>{formatMoney(node.total)}</span>
            <span className="quiet">{`${texts.states[node.status]} · ${formatDate(node.placedAt)}`}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** @param amount in the currency's minor unit */
function formatMoney({ amount, currency }: { amount: number; currency: string }): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
