import { useSession } from '@signet/client/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Link } from 'react-router';
import { send } from '../app/operations.ts';
import { impersonationsDocument } from '../operations.generated.ts';
import { EndImpersonation, formatTimeLeft, type Impersonation, useTimeLeft } from './impersonations.tsx';
import { impersonation as say } from './texts.ts';

/**
 * On every screen, as long as the member of staff acts as a customer in another tab: as whom, how long still, and a button to end it. It
 * asks again while one may begin or be ended elsewhere, and not at all where there is none.
 */
export default function ImpersonationBar(): ReactNode {
  const session = useSession();
  const staffId = session.status === 'signed-in' ? session.account.id : undefined;
  const filter = { staffId: staffId ?? null };
  const { data } = useQuery({
    queryKey: [impersonationsDocument, 'own', filter],
    queryFn: () => send(impersonationsDocument, { filter, first: 5 }),
    enabled: staffId !== undefined,
    refetchInterval: ({ state }) => {
      const nodes = state.data?.impersonations?.edges.map(({ node }) => node) ?? [];
      if (nodes.some(isWaiting)) return 2000;
      return nodes.some(({ isLive }) => isLive) ? 5000 : false;
    },
  });
  const live = data?.impersonations?.edges.map(({ node }) => node).filter(({ isLive }) => isLive) ?? [];
  return (
    <>
      {live.map((one) => (
        <Running key={one.id} impersonation={one} />
      ))}
    </>
  );
}

/** The customers' frontend may exchange its grant at any moment. */
function isWaiting({ begunAt, endedAt, createdAt }: Impersonation): boolean {
  return !begunAt && !endedAt && Date.now() - Date.parse(createdAt) < 90_000;
}

function Running({ impersonation }: { impersonation: Impersonation }) {
  const { customer, expiresAt } = impersonation;
  const leftMs = useTimeLeft(Date.parse(expiresAt ?? ''));
  const queries = useQueryClient();
  const isOver = leftMs === 0;
  useEffect(() => {
    if (isOver) void queries.invalidateQueries({ queryKey: [impersonationsDocument] });
  }, [isOver, queries]);
  if (isOver || !customer) return null;
  return (
    <section className="notice acting" aria-label={say.title}>
      <span>
        {say.youAct} <Link to={`/customers/${customer.id}`}>{customer.fullName || customer.email}</Link>,{' '}
        <span role="timer">{say.left(formatTimeLeft(leftMs))}</span>
      </span>
      <EndImpersonation impersonation={impersonation} />
    </section>
  );
}
