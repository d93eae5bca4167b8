import { useMutation, useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { toOutcome, useAttempt } from '../errors.ts';
import { MeDocument, RequestEmailVerificationDocument } from '../gql/graphql.ts';
import { texts } from '../texts/index.ts';
import { Button, Refusal } from '../ui.tsx';

/** Whose address is not confirmed yet can have the mail for it. */
export function VerifyHint() {
  const { data } = useQuery(MeDocument);
  const [request] = useMutation(RequestEmailVerificationDocument);
  const [isSent, setSent] = useState(false);
  const { isBusy, error, attempt } = useAttempt();
  if (!data?.me || data.me.emailVerified) return null;
  return (
    <div className="notice" role="status">
      <p>{isSent ? texts.verify.sent(data.me.email) : texts.verify.needed}</p>
      <Refusal error={error} />
      {!isSent && (
        <Button
          disabled={isBusy}
          onClick={async () => {
            if (await attempt(() => toOutcome(request()))) setSent(true);
          }}
        >
          {texts.verify.send}
        </Button>
      )}
    </div>
  );
}
