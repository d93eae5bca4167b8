import type { SignetError } from '@signet/client';
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { Link } from 'react-router';
import { describeError } from '../app/signet.ts';
import { texts } from '../texts/index.ts';
import { Field } from '../ui/ui.tsx';
import { linkToken } from './link-token.ts';
import { links as say } from './texts.ts';

/**
 * A page that a link in a mail leads to. Without a link, and where the server says that it is worth nothing, it says so, and what to do.
 *
 * @param children what the link is for. Give `onInvalid` each error of the server: it knows the one about the link.
 */
export function LinkPage({
  title,
  invalid,
  children,
}: {
  title: string;
  invalid: string;
  children: (token: string, onError: (error: SignetError) => void) => ReactNode;
}) {
  const given = useSyncExternalStore(linkToken.subscribe, linkToken.current);
  // A token that was used is dropped, and the page goes on by the one that it began with.
  const [token, setToken] = useState(given);
  const [isInvalid, setInvalid] = useState(false);
  if (given !== undefined && given !== token) {
    setToken(given);
    setInvalid(false);
  }
  useEffect(() => {
    document.title = `${title} · ${texts.console}`;
  }, [title]);
  const fault =
    token === undefined ? [say.none, say.noneWhat] : isInvalid ? [say.invalid, invalid] : undefined;
  return (
    <main className="sign-in">
      {fault || token === undefined ? (
        <div role="alert" className="stack">
          <h1>{fault?.[0]}</h1>
          <p>{fault?.[1]}</p>
          <Link to="/">{say.toSignIn}</Link>
        </div>
      ) : (
        <div className="stack" key={token}>
          <h1>{title}</h1>
          {children(token, (error) => {
            if (error.kind !== 'input' || error.field !== 'token') return;
            linkToken.drop();
            setInvalid(true);
          })}
        </div>
      )}
    </main>
  );
}

/** What was done, and where to go on. */
export function Done({ text, isSignedIn }: { text: string; isSignedIn: boolean }) {
  return (
    <>
      <p role="status">{text}</p>
      <Link to="/">{isSignedIn ? say.toConsole : say.toSignIn}</Link>
    </>
  );
}

/** A new password, which can be looked at while it is typed. */
export function NewPassword({ error }: { error: SignetError | undefined }) {
  const [isShown, setShown] = useState(false);
  const isAboutIt = error?.kind === 'input' && /^(newP|p)assword$/.test(error.field);
  return (
    <>
      <Field
        label={say.newPassword}
        name="password"
        type={isShown ? 'text' : 'password'}
        autoComplete="new-password"
        minLength={12}
        maxLength={128}
        required
        error={isAboutIt ? describeError(error) : undefined}
      />
      <label className="check">
        <input type="checkbox" checked={isShown} onChange={({ target }) => setShown(target.checked)} />
        <span>{say.show}</span>
      </label>
    </>
  );
}

/** Whether an error stands at the password's field already. */
export function isAtPassword(error: SignetError | undefined): boolean {
  return error?.kind === 'input' && /^(newP|p)assword$/.test(error.field);
}
