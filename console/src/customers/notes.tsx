import { useSession } from '@signet/client/react';
import { type FormEvent, useId } from 'react';
import { useDraft } from '../app/drafts.ts';
import { useMay } from '../app/may.ts';
import { type OperationError, useAction, usePages } from '../app/operations.ts';
import { describeError } from '../app/signet.ts';
import {
  addSupportNoteDocument,
  type CustomerNotesQuery,
  customerNotesDocument,
  deleteSupportNoteDocument,
} from '../operations.generated.ts';
import { formatDateTime } from '../texts/index.ts';
import { notify } from '../ui/notices.tsx';
import { Button, Problem, Section } from '../ui/ui.tsx';
import { customer as say } from './texts.ts';

type Connection = NonNullable<NonNullable<CustomerNotesQuery['customer']>['supportNotes']>;
type Note = Connection['edges'][number]['node'];

/** Asked for beside the customer: a card that fills later moves what is below it. */
export function useNotes(id: string) {
  return usePages(customerNotesDocument, { id }, ({ customer }) => customer?.supportNotes);
}

/** What staff wrote about a customer. One's own note can be deleted, and both can be taken back for ten seconds. */
export function Notes({ id, pages }: { id: string; pages: ReturnType<typeof useNotes> }) {
  const add = useAction(addSupportNoteDocument);
  const remove = useAction(deleteSupportNoteDocument);
  const [body, setBody] = useDraft(`note ${id}`);
  const input = useId();
  const may = useMay();
  const session = useSession();
  const ownId = session.status === 'signed-in' ? session.account.id : undefined;
  // Not a callback of `mutate`, which is left out where somebody has gone on to another screen.
  const tell = ({ error }: OperationError) => notify(describeError(error));

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    add.mutate(
      { id, body },
      {
        onSuccess: ({ addSupportNote }) => {
          setBody('');
          notify(say.noteAdded, () => remove.mutateAsync({ id: addSupportNote.id }).catch(tell));
        },
      },
    );
  }
  function takeAway(note: Note): void {
    remove.mutate(
      { id: note.id },
      {
        onSuccess: () => notify(say.noteDeleted, () => add.mutateAsync({ id, body: note.body }).catch(tell)),
        onError: tell,
      },
    );
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
          {add.error &&
            (add.error.error.reason === 'authz.permission.deny' ? (
              <p className="field-error" role="alert">
                {say.notResponsible}
              </p>
            ) : (
              <Problem error={add.error} />
            ))}
          <Button type="submit" disabled={add.isPending}>
            {say.addNote}
          </Button>
        </form>
      )}
      {pages.error ? (
        <Problem error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.nodes.length === 0 ? (
        <p className="empty">{say.noNotes}</p>
      ) : (
        <ul className="list">
          {pages.nodes.map((note) => (
            <li key={note.id} className="with-button">
              <div>
                <span className="text">{note.body}</span>
                <span className="quiet">
                  {[note.author?.fullName, formatDateTime(note.createdAt)].filter(Boolean).join(' · ')}
                </span>
              </div>
              {note.author?.id === ownId && may(deleteSupportNoteDocument) && (
                <Button
                  aria-label={`${say.deleteNote}: ${note.body.slice(0, 40)}`}
                  disabled={remove.isPending}
                  onClick={() => takeAway(note)}
                >
                  {say.deleteNote}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {pages.hasNextPage && (
        <Button kind="link" disabled={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
          {say.earlierNotes}
        </Button>
      )}
    </Section>
  );
}
