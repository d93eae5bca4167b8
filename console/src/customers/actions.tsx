import type { TypedDocument } from '@signet/client';
import { type FormEvent, useState } from 'react';
import { useDraft } from '../app/drafts.ts';
import { useMay } from '../app/may.ts';
import { type OperationError, useAction } from '../app/operations.ts';
import { describeError } from '../app/signet.ts';
import {
  correctCustomerEmailDocument,
  endCustomerSessionsDocument,
  impersonateCustomerDocument,
  reinstateCustomerDocument,
  resetCustomerFactorsDocument,
  sendPasswordResetDocument,
  suspendCustomerDocument,
} from '../operations.generated.ts';
import { notify } from '../ui/notices.tsx';
import { Button, Dialog, Field, Problem, Section } from '../ui/ui.tsx';
import type { Customer } from './customer-page.tsx';
import { Impersonate } from './impersonations.tsx';
import { customer as say } from './texts.ts';

type Variables = { id: string; reason?: string; newEmail?: string };
type Act = {
  title: string;
  what: string;
  /** Sent with the fields that the dialog asks for. */
  document: TypedDocument<unknown, Variables>;
  asks?: readonly ('newEmail' | 'reason')[];
  isDangerous?: boolean;
  /** Whether it can be taken back by reinstating. */
  isSuspension?: boolean;
};

/** What may be done about a customer. Each act says what it will do before it does it. */
export function Actions({ customer }: { customer: Customer }) {
  const [act, setAct] = useState<Act>();
  const [isActing, setActing] = useState(false);
  const { id, email, isActive } = customer;
  const may = useMay();
  const reinstate = useAction(reinstateCustomerDocument);
  const all: Act[] = [
    { title: say.endSessions, what: say.endSessionsWhat(email), document: endCustomerSessionsDocument },
    {
      title: say.sendReset,
      what: say.sendResetWhat(email),
      document: sendPasswordResetDocument as Act['document'],
      asks: ['reason'],
    },
    {
      title: say.correctEmail,
      what: say.correctEmailWhat(email),
      document: correctCustomerEmailDocument as Act['document'],
      asks: ['newEmail', 'reason'],
    },
    {
      title: say.resetFactors,
      what: say.resetFactorsWhat(email),
      document: resetCustomerFactorsDocument as Act['document'],
      asks: ['reason'],
      isDangerous: true,
    },
    isActive === false
      ? { title: say.reinstate, what: say.reinstateWhat(email), document: reinstateCustomerDocument }
      : {
          title: say.suspend,
          what: say.suspendWhat(email),
          document: suspendCustomerDocument,
          isDangerous: true,
          isSuspension: true,
        },
  ];
  const acts = all.filter(({ document }) => may(document));
  const mayAct = may(impersonateCustomerDocument) && isActive !== false;
  if (acts.length === 0 && !mayAct && !act && !isActing) return null;
  function onDone({ title, isSuspension }: Act): void {
    setAct(undefined);
    if (isSuspension) offerToReinstate();
    else notify(say.isDone(title));
  }
  function offerToReinstate(): void {
    notify(say.isSuspended(email), () =>
      // Not the callbacks of `mutate`: they are left out where somebody has gone on to another screen.
      reinstate.mutateAsync({ id }).then(
        () => notify(say.isReinstated(email)),
        ({ error }: OperationError) => notify(describeError(error)),
      ),
    );
  }
  return (
    <Section title={say.actions}>
      <div className="buttons">
        {mayAct && <Button onClick={() => setActing(true)}>{say.impersonate}…</Button>}
        {acts.map((one) => (
          <Button key={one.title} kind={one.isDangerous ? 'danger' : 'plain'} onClick={() => setAct(one)}>
            {one.title}…
          </Button>
        ))}
      </div>
      {act && <Confirm act={act} id={id} onDone={() => onDone(act)} onClose={() => setAct(undefined)} />}
      {isActing && <Impersonate customer={customer} onClose={() => setActing(false)} />}
    </Section>
  );
}

/** Says what an act will do, asks for the reason where one is kept, and does it. */
function Confirm(props: { act: Act; id: string; onDone: () => void; onClose: () => void }) {
  const { act, id, onDone, onClose } = props;
  const { asks = [] } = act;
  const [reason, setReason] = useDraft(`${act.title} ${id} reason`);
  const [newEmail, setNewEmail] = useDraft(`${act.title} ${id} address`);
  const action = useAction(act.document);
  function end(then: () => void): void {
    setReason('');
    setNewEmail('');
    then();
  }
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const variables = {
      id,
      ...(asks.includes('reason') && { reason }),
      ...(asks.includes('newEmail') && { newEmail }),
    };
    action.mutate(variables, { onSuccess: () => end(onDone) });
  }
  return (
    <Dialog title={act.title} onClose={() => end(onClose)}>
      <form onSubmit={submit}>
        <p>{act.what}</p>
        {asks.includes('newEmail') && (
          <Field
            label={say.newEmail}
            type="email"
            value={newEmail}
            onChange={({ target }) => setNewEmail(target.value)}
            autoComplete="off"
            required
            autoFocus
          />
        )}
        {asks.includes('reason') && (
          <Field
            label={say.reason}
            value={reason}
            onChange={({ target }) => setReason(target.value)}
            minLength={3}
            maxLength={500}
            required
            autoFocus={asks[0] === 'reason'}
          />
        )}
        {action.error && <Problem error={action.error} />}
        <div className="buttons">
          <Button onClick={() => end(onClose)}>{say.cancel}</Button>
          <Button kind={act.isDangerous ? 'danger' : 'main'} type="submit" disabled={action.isPending}>
            {act.title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A button that says in a dialog what it will do, and does it then. Nothing for a role that may not. */
export function AskFirst<V extends object>(props: {
  title: string;
  /** What it is about, for a screen reader that meets several such buttons. */
  about: string;
  what: string;
  document: TypedDocument<unknown, V>;
  variables: V;
}) {
  const { title, about, what, document, variables } = props;
  const [isOpen, setOpen] = useState(false);
  const may = useMay();
  const action = useAction(document);
  if (!may(document)) return null;
  function submit(): void {
    action.mutate(variables, {
      onSuccess: () => {
        setOpen(false);
        notify(say.isDone(title));
      },
    });
  }
  return (
    <>
      <Button aria-label={`${title}: ${about}`} onClick={() => setOpen(true)}>
        {title}…
      </Button>
      {isOpen && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <p className="text">{about}</p>
          <p>{what}</p>
          {action.error && <Problem error={action.error} />}
          <div className="buttons">
            <Button onClick={() => setOpen(false)}>{say.cancel}</Button>
            <Button kind="danger" disabled={action.isPending} onClick={submit}>
              {title}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
