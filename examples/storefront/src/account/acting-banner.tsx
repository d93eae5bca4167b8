import { useSession } from '@signet/client/react';
import { useEffect, useState } from 'react';
import { useAttempt } from '../errors.ts';
import { signet } from '../signet.ts';
import { texts } from '../texts/index.ts';
import { Button, Refusal } from '../ui.tsx';

/** What a member of staff who acts as a customer must see at all times: as whom, for how long, and how to stop. */
export function ActingBanner() {
  const session = useSession();
  const { isBusy, error, attempt } = useAttempt();
  if (session.status !== 'signed-in' || !session.account.actedBy) return null;
  return (
    <section className="banner acting" aria-label={texts.acting.label}>
      <p>
        {texts.acting.as(session.account.email ?? '')}{' '}
        {session.endsAt && <TimeLeft endsAt={session.endsAt} />}
      </p>
      <Refusal error={error} />
      <Button disabled={isBusy} onClick={() => attempt(() => signet.signOut())}>
        {texts.acting.end}
      </Button>
    </section>
  );
}

function TimeLeft({ endsAt }: { endsAt: number }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((endsAt - nowMs) / 1000));
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return (
    <span role="timer" aria-live="off">
      {texts.acting.left(left)}
    </span>
  );
}
