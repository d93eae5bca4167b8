import { useSession } from '@signet/client/react';
import { lazy, type ReactNode, Suspense, useEffect, useRef, useSyncExternalStore } from 'react';
import { NavLink, Outlet, useLocation, useNavigation, useNavigationType } from 'react-router';
import { impersonationsDocument } from '../operations.generated.ts';
import { texts } from '../texts/index.ts';
import { Notices } from '../ui/notices.tsx';
import { Button, Skeleton } from '../ui/ui.tsx';
import { carryDrafts } from './drafts.ts';
import { useMay } from './may.ts';
import { sections } from './sections.ts';
import { Refusal, SignIn, useAttempt } from './sign-in.tsx';
import { describeError, ownerOf, signet } from './signet.ts';
import { StepUpDialog } from './step-up-dialog.tsx';
import { useIsOld } from './upgrade.ts';

// Without it everything else works.
const ImpersonationBar = lazy(() =>
  import('../customers/impersonation-bar.tsx').catch(() => ({ default: (): ReactNode => null })),
);

/**
 * The frame of every screen. Where a session ends, the sign-in lies over the screen, which stays as it is: nothing that was typed is
 * lost. After a sign-in as somebody else the screen begins anew.
 */
export function Shell() {
  const session = useSession();
  const may = useMay();
  const signOut = useAttempt();
  const account = session.status === 'signed-in' ? session.account : undefined;
  const last = useRef<string>(undefined);
  if (account) last.current = ownerOf(account);
  const owner = last.current;

  if (session.status === 'unknown') {
    return (
      <main className="sign-in">
        {session.error ? (
          <p role="status">{`${describeError(session.error)} ${texts.session.unreachable}`}</p>
        ) : (
          <Skeleton />
        )}
      </main>
    );
  }
  const reason = session.status === 'signed-out' ? session.reason : undefined;
  if (!owner || (session.status === 'signed-out' && reason === 'signed-out'))
    return <SignIn reason={reason} />;
  return (
    <>
      {!account && (
        <div className="over">
          <SignIn reason={reason} />
        </div>
      )}
      <div className="shell" key={owner} inert={!account}>
        <a className="skip" href="#content">
          {texts.skip}
        </a>
        <header>
          <strong>{texts.console}</strong>
          <nav aria-label={texts.nav.label}>
            {sections
              .filter(({ document }) => document === undefined || may(document))
              .map(({ path, name }) => (
                <NavLink key={path} to={path}>
                  {name}
                </NavLink>
              ))}
          </nav>
          <div className="who">
            <NavLink
              to="/account"
              className="quiet clip"
              title={account ? texts.session.signedInAs(account.email ?? '') : undefined}
            >
              {account?.email}
            </NavLink>
            {/* Who goes away must see that they are still signed in. */}
            <Refusal error={signOut.error} />
            <Button disabled={signOut.isBusy} onClick={() => signOut.attempt(() => signet.signOut())}>
              {texts.session.signOut}
            </Button>
          </div>
        </header>
        <main id="content" tabIndex={-1}>
          <FocusOnPage />
          <Outlet />
        </main>
        <div className="bottom">
          <OfflineNote />
          <UpgradeOffer />
          {may(impersonationsDocument) && (
            <Suspense>
              <ImpersonationBar />
            </Suspense>
          )}
          <Notices />
        </div>
      </div>
      <StepUpDialog />
    </>
  );
}

function OfflineNote() {
  const isOffline = useSyncExternalStore(followNetwork, () => !navigator.onLine);
  return <div role="status">{isOffline && <div className="notice">{texts.session.offline}</div>}</div>;
}

function followNetwork(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}

/** The page is loaded again when the person says so, and then the screen to which they were going. */
function UpgradeOffer() {
  const isOld = useIsOld();
  const { location: next } = useNavigation();
  function reload(): void {
    carryDrafts();
    // This one has the console's own path in it.
    if (next) location.assign(next.pathname + next.search);
    else location.reload();
  }
  return (
    <div role="status">
      {isOld && (
        <div className="notice">
          <span>{texts.upgrade.isThere}</span>
          <Button kind="main" onClick={reload}>
            {texts.upgrade.reload}
          </Button>
        </div>
      )}
    </div>
  );
}

/** A new page begins at its top, for the eye and for the keyboard, and its section is in view. Back and forward keep where one was. */
function FocusOnPage() {
  const { pathname } = useLocation();
  const navigationType = useNavigationType();
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each new path.
  useEffect(() => {
    if (!isFirst.current) {
      // By itself it would scroll the top of the content to the top of the window, and the header out of it.
      document.getElementById('content')?.focus({ preventScroll: true });
      if (navigationType !== 'POP') scrollTo(0, 0);
    }
    isFirst.current = false;
    // On a small screen the sections scroll.
    document.querySelector('header [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    document.title = `${document.querySelector('h1')?.textContent ?? texts.console} · ${texts.console}`;
  }, [pathname]);
  return null;
}
