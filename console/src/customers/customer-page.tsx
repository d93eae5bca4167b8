import type { TypedDocument } from '@signet/client';
import { type FormEvent, useId, useState } from 'react';
import { Link, useParams } from 'react-router';
import { useMay } from '../app/may.ts';
import { useAction, useOperation } from '../app/operations.ts';
import {
  addSupportNoteDocument,
  auditLogDocument,
  type CustomerQuery,
  customerDocument,
  endCustomerSessionsDocument,
  reinstateCustomerDocument,
  resetCustomerFactorsDocument,
  sendPasswordResetDocument,
  suspendCustomerDocument,
} from '../operations.generated.ts';
import { formatDate, formatDateTime } from '../texts/index.ts';
import { Button, Dialog, Field, Problem, Section, Skeleton } from '../ui/ui.tsx';
import { ActiveState } from './customers-page.tsx';
import { customerPanels } from './panels.ts';
import { customer as say, customers as shared } from './texts.ts';

type Customer = NonNullable<CustomerQuery['customer']>;

/** Everything about one customer that the role may see, and what it may do. */
export function Component() {
  const { id = '' } = useParams();
  const { data, error, isPending, refetch } = useOperation(customerDocument, { id });
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (isPending) return <Skeleton lines={8} />;
  const { customer } = data;
  if (!customer) return <p className="empty">{shared.gone}</p>;
  return (
    <>
      <div className="title">
        <h1>{customer.fullName || customer.email}</h1>
        <ActiveState isActive={customer.isActive} />
      </div>
      <p className="quiet">
        {customer.email} ({customer.emailVerified ? shared.verified : shared.unverified}) · {shared.since}{' '}
        {formatDate(customer.createdAt)}
      </p>
      <div className="columns">
        <Actions customer={customer} />
        <Sessions customer={customer} />
        <Factors customer={customer} />
        {customerPanels.map(({ name, Panel }) => (
          <Panel key={name} customerId={customer.id} />
        ))}
        <Notes customer={customer} />
      </div>
    </>
  );
}

function Sessions({ customer: { sessions } }: { customer: Customer }) {
  if (!sessions) return null;
  return (
    <Section title={say.sessions}>
      {sessions.length === 0 ? (
        <p className="empty">{say.noSessions}</p>
      ) : (
        <ul className="list">
          {sessions.map((session) => (
            <li key={session.id}>
              <span className="clip" title={session.device}>
                {session.device || '–'}
              </span>
              <span className="quiet">
                {[
                  session.address,
                  session.methods.join(', '),
                  `${say.lastUsed} ${formatDateTime(session.lastUsedAt)}`,
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Factors({ customer: { factors } }: { customer: Customer }) {
  if (!factors) return null;
  return (
    <Section title={say.factors}>
      {factors.length === 0 ? (
        <p className="empty">{say.noFactors}</p>
      ) : (
        <ul className="list">
          {factors.map((factor) => (
            <li key={`${factor.kind} ${factor.createdAt}`}>
              <span>{factor.kind.toLowerCase().replaceAll('_', ' ')}</span>
              <span className="quiet">{formatDate(factor.createdAt)}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Notes({ customer: { id, supportNotes } }: { customer: Customer }) {
  const add = useAction(addSupportNoteDocument);
  const [body, setBody] = useState('');
  const input = useId();
  const may = useMay();
  if (!supportNotes) return null;
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    add.mutate({ id, body }, { onSuccess: () => setBody('') });
  }
  return (
    <Section title={say.notes}>
      {may(addSupportNoteDocument) && (
        <form onSubmit={submit}>
          <div className="field">
            <label htmlFor={input}>{say.addNote}</label>
            <textarea
              id={input}
              required
              maxLength={4000}
              rows={3}
              value={body}
              onChange={({ target }) => setBody(target.value)}
            />
          </div>
          {add.error && <Problem error={add.error} />}
          <Button type="submit" disabled={add.isPending}>
            {say.addNote}
          </Button>
        </form>
      )}
      {supportNotes.edges.length === 0 ? (
        <p className="empty">{say.noNotes}</p>
      ) : (
        <ul className="list">
          {supportNotes.edges.map(({ node }) => (
            <li key={node.id}>
              <span className="text">{node.body}</span>
              <span className="quiet">
                {[node.author?.fullName, formatDateTime(node.createdAt)].filter(Boolean).join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

type WithId = { id: string };
type Act = { title: string; what: string; isDangerous?: boolean } & (
  | { document: TypedDocument<unknown, WithId>; asksReason?: false }
  | { document: TypedDocument<unknown, WithId & { reason: string }>; asksReason: true }
);

function Actions({ customer }: { customer: Customer }) {
  const [act, setAct] = useState<Act>();
  // Here, since the dialog goes while a session is over.
  const [reason, setReason] = useState('');
  const { id, email, isActive } = customer;
  const may = useMay();
  const all: Act[] = [
    { title: say.endSessions, what: say.endSessionsWhat(email), document: endCustomerSessionsDocument },
    {
      title: say.sendReset,
      what: say.sendResetWhat(email),
      document: sendPasswordResetDocument,
      asksReason: true,
    },
    {
      title: say.resetFactors,
      what: say.resetFactorsWhat(email),
      document: resetCustomerFactorsDocument,
      asksReason: true,
      isDangerous: true,
    },
    isActive === false
      ? { title: say.reinstate, what: email, document: reinstateCustomerDocument }
      : {
          title: say.suspend,
          what: say.suspendWhat(email),
          document: suspendCustomerDocument,
          isDangerous: true,
        },
  ];
  const acts = all.filter(({ document }) => may(document));
  if (acts.length === 0) return null;
  function open(one: Act): void {
    setReason('');
    setAct(one);
  }
  return (
    <Section title={say.actions}>
      <div className="buttons">
        {acts.map((one) => (
          <Button key={one.title} kind={one.isDangerous ? 'danger' : 'plain'} onClick={() => open(one)}>
            {one.title}…
          </Button>
        ))}
        {may(auditLogDocument) && <Link to={`/audit?subject=${id}`}>{say.history}</Link>}
      </div>
      {act && (
        <Confirm act={act} id={id} reason={reason} onReason={setReason} onClose={() => setAct(undefined)} />
      )}
    </Section>
  );
}

/** Says what an act will do, asks for the reason where one is kept, and does it. */
function Confirm(props: {
  act: Act;
  id: string;
  reason: string;
  onReason: (reason: string) => void;
  onClose: () => void;
}) {
  const { act, id, reason, onReason, onClose } = props;
  const action = useAction(act.document as TypedDocument<unknown, WithId & { reason?: string }>);
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    action.mutate({ id, ...(act.asksReason && { reason }) }, { onSuccess: onClose });
  }
  return (
    <Dialog title={act.title} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{act.what}</p>
        {act.asksReason && (
          <Field
            label={say.reason}
            value={reason}
            onChange={({ target }) => onReason(target.value)}
            minLength={3}
            maxLength={500}
            required
            autoFocus
          />
        )}
        {action.error && <Problem error={action.error} />}
        <div className="buttons">
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind={act.isDangerous ? 'danger' : 'main'} type="submit" disabled={action.isPending}>
            {act.title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
