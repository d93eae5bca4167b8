import {
  type Outcome,
  readAnswer,
  readAnswerError,
  readError,
  readRetryAfter,
  type SignetError,
} from './errors.ts';
import { documentOf, type OperationName, type Platform } from './operations.ts';
import { connectTabs, type TabMessage } from './tabs.ts';
import {
  type Account,
  type AuthPayload,
  beginSpan,
  type HeldToken,
  holdToken,
  remainingMsOf,
  type Span,
} from './tokens.ts';

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

/** In place of what one person began and the next one would have sent, or got the answer to. */
const anotherAccount = {
  ok: false,
  error: { kind: 'internal', reason: 'client.another_account', message: 'Somebody else signed in.' },
} as const satisfies Outcome<never>;

const requestTimeoutMs = 30_000;
/** How long a tab waits for a token that another tab may have got while this one waited for the lock. */
const otherTabMs = 200;
const maxRetryMs = 30_000;
/** Auth is left alone for this long at most, whatever an answer says: it may be a proxy's. */
const maxPauseMs = 600_000;
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
  /** Auth asked to be left alone: for how long, and the error that said so. */
  let pause: (Span & { error: SignetError }) | undefined;
  /** The sessions that are over: a token of one may still arrive, from a renewal that was under way. */
  const over = new Set<string>();
  const watching = new AbortController();
  /** Called where the token or the state has changed. */
  let wake = (): void => undefined;

  const tabs = connectTabs(`signet:${platform}:${url}`, hear);

  function hear(message: TabMessage): void {
    if (isBorrowed) return;
    if (message.kind === 'token') {
      if (message.accessToken === held?.accessToken) return;
      const token = holdToken(message.accessToken, message.remainingMs);
      if (!over.has(token.account.sessionId)) hold(token);
    } else if (message.kind === 'ended') {
      if (!held || held.account.sessionId === message.id) forget(message.reason);
      // A tab that knows of no session may be mistaken: somebody may have signed in meanwhile.
      else if (!message.id) void refresh();
    } else if (message.kind === 'pause') {
      rest(message.error);
    } else if (message.kind === 'ask') {
      const error = pauseError();
      if (held && isFresh(held)) tell(held);
      else if (error) tabs.send({ kind: 'pause', error });
    }
  }

  /** Leaves auth alone for as long as it asked for. */
  function rest(error: SignetError): void {
    if (!('retryAfterSeconds' in error)) return;
    pause = { error, ...beginSpan(Math.min(error.retryAfterSeconds * 1000, maxPauseMs)) };
    wake();
  }

  /** What stands in place of asking auth, while it wants to be left alone. */
  function pauseError(): SignetError | undefined {
    const ms = pause ? remainingMsOf(pause) : 0;
    return pause && ms > 0
      ? ({ ...pause.error, retryAfterSeconds: Math.ceil(ms / 1000) } as SignetError)
      : undefined;
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

  function hold(token: HeldToken): void {
    clearTimeout(retry);
    pause = undefined;
    held = token;
    const { account } = held;
    if (state.status !== 'signed-in' || JSON.stringify(state.account) !== JSON.stringify(account)) {
      change({
        status: 'signed-in',
        account,
        ...(isBorrowed && { endsAt: Date.now() + remainingMsOf(held) }),
      });
    }
    if (isBorrowed) {
      retry = setTimeout(() => end('auth.failure.expired'), remainingMsOf(held));
      (retry as { unref?: () => void }).unref?.();
    }
    wake();
  }

  function forget(reason?: string): void {
    clearTimeout(retry);
    if (held && !isBorrowed) over.add(held.account.sessionId);
    held = undefined;
    isBorrowed = false;
    if (state.status !== 'signed-out') change({ status: 'signed-out', ...(reason && { reason }) });
    wake();
  }

  /** Keeps new tokens: first in the app's store, since an answer that is lost costs a sign-in. */
  async function keep(payload: AuthPayload, isRenewal?: boolean): Promise<void> {
    const token = holdToken(payload.accessToken, payload.expiresIn * 1000);
    // Ended in another tab, while the answer was under way.
    if (isRenewal && over.has(token.account.sessionId)) return;
    if (store) {
      const before = await store.read();
      await store.write({
        refreshToken: payload.refreshToken ?? undefined,
        deviceToken: payload.deviceToken ?? before?.deviceToken,
      });
    }
    isBorrowed = false;
    hold(token);
    tell(token);
  }

  async function end(reason: string): Promise<void> {
    const borrowed = isBorrowed;
    const id = held?.account.sessionId;
    if (store && !borrowed) await store.write({ deviceToken: (await store.read())?.deviceToken });
    const wasSignedIn = state.status === 'signed-in';
    forget(wasSignedIn ? reason : undefined);
    if (!borrowed) tabs.send({ kind: 'ended', reason, id });
  }

  /** Sends one of auth's operations. Never rejects. */
  async function ask<T>(name: OperationName, variables: object, bearer?: string): Promise<Outcome<T>> {
    // The cookie is of whom this browser signed in, and not of the customer as whom staff act in this tab.
    const hasCookies = !store && !(bearer && isBorrowed);
    try {
      const response = await send(url, {
        method: 'POST',
        // What is sent here opens an account: it goes nowhere else.
        redirect: 'error',
        // Whoever signs out and leaves the page at once is signed out.
        keepalive: true,
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
      const { data, errors } = await readAnswer(response);
      if (data && !errors) return { ok: true, value: (data as { result: T }).result };
      return { ok: false, error: readAnswerError(errors?.[0] ?? {}, readRetryAfter(response.headers)) };
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
    if (outcome.ok) return void (await keep(outcome.value, true));
    const { error } = outcome;
    // Nobody can be signed in here until somebody corrects the configuration.
    const isFault = error.kind === 'forbidden' || error.kind === 'input';
    if (isFault) console.error(`Signet renews no session here: ${error.message}`);
    if (isFault || error.kind === 'signed-out' || error.kind === 'credentials') {
      // Another process may share the store, and have replaced the token meanwhile.
      const next = (await store?.read())?.refreshToken;
      return next && next !== stored?.refreshToken ? exchange() : void (await end(error.reason));
    }
    rest(error);
    tabs.send({ kind: 'pause', error });
    return error;
  }

  /** Renews the access token, once at a time in all tabs. Never rejects. */
  async function refresh(): Promise<SignetError | undefined> {
    const before = held;
    const paused = pauseError();
    if (paused) return paused;
    refreshing ??= tabs
      .alone(async (waited) => {
        const isDone = () => held !== before || (waited && state.status === 'signed-out');
        if (waited && !isDone()) await askTabs();
        return isDone() ? undefined : (pauseError() ?? exchange());
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

  /** Whether somebody else is signed in than who began something. */
  const isOther = (by: string | undefined) => by && held && by !== held.person;

  /** Runs `work` in one tab at a time. Never rejects. */
  function once<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    return tabs.alone(work).catch((error: unknown) => ({ ok: false, error: readFault(error) }));
  }

  /** Finds out who is signed in; where auth cannot be asked, again and again, with longer and longer pauses. */
  async function restore(pauseMs = 1000): Promise<void> {
    const error = await refresh();
    if (!error || watching.signal.aborted || state.status !== 'unknown') return;
    change({ status: 'unknown', error });
    clearTimeout(retry);
    const waitMs = Math.max(pauseMs, pause ? remainingMsOf(pause) : 0);
    // Not all browsers at once, after an outage.
    retry = setTimeout(() => restore(Math.min(pauseMs * 2, maxRetryMs)), waitMs * (1 + Math.random() / 4));
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

  /** Looks again where the page may have missed something: it was in the background, kept by the browser (bfcache), or offline. */
  function watchPage(): void {
    const global = globalThis as Partial<EventTarget> & {
      document?: { visibilityState: string } & EventTarget;
    };
    const page = global.document;
    const look = (event: Event) => {
      if (page?.visibilityState === 'hidden') {
        hiddenMs = Date.now();
        return;
      }
      const isKept = (event as { persisted?: boolean }).persisted;
      const isAway = Date.now() - hiddenMs > awayMs;
      hiddenMs = Number.POSITIVE_INFINITY;
      if (isBorrowed) return;
      if (state.status === 'unknown' && event.type !== 'pageshow') void restore();
      else if (isKept || (held && isAway)) void refresh();
    };
    const { signal } = watching;
    page?.addEventListener('visibilitychange', look, { signal });
    for (const type of ['pageshow', 'online']) global.addEventListener?.(type, look, { signal });
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

    /** The access token as it is, for what a page asks by itself: nothing is renewed, so the session lives no longer by it. */
    heldToken: (): HeldToken | undefined => (held && isUsable(held) ? held : undefined),

    /** Who is signed in, for what has several steps. */
    person: () => held?.person,

    /** Sends an operation that gives tokens, and keeps these. Alone, since it makes older refresh tokens worthless. */
    async signInBy<T>(name: OperationName, input: object): Promise<Outcome<T>> {
      const by = held?.person;
      const needsToken = name === 'reauthenticate' || name === 'changePassword';
      const { status } = await ready();
      // Whoever is signed in proves by that that the address is theirs.
      const isVerification = name === 'verifyEmail' && status === 'signed-in' && !isBorrowed;
      const isSignedIn = needsToken || isVerification;
      // Before the lock, which a renewal takes as well.
      if (isSignedIn) {
        const answer = await this.token();
        if ('error' in answer) return { ok: false, ...answer };
      }
      const given = await once<T>(async () => {
        if (isSignedIn && isOther(by)) return anotherAccount;
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

    /** Sends another of auth's operations. `by`: who began this. */
    async ask<T>(name: OperationName, variables: object = {}, by = held?.person): Promise<Outcome<T>> {
      const answer = await this.token();
      if ('error' in answer) return { ok: false, ...answer };
      if (isOther(by)) return anotherAccount;
      const outcome = await ask<T>(name, variables, answer.token?.accessToken);
      return isOther(by) ? anotherAccount : outcome;
    },

    /** Exchanges the grant of an impersonation for a token without refresh, for this tab only. */
    async borrow(grant: string): Promise<Outcome<Account>> {
      await ready();
      // Alone, or the answer to a renewal that is under way would take its place.
      return once(async () => {
        const outcome = await ask<AuthPayload>('beginImpersonation', { input: { grant } });
        if (!outcome.ok) return outcome;
        const token = holdToken(outcome.value.accessToken, outcome.value.expiresIn * 1000);
        isBorrowed = true;
        hold(token);
        return { ok: true, value: token.account };
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
      watching.abort();
      clearTimeout(retry);
      listeners.clear();
      tabs.close();
    },
  };
}

/** Fresh: no need to renew it yet. The last minute of it, or its last fifth, is for renewing. */
function isFresh(token: HeldToken): boolean {
  return remainingMsOf(token) > Math.min(60_000, token.lengthMs / 5);
}

/** Usable: long enough for an operation to arrive. */
function isUsable(token: HeldToken): boolean {
  return remainingMsOf(token) > Math.min(5_000, token.lengthMs / 20);
}

/** What the app's store threw, or an answer that is none of auth's. */
function readFault(error: unknown): SignetError {
  return { kind: 'internal', reason: 'client', message: String((error as Error)?.message ?? error) };
}
