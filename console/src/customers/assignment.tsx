import { useSession } from '@signet/client/react';
import { useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { useMay } from '../app/may.ts';
import { OperationError, renewAll, send, useOperation } from '../app/operations.ts';
import { accountSignal, describeError } from '../app/signet.ts';
import {
  assignableStaffDocument,
  assignCustomerDocument,
  unassignCustomerDocument,
} from '../operations.generated.ts';
import { notify } from '../ui/notices.tsx';
import { Button, Dialog, Field, Problem, Section, Skeleton } from '../ui/ui.tsx';
import type { Customer } from './customer-page.tsx';
import { customer as say } from './texts.ts';

type Member = { id: string; fullName: string };

/** Who is responsible for a customer: assign somebody, take over, free somebody. Each can be taken back for ten seconds. */
export function Assignment({ customer: { id, assignees } }: { customer: Customer }) {
  const [isChoosing, setChoosing] = useState(false);
  const { isBusy, error, change } = useAssignment(id);
  const may = useMay();
  const session = useSession();
  if (!assignees) return null;
  const own = session.status === 'signed-in' ? { id: session.account.id, fullName: say.myself } : undefined;
  const mayChange = may(assignCustomerDocument) && may(unassignCustomerDocument);
  const others = assignees.filter((member) => member.id !== own?.id);
  const isMine = others.length < assignees.length;
  return (
    <Section title={say.assignees}>
      {assignees.length === 0 ? (
        <p className="empty">{say.nobody}</p>
      ) : (
        <ul className="list">
          {assignees.map((member) => (
            <li key={member.id} className="with-button">
              <span>{member.fullName}</span>
              {mayChange && (
                <Button
                  aria-label={`${say.unassign}: ${member.fullName}`}
                  disabled={isBusy}
                  onClick={() => change([], [member], say.isUnassigned(member.fullName))}
                >
                  {say.unassign}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      <p className="quiet">{say.assigneesWhat}</p>
      {error && <Problem error={error} />}
      {mayChange && (
        <div className="buttons">
          {own && (!isMine || others.length > 0) && (
            <Button
              disabled={isBusy}
              title={others.length > 0 ? say.takeOverWhat : undefined}
              onClick={() => change(isMine ? [] : [own], others, say.isTakenOver)}
            >
              {say.takeOver}
            </Button>
          )}
          <Button disabled={isBusy} onClick={() => setChoosing(true)}>
            {say.assign}…
          </Button>
        </div>
      )}
      {isChoosing && (
        <ChooseMember
          without={assignees}
          onClose={() => setChoosing(false)}
          onChoose={(member) => {
            setChoosing(false);
            void change([member], [], say.isAssigned(member.fullName));
          }}
        />
      )}
    </Section>
  );
}

/** Adds and frees members of staff one after the other, so that the customer is never without anybody in between. */
function useAssignment(id: string) {
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<OperationError>();

  async function change(added: readonly Member[], freed: readonly Member[], done: string, isUndo = false) {
    setBusy(true);
    setError(undefined);
    const signal = accountSignal();
    try {
      for (const { id: staffId } of added) await send(assignCustomerDocument, { id, staffId }, signal);
      for (const { id: staffId } of freed) await send(unassignCustomerDocument, { id, staffId }, signal);
      if (isUndo) notify(done);
      else notify(done, () => void change(freed, added, say.isTakenBack, true));
    } catch (thrown) {
      if (!(thrown instanceof OperationError)) throw thrown;
      // This screen is gone where somebody else has signed in, and some of it may be done.
      if (isUndo || signal.aborted) notify(describeError(thrown.error));
      else setError(thrown);
    } finally {
      setBusy(false);
      await renewAll(queries);
    }
  }
  return { isBusy, error, change };
}

function ChooseMember(props: {
  without: readonly Member[];
  onChoose: (member: Member) => void;
  onClose: () => void;
}) {
  const { without, onChoose, onClose } = props;
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed.trim());
  const { data, error, isPending, refetch } = useOperation(assignableStaffDocument, {
    search: search || null,
  });
  const found = data?.assignableStaff?.filter(({ id }) => without.every((member) => member.id !== id));
  return (
    <Dialog title={say.assign} onClose={onClose}>
      <div className="choose">
        <Field
          label={say.searchStaff}
          type="search"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          autoFocus
        />
        {error ? (
          <Problem error={error} onRetry={refetch} />
        ) : isPending ? (
          <Skeleton lines={5} />
        ) : found?.length ? (
          <ul className="list choices">
            {found.map((member) => (
              <li key={member.id}>
                <Button kind="link" onClick={() => onChoose(member)}>
                  {member.fullName} <span className="quiet">{member.email}</span>
                </Button>
              </li>
            ))}
          </ul>
        ) : (
          <p className="empty">{say.noStaff}</p>
        )}
        <Button onClick={onClose}>{say.cancel}</Button>
      </div>
    </Dialog>
  );
}
