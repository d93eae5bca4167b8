import { Chart, choose, Problem, Section, Skeleton, Tiles, useLive } from '@signet/console';
import { type DashboardOrdersQueryVariables, dashboardOrdersDocument } from './operations.generated.ts';

const texts = choose({
  en: {
    title: 'Orders',
    chart: 'Orders by when they were placed',
    lastDay: 'Placed in 24 hours',
    open: 'To be shipped',
    states: { placed: 'To be shipped', shipped: 'Shipped', cancelled: 'Cancelled', expired: 'Expired' },
  },
  de: {
    title: 'Bestellungen',
    chart: 'Bestellungen nach Bestellzeit',
    lastDay: 'Bestellt in 24 Stunden',
    open: 'Zu versenden',
    states: { placed: 'Zu versenden', shipped: 'Versendet', cancelled: 'Storniert', expired: 'Verfallen' },
  },
});

/** The shop's part of the dashboard. */
export default function DashboardPanel({ range }: { range: DashboardOrdersQueryVariables['range'] }) {
  const { data, error, isPending, refetch } = useLive(dashboardOrdersDocument, { range });
  const { orders, ordersPlaced } = data?.dashboard ?? {};
  // Not for this role, or not to be had now: that is not the same as none.
  if (!isPending && !error && !orders && !ordersPlaced) return null;
  return (
    <Section title={texts.title}>
      <div className="fact first">
        {error && !data && <Problem error={error} onRetry={refetch} />}
        {isPending && <Skeleton lines={5} />}
        {orders && (
          <Tiles
            tiles={[
              { label: texts.lastDay, value: orders.placedLastDay },
              { label: texts.open, value: orders.placed },
            ]}
          />
        )}
        {ordersPlaced && (
          <Chart
            title={texts.chart}
            timeline={ordersPlaced}
            series={ordersPlaced.series.map(({ name, values }) => ({
              name,
              label: texts.states[name as keyof typeof texts.states] ?? name,
              values,
            }))}
          />
        )}
      </div>
    </Section>
  );
}
