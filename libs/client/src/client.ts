import { type AnswerError, type Outcome, readAnswerError, readError, type SignetError } from './errors.ts';
import type { Platform } from './operations.ts';
import { askForPasskey, supportsPasskeyAutofill, supportsPasskeys } from './passkeys.ts';
import { createSession, type TokenStore } from './session.ts';
import type { AuthPayload, HeldToken } from './tokens.ts';

export type SignetClientOptions = {
  /** The address of the entrance's graph: `https://api.shop.example/graphql`. */
  url: string;
  /** `user` for customers, `portal` for staff. */
  platform: Platform;
  /** Keeps the refresh token of an app. Left out in a browser, where a cookie does; elsewhere it is in memory then. */
  store?: TokenStore;
  /** Sent with each request: `x-tenant`. */
  headers?: Record<string, string>;
  /** Called where an operation asks for a more recent sign-in: show a dialog that calls `reauthenticate`. True: done, send it again. */
  onStepUp?: (error: SignetError) => Promise<boolean>;
  /** Sends the requests, in place of the global one. */
  fetch?: typeof fetch;
};

type FetchInput = Parameters<typeof fetch>[0];
type Answer = { data?: unknown; errors?: AnswerError[] };

/** The text of an operation that carries the types of its answer and variables: code generators write such. */
export type TypedDocument<T, V> = string & { readonly __types?: (variables: V) => T };

/** One of these proves the second factor. */
export type Proof = { totp?: string; recoveryCode?: string; passkey?: object };

export type SignetClient = ReturnType<typeof createSignetClient>;

/**
 * Signs people in, and gives operations their access token. Make one for each platform, and keep it for as long as the page lives.
 * Nothing is sent before it is first used.
 */
export function createSignetClient(options: SignetClientOptions) {
  const { platform, headers = {}, onStepUp } = options;
  const url = resolveUrl(options.url);
  const send: typeof fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const store = options.store ?? (isBrowser() ? undefined : keepInMemory());
  const session = createSession({ url, platform, store, headers, send });
  let steppingUp: Promise<boolean> | undefined;

  /**
   * Sends a request as whoever is signed in. The signature is that of the global `fetch`: give it to a GraphQL client. What goes to another
   * origin than the entrance's is sent as it is, without a token.
   */
  async function signetFetch(input: FetchInput, init?: RequestInit): Promise<Response> {
    const target = typeof input === 'object' && 'url' in input ? input.url : String(input);
    if (new URL(resolveUrl(target, url)).origin !== new URL(url).origin) return send(input, init);
    const given = await session.token();
    if ('error' in given) return answerFor(given.error);
    const { token } = given;
    const response = await sendAs(token, input, init);
    if (response.status !== 401) return response;
    const error = token && (await readRefusal(response));
    if (error?.kind === 'step-up' && onStepUp) {
      if (!(await proveAgain(error))) return response;
    } else if (error?.kind !== 'signed-out') {
      return response;
    }
    const renewed = await session.token(error.kind === 'signed-out' ? token : undefined);
    if ('error' in renewed) return answerFor(renewed.error);
    // Whoever signed in meanwhile, in another tab, did not ask for this.
    const isMine = token && renewed.token && isSameAccount(token, renewed.token);
    return isMine && renewed.token !== token ? sendAs(renewed.token, input, init) : response;
  }

  /** Asks the app for a proof of who this is: one dialog, however many operations wait for it. */
  async function proveAgain(error: SignetError): Promise<boolean> {
    steppingUp ??= onStepUp?.(error).finally(() => {
      steppingUp = undefined;
    });
    return (await steppingUp) ?? false;
  }

  /** Does it once more after a proof of who this is, where auth wants that first. */
  async function withStepUp<T>(action: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await action();
    const isAsked = !outcome.ok && outcome.error.kind === 'step-up';
    return isAsked && (await proveAgain(outcome.error)) ? action() : outcome;
  }

  function sendAs(token: HeldToken | undefined, input: FetchInput, init?: RequestInit): Promise<Response> {
    const isRequest = typeof input === 'object' && 'clone' in input;
    const sent = new Headers({ ...headers });
    for (const [name, value] of new Headers(init?.headers ?? (isRequest ? input.headers : {})))
      sent.set(name, value);
    if (token) sent.set('authorization', `Bearer ${token.accessToken}`);
    // A request's body can be read once: what is sent is a copy.
    return send(isRequest ? input.clone() : input, { ...init, headers: sent });
  }

  async function withPasskey<T>(
    asked: Promise<Outcome<object>>,
    next: (passkey: object) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const passkey = await asked;
    return passkey.ok ? next(passkey.value) : passkey;
  }

  const completeChallenge = (input: { id: string; rememberDevice?: boolean } & Proof) =>
    session.signInBy<AuthPayload>('completeChallenge', input);
  const reauthenticate = (input: { password?: string } & Proof) =>
    session.signInBy<AuthPayload>('reauthenticate', input);

  return {
    url,
    platform,
    session: {
      current: session.current,
      subscribe: session.subscribe,
      ready: session.ready,
      refresh: session.refresh,
    },
    fetch: signetFetch,

    /**
     * Sends a GraphQL document, where no other GraphQL client is at hand. Never rejects.
     * `errors` are those of the answer, beside which there can be data.
     */
    async request<T = Record<string, unknown>, V extends object = object>(
      query: TypedDocument<T, V> | string,
      variables?: V,
    ): Promise<{ data: T | null; errors: SignetError[] }> {
      try {
        const response = await signetFetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/graphql-response+json, application/json',
          },
          body: JSON.stringify({ query, variables: variables ?? {} }),
        });
        const { data = null, errors = [] } = (await response.json()) as Answer;
        const retryAfterSeconds = Number(response.headers.get('retry-after') ?? 1);
        return {
          data: data as T | null,
          errors: errors.map((error) => readAnswerError(error, retryAfterSeconds)),
        };
      } catch (error) {
        return { data: null, errors: [readError(error)] };
      }
    },

    /** Error `challenge`: the password is right; go on with `completeChallenge`. */
    signIn: (input: { email: string; password: string }) => session.signInBy<AuthPayload>('signIn', input),
    /** Error `challenge`, with the method `email`: keep its id for `verifyEmail`. */
    register: (input: { email: string; password: string; fullName?: string; language?: string }) =>
      session.signInBy<AuthPayload>('register', input),
    verifyEmail: (input: { token: string; challenge?: string; password?: string; newPassword?: string }) =>
      session.signInBy<{ verified: boolean; next: string }>('verifyEmail', input),
    /** Of staff. */
    acceptInvitation: (input: { token: string; password: string; fullName?: string }) =>
      session.signInBy<AuthPayload>('acceptInvitation', input),
    completeChallenge,
    /** After a sign-in at an identity provider: what its page got, and the verifier that it began with. */
    completeUpstreamSignIn: (input: { code: string; verifier: string }) =>
      session.signInBy<AuthPayload>('completeUpstreamSignIn', input),
    /** Proves again who this is, for operations that ask for a recent sign-in. */
    reauthenticate,
    changePassword: (input: { currentPassword: string; newPassword: string }) =>
      session.signInBy<{ endedSessions: number }>('changePassword', input),
    signOut: session.signOut,

    /** The second factor that staff must add at their first sign-in: `challenge` is the id of a challenge with `enroll_…`. */
    enrollment: {
      beginTotp: (challenge: string) =>
        session.ask<{ secret: string; uri: string }>('beginTotpEnrollment', { challenge }),
      confirmTotp: (challenge: string, code: string) =>
        session.signInBy<{ recoveryCodes: string[] }>('confirmTotpEnrollment', { challenge, code }),
      addPasskey: (challenge: string, name: string) =>
        withPasskey(askForPasskey(session, 'beginPasskeyEnrollment', { challenge }), (passkey) =>
          session.signInBy<{ recoveryCodes: string[] }>('finishPasskeyEnrollment', {
            challenge,
            name,
            passkey,
          }),
        ),
    },

    passkeys: {
      areSupported: supportsPasskeys,
      canAutofill: supportsPasskeyAutofill,
      /** Without a password. `autofill` waits until a person chooses one in the form; end that by `signal`. */
      signIn: ({ autofill, signal }: { autofill?: boolean; signal?: AbortSignal } = {}) =>
        withPasskey(
          askForPasskey(
            session,
            'beginPasskeySignIn',
            {},
            { ...(autofill && { mediation: 'conditional' }), ...(signal && { signal }) },
          ),
          (passkey) => session.signInBy<AuthPayload>('finishPasskeySignIn', { passkey }),
        ),
      completeChallenge: (id: string, rememberDevice?: boolean) =>
        withPasskey(askForPasskey(session, 'beginPasskeyChallenge', { challenge: id }), (passkey) =>
          completeChallenge({ id, passkey, ...(rememberDevice && { rememberDevice }) }),
        ),
      reauthenticate: (password?: string) =>
        withPasskey(askForPasskey(session, 'beginPasskeyReauthentication'), (passkey) =>
          reauthenticate({ passkey, ...(password && { password }) }),
        ),
      /** Needs a recent sign-in. `recoveryCodes`, with the first factor, are shown this once. */
      add: (name: string) =>
        withPasskey(
          withStepUp(() => askForPasskey(session, 'beginPasskeyRegistration')),
          (passkey) =>
            session.ask<{ recoveryCodes: string[] | null }>('finishPasskeyRegistration', {
              input: { name, passkey },
            }),
        ),
    },

    /**
     * Lets a member of staff act as a customer, in this tab, until that ends (docs/impersonation.md).
     *
     * @param grant what `impersonateCustomer` of the portal gave, good once and for a minute
     */
    actAsCustomer: (grant: string) => session.borrow(grant),

    /** Stops listening to other tabs. */
    close: session.close,
  };
}

/** What went wrong with an operation, where the whole of it was refused. Reads a copy: the caller reads the body. */
async function readRefusal(response: Response): Promise<SignetError | undefined> {
  try {
    return readError(await response.clone().json());
  } catch {
    return undefined;
  }
}

/** The answer to an operation that was not sent, since its token could not be renewed. The session goes on. */
function answerFor(error: SignetError): Response {
  if (error.kind === 'network') throw new TypeError(error.message);
  const retryAfterSeconds = 'retryAfterSeconds' in error ? error.retryAfterSeconds : 1;
  const code = error.kind === 'throttled' ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
  const extensions = { code, reason: error.reason, retryAfterSeconds };
  return new Response(JSON.stringify({ errors: [{ message: error.message, extensions }] }), {
    status: error.kind === 'throttled' ? 429 : 503,
    headers: {
      'content-type': 'application/graphql-response+json; charset=utf-8',
      'retry-after': String(retryAfterSeconds),
    },
  });
}

function isSameAccount({ account: one }: HeldToken, { account: other }: HeldToken): boolean {
  return one.id === other.id && one.actedBy === other.actedBy;
}

type Page = { location?: { href: string; hostname: string }; document?: unknown };

function isBrowser(): boolean {
  return (globalThis as Page).document !== undefined;
}

/**
 * A page on localhost sees no cookies of 127.0.0.1, and the other way round: they are two sites. Both are this machine, so the page's own
 * name is used.
 */
function resolveUrl(text: string, base?: string): string {
  const { location } = globalThis as Page;
  const url = new URL(text, location?.href ?? base);
  const loopback = ['localhost', '127.0.0.1', '[::1]'];
  if (location && loopback.includes(url.hostname) && loopback.includes(location.hostname)) {
    url.hostname = location.hostname;
  }
  return url.href;
}

function keepInMemory(): TokenStore {
  let tokens = {};
  return {
    read: () => tokens,
    write: (next) => {
      tokens = next;
    },
  };
}
