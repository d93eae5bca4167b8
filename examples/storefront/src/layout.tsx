import { useMutation, useQuery } from '@apollo/client/react';
import { useSession } from '@signet/client/react';
import { useEffect, useRef } from 'react';
import {
  Link,
  NavLink,
  Outlet,
  ScrollRestoration,
  useLocation,
  useNavigate,
  useRouteError,
} from 'react-router';
import { ActingBanner } from './account/acting-banner.tsx';
import { StepUpDialog } from './account/step-up-dialog.tsx';
import { useBasket, useBasketOwner } from './basket.ts';
import { toOutcome, useAttempt } from './errors.ts';
import { AccountDeletionDocument, CancelAccountDeletionDocument } from './gql/graphql.ts';
import { signet } from './signet.ts';
import { formatDateTime, texts } from './texts/index.ts';
import { Button, Refusal } from './ui.tsx';

/** The frame of every page. */
export function Layout() {
  useBasketOwner();
  return (
    <>
      <a className="skip" href="#content">
        {texts.skip}
      </a>
      <ActingBanner />
      <DeletionBanner />
      <header>
        <Link to="/" className="brand">
          {texts.shop}
        </Link>
        <Search />
        <Navigation />
      </header>
      <main id="content" tabIndex={-1}>
        <FocusOnPage />
        <Outlet />
      </main>
      <footer>
        <p>{texts.footer}</p>
      </footer>
      <StepUpDialog />
      <ScrollRestoration />
    </>
  );
}

function Search() {
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const text = pathname === '/' ? (new URLSearchParams(search).get('text') ?? '') : '';
  return (
    <search>
      <form
        // Going back to another search shows that one's words.
        key={text}
        onSubmit={(event) => {
          event.preventDefault();
          const words = String(new FormData(event.currentTarget).get('text')).trim();
          void navigate(words ? `/?${new URLSearchParams({ text: words })}` : '/');
        }}
      >
        <input
          type="search"
          name="text"
          aria-label={texts.search.label}
          placeholder={texts.search.label}
          maxLength={100}
          defaultValue={text}
        />
        <Button type="submit">{texts.search.go}</Button>
      </form>
    </search>
  );
}

function Navigation() {
  const session = useSession();
  const { items } = useBasket();
  const count = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const { isBusy, error, attempt } = useAttempt();
  return (
    <nav aria-label={texts.nav.label}>
      {session.status === 'signed-in' ? (
        <>
          <NavLink to="/orders">{texts.nav.orders}</NavLink>
          <NavLink to="/account">{texts.nav.account}</NavLink>
          {!session.account.actedBy && (
            <Button kind="link" disabled={isBusy} onClick={() => attempt(() => signet.signOut())}>
              {texts.nav.signOut}
            </Button>
          )}
        </>
      ) : (
        session.status === 'signed-out' && <NavLink to="/sign-in">{texts.nav.signIn}</NavLink>
      )}
      <NavLink to="/basket">
        {texts.nav.basket}
        {count > 0 && (
          <span className="badge">
            {count}
            <span className="hidden"> {texts.nav.items(count)}</span>
          </span>
        )}
      </NavLink>
      {/* Who goes away must see that they are still signed in. */}
      <Refusal error={error} />
    </nav>
  );
}

/** A person who asked for the end of their account can keep it until that comes. */
function DeletionBanner() {
  const session = useSession();
  const isOwner = session.status === 'signed-in' && !session.account.actedBy;
  const { data } = useQuery(AccountDeletionDocument, { skip: !isOwner });
  const [keep] = useMutation(CancelAccountDeletionDocument, { refetchQueries: [AccountDeletionDocument] });
  const { isBusy, error, attempt } = useAttempt();
  const deletion = isOwner ? data?.accountDeletion : undefined;
  if (!deletion) return null;
  return (
    <div className="banner warning" role="status">
      <p>{texts.deletion.banner(formatDateTime(deletion.at))}</p>
      <Refusal error={error} />
      <Button disabled={isBusy} onClick={() => attempt(() => toOutcome(keep()))}>
        {texts.deletion.keep}
      </Button>
    </div>
  );
}

/** A new page begins at its top, for the eye and for the keyboard. */
function FocusOnPage() {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current !== pathname) document.getElementById('content')?.focus({ preventScroll: true });
    last.current = pathname;
  }, [pathname]);
  return null;
}

export function NotFound() {
  return (
    <div className="empty">
      <h1>{texts.errors.notFound}</h1>
      <Link to="/">{texts.browse.showAll}</Link>
    </div>
  );
}

/** A part of the shop that could not be loaded: after an upgrade, an open page asks for files that are gone. */
export function PageFault() {
  console.error(useRouteError());
  return (
    <div className="narrow card" role="alert">
      <p>{texts.errors.page}</p>
      <Button kind="main" onClick={() => location.reload()}>
        {texts.reload}
      </Button>
    </div>
  );
}
