import { SignedIn, useSession } from '@signet/client/react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { describeError } from '../errors.ts';
import { texts } from '../texts/index.ts';
import { Skeleton } from '../ui.tsx';

/** What only whoever is signed in sees; others a way to sign in and come back here. */
export function SignedInOnly({ children }: { children: ReactNode }) {
  const session = useSession();
  const { pathname } = useLocation();
  return (
    <SignedIn
      pending={
        session.status === 'unknown' && session.error ? (
          <p className="notice" role="status">{`${describeError(session.error)} ${texts.tryingAgain}`}</p>
        ) : (
          <Skeleton lines={5} />
        )
      }
      fallback={
        <div className="empty">
          <p>
            {session.status === 'signed-out' && session.reason && session.reason !== 'signed-out'
              ? texts.signIn.ended
              : texts.signIn.needed}
          </p>
          <Link className="button main" to={`/sign-in?to=${encodeURIComponent(pathname)}`}>
            {texts.signIn.title}
          </Link>
        </div>
      }
    >
      {children}
    </SignedIn>
  );
}
