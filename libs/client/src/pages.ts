import type { SignetClient } from './client.ts';
import type { Challenge, Outcome } from './errors.ts';

/** What this file uses of a browser: the package has no types of the DOM. */
type Page = {
  location: { origin: string; pathname: string; search: string; hash: string; assign(url: string): void };
  history: { state: unknown; replaceState(state: unknown, unused: string, url: string): void };
  localStorage: Store;
  sessionStorage: Store;
};
type Store = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
};

const page = globalThis as unknown as Page;
const verifierKey = 'signet:upstream-verifier';
const registrationKey = 'signet:registration';

/**
 * What the address of this page has after `#`: `token` of a mail's link, `grant` of an impersonation. It is taken out of the address, which
 * stays in the browser's history. So this gives it once: call it in a loader of the router, and not while React draws a page, which it may begin
 * several times.
 */
export function takeFragment(): Record<string, string | undefined> {
  const { location, history } = page;
  const values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return values;
}

/**
 * Keeps the challenge of a registration for the tab that the mail's link opens: it says that this browser began it. It is no credential, and
 * opens nothing without the link. Where a private window has no storage, that tab asks for the password.
 */
export function keepRegistration({ id, expiresAt }: Challenge): void {
  try {
    page.localStorage.setItem(registrationKey, JSON.stringify({ id, expiresAt }));
  } catch {
    // As if it were another browser.
  }
}

/** The id of that challenge, for `verifyEmail`. Undefined where none was begun here, or it is over. */
export function readRegistration(): string | undefined {
  try {
    const { id, expiresAt } = JSON.parse(page.localStorage.getItem(registrationKey) ?? '{}');
    return Date.parse(expiresAt) > Date.now() ? id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Leaves the page for an identity provider, which sends the person back to `returnTo`: there, call `takeUpstreamResult`.
 *
 * @param provider its name in URLs
 * @param options `returnTo`: a path of this origin. `purpose: 'link'` is for `linkIdentity` of somebody who is signed in
 */
export async function beginUpstreamSignIn(
  client: SignetClient,
  provider: string,
  { returnTo, purpose = 'sign_in' }: { returnTo: string; purpose?: 'sign_in' | 'link' },
): Promise<void> {
  const verifier = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  // RFC 7636: of use only together with the code, which comes to this tab.
  page.sessionStorage.setItem(verifierKey, verifier);
  const start = new URL(`/oauth/${client.platform}/${encodeURIComponent(provider)}/start`, client.url);
  start.search = String(
    new URLSearchParams({
      return_to: new URL(returnTo, page.location.origin).href,
      code_challenge: toBase64Url(new Uint8Array(hash)),
      code_challenge_method: 'S256',
      purpose,
    }),
  );
  page.location.assign(start.href);
}

/** What a provider sent this person back with: give it to `completeUpstreamSignIn`, or to the mutation `linkIdentity`. */
export function takeUpstreamResult(): Outcome<{ code: string; verifier: string }> {
  const { code, error } = takeFragment();
  const verifier = page.sessionStorage.getItem(verifierKey);
  page.sessionStorage.removeItem(verifierKey);
  if (code && verifier) return { ok: true, value: { code, verifier } };
  const reason = `upstream.${error ?? 'incomplete'}`;
  const message = error
    ? `The provider answered ${error}.`
    : 'This sign-in did not begin in this tab. Begin again.';
  return error === 'temporarily_unavailable' || error === 'server_error'
    ? { ok: false, error: { kind: 'unavailable', reason, message, retryAfterSeconds: 1 } }
    : { ok: false, error: { kind: 'forbidden', reason, message } };
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
