import { type AnswerError, type Outcome, readAnswerError, readError, type SignetError } from './errors.ts';
import { documentOf, type OperationName, type Platform } from './operations.ts';
import { connectTabs, type TabMessage } from './tabs.ts';
import { type Account, type AuthPayload, type HeldToken, holdToken, remainingMsOf } from './tokens.ts';

/** Who is signed in. The object is replaced when that changes, and stays the same otherwise. */
export type SessionState =
  /** Not known yet: the page has just been opened, or auth cannot be asked; then `error` says why, and it is tried again. */
  | { status: 'unknown'; error?: SignetError }
  /** `endsAt`, in ms of this device's clock: of staff who act as a customer, whose session nothing renews. */
  | { status: 'signed-in'; account: Account; endsAt?: number }
  /** `reason` says why a session that was there is over: `signed-out`, or `auth.failure.…` where it was ended elsewhere. */
  | { status: 'signed-out'; reason?: string };

/** Tokens that an app keeps between its starts, where no cookie does. */
export type StoredTokens = { refreshToken?: string | undefined; deviceToken?: string | undefined };

/** Where an app keeps them: a keychain, an encrypted file. `write` must have stored them before it resolves. */
export type TokenStore = {
  read(): StoredTokens | undefined | Promise<StoredTokens | undefined>;
  write(tokens: StoredTokens): void | Promise<void>;
};

export type SessionOptions = {
  /** The address of the entrance's graph, already resolved. */
  url: string;
  platform: Platform;
  /** Undefined: the browser's cookies keep the tokens. */
  store: TokenStore | undefined;
  headers: Record<string, string>;
  send: typeof fetch;
};

/** An access token, nobody, or an answer to give in place of the operation's own, since auth could not be asked. */
export type TokenAnswer = { token: HeldToken | undefined } | { error: SignetError };

export type Session = ReturnType<typeof createSession>;

const requestTimeoutMs = 30_000;
/** How long a tab waits for a token that another tab may have got while this one waited for the lock. */
const otherTabMs = 200;
const maxRetryMs = 30_000;
/** A page that comes back to the front after this time asks whether its session is still there. */
const awayMs = 60_000;

/** The session of one platform in one browser or app: its access token in memory, and how it is renewed. */
export function createSession({ url, platform, store, headers, send }: SessionOptions) {
  const listeners = new Set<(state: SessionState) => void>();
  let state: SessionState = { status: 'unknown' };
  let held: HeldToken | undefined;
  /** The token of a member of staff who acts as a customer: of this tab alone, and never renewed. */
  let isBorrowed = false;
  let refreshing: Promise<SignetError | undefined> | undefined;
  let restoring: Promise<unknown> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let hiddenMs = Number.POSITIVE_INFINITY;
  let isClosed = false;
  let stopWatching = (): void => undefined;
  /** Called where the token or the state has changed. */
  let wake = (): void => undefined;

  const tabs = connectTabs(`signet:${platform}:${url}`, hear);

  function hear(message: TabMessage): void {
    if (isBorrowed) return;
    if (message.kind === 'token') {
      if (message.accessToken !== held?.accessToken) hold(message.accessToken, message.remainingMs);
    } else if (message.kind === 'ended') {
      forget(message.reason);
    } else if (held && isFresh(held)) {
      tell(held);
    }
  }

  function tell(token: HeldToken): void {
    tabs.send({ kind: 'token', accessToken: token.accessToken, remainingMs: remainingMsOf(token) });
  }

  function change(next: SessionState): void {
    state = next;
    for (const listener of [...listeners]) {
      try {
        listener(state);
      } catch (error) {
        // A fault of the page's must not cost the session.
        console.error(error);
      }
    }
  }

  function hold(accessToken: string, remainingMs: number): void {
    clearTimeout(retry);
    held = holdToken(accessToken, remainingMs);
    const { account } = held;
    if (state.status !== 'signed-in' || JSON.stringify(state.account) !== JSON.stringify(account)) {
      change({ status: 'signed-in', account, ...(isBorrowed && { endsAt: Date.now() + remainingMs }) });
    }
    if (isBorrowed) {
      retry = setTimeout(() => end('auth.failure.expired'), remainingMs);
      (retry as { unref?: () => void }).unref?.();
    }
    wake();
  }

  function forget(reason?: string): void {
    clearTimeout(retry);
    held = undefined;
    isBorrowed = false;
    if (state.status !== 'signed-out') change({ status: 'signed-out', ...(reason && { reason }) });
    wake();
  }

  /** Keeps new tokens: first in the app's store, since an answer that is lost costs a sign-in. */
  async function keep(payload: AuthPayload): Promise<void> {
    if (store) {
      const before = await store.read();
      await store.write({
        refreshToken: payload.refreshToken ?? undefined,
        deviceToken: payload.deviceToken ?? before?.deviceToken,
      });
    }
    isBorrowed = false;
    hold(payload.accessToken, payload.expiresIn * 1000);
    if (held) tell(held);
  }

  async function end(reason: string): Promise<void> {
    const borrowed = isBorrowed;
    if (store && !borrowed) await store.write({ deviceToken: (await store.read())?.deviceToken });
    const wasSignedIn = state.status === 'signed-in';
    forget(wasSignedIn ? reason : undefined);
    if (!borrowed) tabs.send({ kind: 'ended', reason });
  }

  /** Sends one of auth's operations. Never rejects. */
  async function ask<T>(name: OperationName, variables: object, bearer?: string): Promise<Outcome<T>> {
    // The cookie is of whom this browser signed in, and not of the customer as whom staff act in this tab.
    const hasCookies = !store && !(bearer && isBorrowed);
    try {
      const response = await send(url, {
        method: 'POST',
        signal: AbortSignal.timeout(requestTimeoutMs),
        credentials: hasCookies ? 'include' : 'omit',
        headers: {
          ...headers,
          'content-type': 'application/json',
          accept: 'application/graphql-response+json, application/json',
          ...(hasCookies && { 'signet-session': 'cookie' }),
          ...(bearer && { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ query: documentOf(name, platform), variables }),
      });
      const { data, errors } = (await response.json()) as {
        data?: { result: T } | null;
        errors?: AnswerError[];
      };
      if (data && !errors) return { ok: true, value: data.result };
      return {
        ok: false,
        error: readAnswerError(errors?.[0] ?? {}, Number(response.headers.get('retry-after') ?? 1)),
      };
    } catch (error) {
      return { ok: false, error: readError(error) };
    }
  }

  /** Exchanges the refresh token. Returns undefined when it is known who is signed in, else why it is not. */
  async function exchange(): Promise<SignetError | undefined> {
    const stored = await store?.read();
    if (store && !stored?.refreshToken) return void forget();
    const input = stored && { input: { refreshToken: stored.refreshToken } };
    const outcome = await ask<AuthPayload>('refresh', input ?? {});
    if (outcome.ok) return void (await keep(outcome.value));
    const { error } = outcome;
    if (error.kind === 'signed-out' || error.kind === 'credentials') return void (await end(error.reason));
    // Nobody can be signed in here until somebody corrects the configuration.
    if (error.kind === 'forbidden' || error.kind === 'input') {
      console.error(`Signet: ${url} renews no session for this page: ${error.message}`);
      return void (await end(error.reason));
    }
    return error;
  }

  /** Renews the access token, once at a time in all tabs. Never rejects. */
  function refresh(): Promise<SignetError | undefined> {
    const before = held;
    refreshing ??= tabs
      .alone(async (waited) => {
        const isDone = () => held !== before || (waited && state.status === 'signed-out');
        if (waited && !isDone()) await askTabs();
        return isDone() ? undefined : exchange();
      })
      .catch(readFault)
      .finally(() => {
        refreshing = undefined;
      });
    return refreshing;
  }

  /** By one timer: in a hidden page each takes a second, or a minute, while all other tabs wait for the lock. */
  async function askTabs(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, otherTabMs);
      tabs.send({ kind: 'ask' });
    });
  }

  /** Runs `work` in one tab at a time. Never rejects. */
  function once<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    return tabs.alone(work).catch((error: unknown) => ({ ok: false, error: readFault(error) }));
  }

  /** Finds out who is signed in; where auth cannot be asked, again and again, with longer and longer pauses. */
  async function restore(pauseMs = 1000): Promise<void> {
    const error = await refresh();
    if (!error || isClosed || state.status !== 'unknown') return;
    change({ status: 'unknown', error });
    retry = setTimeout(() => restore(Math.min(pauseMs * 2, maxRetryMs)), pauseMs);
    (retry as { unref?: () => void }).unref?.();
  }

  /** Resolves when it is known who is signed in, or that this can't be known now. */
  async function ready(): Promise<SessionState> {
    if (!restoring) {
      watchPage();
      tabs.send({ kind: 'ask' });
      restoring = restore();
    }
    await restoring;
    return state;
  }

  function watchPage(): void {
    const page = (globalThis as { document?: { visibilityState: string } & EventTarget }).document;
    const look = () => {
      if (page?.visibilityState === 'hidden') hiddenMs = Date.now();
      else if (held && !isBorrowed && Date.now() - hiddenMs > awayMs) void refresh();
    };
    page?.addEventListener('visibilitychange', look);
    stopWatching = () => page?.removeEventListener('visibilitychange', look);
  }

  return {
    current: () => state,
    /** Calls `listener` at each change. Returns what stops that. */
    subscribe(listener: (state: SessionState) => void): () => void {
      listeners.add(listener);
      void ready();
      return () => void listeners.delete(listener);
    },
    ready,
    /** Renews the access token now: after `verifyEmail`, for claims that have changed. */
    async refresh(): Promise<SignetError | undefined> {
      await ready();
      return isBorrowed ? undefined : refresh();
    },

    /**
     * The access token for an operation. One that is about to expire is renewed beside the operation, one that has expired before it.
     *
     * @param refused a token that the server has just refused
     */
    async token(refused?: HeldToken): Promise<TokenAnswer> {
      await ready();
      const isRefused = refused !== undefined && refused === held;
      if (isBorrowed && held) {
        if (isRefused || remainingMsOf(held) <= 0) await end('auth.failure.expired');
        return { token: held };
      }
      if (state.status === 'signed-out') return { token: undefined };
      if (held && !isRefused && isFresh(held)) return { token: held };
      const renewal = refresh();
      if (held && !isRefused && isUsable(held)) {
        void renewal;
        return { token: held };
      }
      const error = await renewal;
      return error ? { error } : { token: held };
    },

    /** Sends an operation that gives tokens, and keeps these. Alone, since it makes older refresh tokens worthless. */
    async signInBy<T>(name: OperationName, input: object): Promise<Outcome<T>> {
      const needsToken = name === 'reauthenticate' || name === 'changePassword';
      const { status } = await ready();
      // Whoever is signed in proves by that that the address is theirs.
      const isVerification = name === 'verifyEmail' && status === 'signed-in' && !isBorrowed;
      const isSignedIn = needsToken || isVerification;
      // Before the lock, which a renewal takes as well.
      const answer = isSignedIn ? await this.token() : undefined;
      if (answer && 'error' in answer) return { ok: false, error: answer.error };
      const given = await once(async () => {
        const deviceToken = (await store?.read())?.deviceToken;
        const variables = { input: { ...input, ...(deviceToken && { deviceToken }) } };
        const outcome = await ask<T>(name, variables, isSignedIn ? held?.accessToken : undefined);
        const given = outcome.ok
          ? (outcome.value as Partial<AuthPayload> & { tokens?: AuthPayload | null })
          : {};
        const payload = given.accessToken ? (given as AuthPayload) : given.tokens;
        if (payload) await keep(payload);
        return outcome;
      });
      // The token says whether the address is verified.
      if (isVerification && given.ok) await refresh();
      return given;
    },

    /** Sends another of auth's operations. */
    async ask<T>(name: OperationName, variables: object = {}): Promise<Outcome<T>> {
      const answer = await this.token();
      return 'error' in answer
        ? { ok: false, error: answer.error }
        : ask<T>(name, variables, answer.token?.accessToken);
    },

    /** Exchanges the grant of an impersonation for a token without refresh, for this tab only. */
    async borrow(grant: string): Promise<Outcome<Account>> {
      await ready();
      // Alone, or the answer to a renewal that is under way would take its place.
      return once(async () => {
        const outcome = await ask<AuthPayload>('beginImpersonation', { input: { grant } });
        if (!outcome.ok) return outcome;
        isBorrowed = true;
        hold(outcome.value.accessToken, outcome.value.expiresIn * 1000);
        return { ok: true, value: (held as HeldToken).account };
      });
    },

    /** Ends the session. Where it can't be ended now, it stays, and the error says why. */
    async signOut(): Promise<Outcome<undefined>> {
      await ready();
      return once(async () => {
        if (state.status === 'signed-out') return { ok: true, value: undefined };
        const refreshToken = isBorrowed ? undefined : (await store?.read())?.refreshToken;
        const input = refreshToken ? { input: { refreshToken } } : {};
        // Beside a refresh token an access token that has expired would be refused, and the session go on.
        const bearer = isBorrowed || (store && !refreshToken) ? held?.accessToken : undefined;
        const outcome = await ask('signOut', input, bearer);
        if (!outcome.ok && !['signed-out', 'credentials'].includes(outcome.error.kind)) return outcome;
        await end('signed-out');
        return { ok: true, value: undefined };
      });
    },

    close(): void {
      isClosed = true;
      stopWatching();
      clearTimeout(retry);
      listeners.clear();
      tabs.close();
    },
  };
}

/** Fresh: no need to renew it yet. The last minute of it, or its last fifth, is for renewing. */
function isFresh(token: HeldToken): boolean {
  return remainingMsOf(token) > Math.min(60_000, token.lifetimeMs / 5);
}

/** Usable: long enough for an operation to arrive. */
function isUsable(token: HeldToken): boolean {
  return remainingMsOf(token) > Math.min(5_000, token.lifetimeMs / 20);
}

/** What the app's store threw, or an answer that is none of auth's. */
function readFault(error: unknown): SignetError {
  return { kind: 'internal', reason: 'client', message: String((error as Error)?.message ?? error) };
}
