import { useSession } from '@signet/client/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Link } from 'react-router';
import { send } from '../app/operations.ts';
import { impersonationsDocument } from '../operations.generated.ts';
import {
  awaited,
  EndImpersonation,
  formatTimeLeft,
  type Impersonation,
  useTimeLeft,
} from './impersonations.tsx';
import { impersonation as say } from './texts.ts';

/** docs/impersonation.md, with some seconds more. */
const longestMs = 910_000;

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
      if (performance.now() < awaited.untilMs) return 2000;
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

function Running({ impersonation }: { impersonation: Impersonation }) {
  const { customer, expiresAt } = impersonation;
  const leftMs = useTimeLeft(Date.parse(expiresAt ?? ''));
  const queries = useQueryClient();
  const isOver = leftMs === 0;
  // The server says when it is over: where the clock of this device is wrong, there is no time to show.
  const isClockRight = leftMs > 0 && leftMs <= longestMs;
  useEffect(() => {
    if (isOver) void queries.invalidateQueries({ queryKey: [impersonationsDocument] });
  }, [isOver, queries]);
  if (!customer) return null;
  return (
    <section className="notice acting" aria-label={say.title}>
      <span>
        {say.youAct} <Link to={`/customers/${customer.id}`}>{customer.fullName || customer.email}</Link>
        {isClockRight && (
          <>
            , <span role="timer">{say.left(formatTimeLeft(leftMs))}</span>
          </>
        )}
      </span>
      <EndImpersonation impersonation={impersonation} />
    </section>
  );
}
