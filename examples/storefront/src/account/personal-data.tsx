import { useApolloClient, useMutation, useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { useState } from 'react';
import { toOutcome, useAttempt } from '../errors.ts';
import {
  AccountDeletionDocument,
  DeleteAccountDocument,
  ExportAccountDocument,
  ExportedDataDocument,
  PersonalDataDocument,
} from '../gql/graphql.ts';
import { formatDateTime, texts } from '../texts/index.ts';
import { Button, Card, Confirm, Problem, Refusal, Skeleton } from '../ui.tsx';

const { data: words } = texts;

/** A copy of all that is kept of a person, and the end of the account. */
export function PersonalData() {
  const apollo = useApolloClient();
  const { data, error, refetch } = useQuery(PersonalDataDocument, {
    errorPolicy: 'all',
    fetchPolicy: 'cache-and-network',
  });
  const [ask] = useMutation(ExportAccountDocument);
  const copies = useAttempt();
  async function download(id: string): Promise<void> {
    const answer = await copies.attempt(() =>
      // A copy of everything is not for the cache.
      toOutcome(apollo.query({ query: ExportedDataDocument, fetchPolicy: 'no-cache' })),
    );
    const copy = answer?.accountExports?.find((one) => one.id === id)?.data;
    if (!copy) return;
    const url = URL.createObjectURL(
      new Blob([JSON.stringify(copy, undefined, 2)], { type: 'application/json' }),
    );
    const link = document.createElement('a');
    link.href = url;
    link.download = 'my-data.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
  return (
    <>
      <Card title={words.title}>
        <p>{words.why}</p>
        {data?.accountExports ? (
          <ul className="list">
            {data.accountExports.map(({ id, createdAt, completedAt, expiresAt }) => (
              <li key={id}>
                <span>
                  {words.copyOf(formatDateTime(createdAt))}
                  <br />
                  <span className="quiet">
                    {completedAt ? expiresAt && words.until(formatDateTime(expiresAt)) : words.waiting}
                  </span>
                </span>
                {completedAt ? (
                  <Button disabled={copies.isBusy} onClick={() => void download(id)}>
                    {words.download}
                  </Button>
                ) : (
                  <Button kind="link" onClick={() => void refetch()}>
                    {words.look}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        ) : error ? (
          <Problem error={readError(error)} onRetry={() => void refetch()} />
        ) : (
          <Skeleton />
        )}
        <Refusal error={copies.error} />
        <Button
          disabled={copies.isBusy}
          onClick={async () => {
            if (await copies.attempt(() => toOutcome(ask()))) void refetch();
          }}
        >
          {words.ask}
        </Button>
      </Card>
      <Deletion isAsked={Boolean(data?.accountDeletion)} />
    </>
  );
}

function Deletion({ isAsked }: { isAsked: boolean }) {
  const [remove] = useMutation(DeleteAccountDocument, {
    refetchQueries: [AccountDeletionDocument, PersonalDataDocument],
  });
  const [isAsking, setAsking] = useState(false);
  const { isBusy, error, setError, attempt } = useAttempt();
  const close = () => {
    setAsking(false);
    setError(undefined);
  };
  return (
    <Card title={texts.deletion.title}>
      <p>{isAsked ? texts.deletion.asked : texts.deletion.why}</p>
      {!isAsked && (
        <Button kind="danger" onClick={() => setAsking(true)}>
          {texts.deletion.begin}
        </Button>
      )}
      {isAsking && (
        <Confirm
          title={texts.deletion.title}
          text={texts.deletion.what}
          action={texts.deletion.now}
          isBusy={isBusy}
          error={error}
          onClose={close}
          onConfirm={async () => {
            if (await attempt(() => toOutcome(remove()))) close();
          }}
        />
      )}
    </Card>
  );
}
