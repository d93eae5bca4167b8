import {
  type Outcome,
  readAnswer,
  readAnswerError,
  readError,
  readRetryAfter,
  type SignetError,
} from './errors.ts';
import type { Platform } from './operations.ts';
import { askForPasskey, supportsPasskeyAutofill, supportsPasskeys, waitForAutofill } from './passkeys.ts';
import { createSession, type TokenStore } from './session.ts';
import { isBrowser } from './tabs.ts';
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
  /** Turns parsed documents (gql.tada, Apollo's `gql`) into text for `request`: `print` of `graphql` or `@0no-co/graphql.web`. */
  // biome-ignore lint/suspicious/noExplicitAny: each library has a type of its own for a parsed document.
  print?: (document: any) => string;
};

type FetchInput = Parameters<typeof fetch>[0];

/** A document that carries the types of its answer and variables, in the form of `@graphql-typed-document-node`. */
type Typed<T, V> = { readonly __apiType?: (variables: V) => T };

/** The text of an operation that carries the types of its answer and variables: code generators write such. */
export type TypedDocument<T, V> = string & Typed<T, V>;

/** `errors` are those of the answer, beside which there can be data. */
export type RequestResult<T> = { data: T | null; errors: SignetError[] };

export type RequestOptions = { signal?: AbortSignal; idle?: boolean };

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
  async function signetFetch(asked: FetchInput, init?: RequestInit): Promise<Response> {
    const isRequest = typeof asked === 'object' && 'clone' in asked;
    const address = resolveUrl(isRequest ? asked.url : String(asked), url);
    if (new URL(address).origin !== new URL(url).origin) return send(asked, init);
    // The address that was looked at is the one that gets the token: a page's `<base>` would lead a relative one elsewhere.
    const input = isRequest ? asked : address;
    const signal = init?.signal ?? (isRequest ? asked.signal : undefined);
    const tokenNow = (refused?: HeldToken) => unlessAborted(session.token(refused), signal);
    let given = await tokenNow();
    for (let isRenewed = false, isProved = false; ; ) {
      if ('error' in given) return answerFor(given.error);
      const { token } = given;
      const response = await sendAs(token, input, init);
      // A stream has been read: it cannot be sent twice.
      if (response.status !== 401 || !token || 'getReader' in Object(init?.body)) return response;
      const error = await readRefusal(response);
      if (error?.kind === 'signed-out' && !isRenewed) {
        isRenewed = true;
        given = await tokenNow(token);
      } else if (error?.kind === 'step-up' && !isProved) {
        given = await tokenNow();
        // Another one is there already where the dialog of another operation has been answered meanwhile.
        if ('token' in given && given.token === token) {
          isProved = true;
          if (!(await unlessAborted(proveAgain(error), signal))) return response;
          given = await tokenNow();
        }
      } else {
        return response;
      }
      // Whoever signed in meanwhile, in another tab, did not ask for this.
      if ('token' in given && (given.token === token || token.person !== given.token?.person))
        return response;
    }
  }

  /** Asks the app for a proof of who this is: one dialog, however many operations wait for it. */
  async function proveAgain(error: SignetError): Promise<boolean> {
    steppingUp ??= onStepUp?.(error).finally(() => {
      steppingUp = undefined;
    });
    try {
      return (await steppingUp) ?? false;
    } catch (fault) {
      console.error(fault);
      return false;
    }
  }

  function sendAs(token: HeldToken | undefined, input: FetchInput, init?: RequestInit): Promise<Response> {
    const isRequest = typeof input === 'object' && 'clone' in input;
    const sent = new Headers(headers);
    const own = new Headers(init?.headers ?? (isRequest ? input.headers : {}));
    own.forEach((value, name) => void sent.set(name, value));
    if (token) sent.set('authorization', `Bearer ${token.accessToken}`);
    // A request's body can be read once: what is sent is a copy. A redirect would take token and variables elsewhere.
    const redirect = init?.redirect === 'manual' ? 'manual' : 'error';
    return send(isRequest ? input.clone() : input, { ...init, headers: sent, redirect });
  }

  /**
   * Sends a GraphQL document, where no other GraphQL client is at hand. Never rejects.
   *
   * @param document its text, or a document that carries its types: of a code generator, or of gql.tada with the option `print`
   * @param options.idle no person has asked for it, as where a page asks again every few seconds. It renews no token, so it keeps no session
   *   alive. Where the token is over nothing is sent, and there are neither data nor errors.
   */
  async function request<T, V extends object>(
    document: Typed<T, V>,
    variables: V,
    options?: RequestOptions,
  ): Promise<RequestResult<T>>;
  async function request<T = Record<string, unknown>>(
    document: string | Typed<T, { [name: string]: never }>,
    variables?: object,
    options?: RequestOptions,
  ): Promise<RequestResult<T>>;
  async function request(
    document: unknown,
    variables: object = {},
    { signal, idle = false }: RequestOptions = {},
  ): Promise<RequestResult<unknown>> {
    try {
      const query = Object(document).kind ? options.print?.(document) : String(document);
      if (query === undefined) throw new Error('A parsed document needs the option `print`.');
      const response = await (idle ? idleFetch : signetFetch)(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json, application/json',
        },
        body: JSON.stringify({ query, variables }),
        ...(signal && { signal }),
      });
      if (!response) return { data: null, errors: [] };
      const { data = null, errors = [] } = await readAnswer(response);
      const retryAfterSeconds = readRetryAfter(response.headers);
      return { data, errors: errors.map((error) => readAnswerError(error, retryAfterSeconds)) };
    } catch (error) {
      return { data: null, errors: [readError(error)] };
    }
  }

  /** With the token that is there, or not at all. */
  async function idleFetch(input: FetchInput, init?: RequestInit): Promise<Response | undefined> {
    const token = session.heldToken();
    return token && sendAs(token, input, init);
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
    request,

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
      /** Without a password. `autofill` waits until a person chooses one in the form, for hours if need be; end that by `signal`. */
      signIn: ({ autofill, signal }: { autofill?: boolean; signal?: AbortSignal } = {}) =>
        withPasskey(
          autofill
            ? waitForAutofill(session, signal)
            : askForPasskey(session, 'beginPasskeySignIn', {}, signal),
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
      /** Needs a recent sign-in: calls `onStepUp`. `recoveryCodes`, with the first factor, are shown this once. */
      async add(name: string) {
        const by = session.person();
        const add = () =>
          withPasskey(askForPasskey(session, 'beginPasskeyRegistration'), (passkey) =>
            session.ask<{ recoveryCodes: string[] | null }>(
              'finishPasskeyRegistration',
              { input: { name, passkey } },
              by,
            ),
          );
        const outcome = await add();
        const isRefused = !outcome.ok && outcome.error.kind === 'step-up';
        return isRefused && (await proveAgain(outcome.error)) ? add() : outcome;
      },
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
      'content-type': 'application/graphql-response+json',
      'retry-after': String(retryAfterSeconds),
    },
  });
}

/** Waits for `work`, and no longer than the caller does. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

type Page = { location?: { href: string; hostname: string } };

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
