import { type FormEvent, useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useMay } from '../app/may.ts';
import { useAction, usePages } from '../app/operations.ts';
import {
  endImpersonationDocument,
  type ImpersonateCustomerMutation,
  type ImpersonationReason,
  type ImpersonationsQuery,
  impersonateCustomerDocument,
  impersonationsDocument,
  suspendCustomerDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { notify } from '../ui/notices.tsx';
import { Button, Dialog, Field, Problem, Section, Select, Skeleton } from '../ui/ui.tsx';
import type { Customer } from './customer-page.tsx';
import { impersonation as say } from './texts.ts';

export type Impersonation = NonNullable<ImpersonationsQuery['impersonations']>['edges'][number]['node'];
/** Until when one's own impersonation may begin, by `performance.now()`: the bar looks more often then. */
export const awaited = { untilMs: 0 };

type Grant = ImpersonateCustomerMutation['impersonateCustomer'];

/** Asks why, gets a grant, and leads to the customers' frontend with it. The grant is in this dialog alone, until it is closed. */
export function Impersonate({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const [reasonClass, setReasonClass] = useState<ImpersonationReason>('SUPPORT_REQUEST');
  const [reason, setReason] = useState('');
  const [ticket, setTicket] = useState('');
  const action = useAction(impersonateCustomerDocument);
  const may = useMay();
  const grant = action.data?.impersonateCustomer;
  const name = customer.fullName || customer.email;
  // What corrects needs the scope that changing a customer needs.
  const classes = (['SUPPORT_REQUEST', 'INVESTIGATION', 'CORRECTION'] as const).filter(
    (one) => one !== 'CORRECTION' || may(suspendCustomerDocument),
  );
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    awaited.untilMs = performance.now() + 120_000;
    action.mutate({ input: { customerId: customer.id, reasonClass, reason, ticket } });
  }
  function close(): void {
    action.reset();
    onClose();
  }
  if (grant) return <UseGrant grant={grant} name={name} onClose={close} />;
  return (
    <Dialog title={say.actAs(name)} onClose={close}>
      <form onSubmit={submit}>
        <p>{say.what(name)}</p>
        <Select
          label={say.reasonClass}
          value={reasonClass}
          options={classes.map((one) => [one, say.classes[one]])}
          onChange={({ target }) => setReasonClass(target.value as ImpersonationReason)}
        />
        <p className="quiet">{reasonClass === 'CORRECTION' ? say.corrects : say.reads}</p>
        <Field
          label={say.reason}
          value={reason}
          onChange={({ target }) => setReason(target.value)}
          minLength={3}
          maxLength={500}
          required
          autoFocus
        />
        <Field
          label={say.ticket}
          value={ticket}
          onChange={({ target }) => setTicket(target.value)}
          maxLength={100}
          required
        />
        {action.error && <Problem error={action.error} />}
        <div className="buttons">
          <Button onClick={close}>{say.cancel}</Button>
          <Button kind="main" type="submit" disabled={action.isPending}>
            {say.ask}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function UseGrant({ grant, name, onClose }: { grant: Grant; name: string; onClose: () => void }) {
  // Not `expiresAt`: this device's clock may be wrong. A moment less than the minute, for the way.
  const [endMs] = useState(() => Date.now() + 58_000);
  const leftMs = useTimeLeft(endMs);
  return (
    <Dialog title={say.actAs(name)} onClose={onClose}>
      <div className="choose">
        <p>{leftMs > 0 ? say.granted(name, Math.ceil(leftMs / 1000)) : say.tooLate}</p>
        {leftMs > 0 &&
          (grant.url ? (
            // A tab of its own, which gets neither this page nor where it came from.
            <a
              className="button main"
              href={grant.url}
              target="_blank"
              rel="noopener noreferrer"
              onClick={() => setTimeout(onClose)}
            >
              {say.open}
            </a>
          ) : (
            <>
              <p>{say.noAddress}</p>
              <code className="secret">{grant.grant}</code>
            </>
          ))}
        <Button onClick={onClose}>{say.close}</Button>
      </div>
    </Dialog>
  );
}

/** Milliseconds until `endMs`, counted down each second. */
export function useTimeLeft(endMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  const isOver = now >= endMs;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOver]);
  return Math.max(0, endMs - now);
}

/** `12:05` */
export function formatTimeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The text of where an impersonation stands. */
export function describeState({ isLive, begunAt, endedAt, endReason, expiresAt, createdAt }: Impersonation) {
  if (isLive) return say.live(expiresAt ? formatDateTime(expiresAt) : '');
  if (endedAt) return say.ended(formatDateTime(endedAt), endReason ?? '');
  if (begunAt) return say.over(expiresAt ? formatDateTime(expiresAt) : '');
  return Date.now() - Date.parse(createdAt) < 60_000 ? say.waiting : say.unused;
}

/** Ends one at once. Nothing for one that is over. */
export function EndImpersonation({ impersonation }: { impersonation: Impersonation }) {
  const end = useAction(endImpersonationDocument);
  if (!impersonation.isLive) return null;
  const { id, customer } = impersonation;
  return (
    <>
      <Button
        aria-label={`${say.end}: ${customer?.email ?? ''}`}
        disabled={end.isPending}
        onClick={() => end.mutate({ id }, { onSuccess: () => notify(say.isEnded) })}
      >
        {say.end}
      </Button>
      {end.error && <Problem error={end.error} />}
    </>
  );
}

/** Who acted as this customer lately. */
export function CustomerImpersonations({ customer: { id } }: { customer: Customer }) {
  const filter = { customerId: id };
  const pages = usePages(
    impersonationsDocument,
    { filter, first: 5 },
    ({ impersonations }) => impersonations,
  );
  return (
    <Section title={say.ofCustomer}>
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{say.never}</p>
      ) : (
        <ul className="list">
          {pages.nodes.map((one) => (
            <li key={one.id} className="with-button">
              <div>
                <span>
                  {[one.staff?.fullName, say.classes[one.reasonClass], one.ticket]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
                <span className="quiet">
                  {formatDateTime(one.createdAt)} · {describeState(one)}
                </span>
              </div>
              <EndImpersonation impersonation={one} />
            </li>
          ))}
        </ul>
      )}
      {pages.hasNextPage && <Link to={`/impersonations?customer=${id}`}>{say.all}</Link>}
    </Section>
  );
}
