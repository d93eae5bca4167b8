/** What `AuthPayload` of auth holds. */
export type AuthPayload = {
  accessToken: string;
  expiresIn: number;
  refreshToken?: string | null;
  deviceToken?: string | null;
};

/** Who is signed in, read from the access token. It is for display only: the server decides what they may. */
export type Account = {
  id: string;
  sessionId: string;
  email: string | undefined;
  emailVerified: boolean;
  scopes: readonly string[];
  /** Of staff. */
  role: string | undefined;
  /** `aal2`: with a second factor. */
  acr: string | undefined;
  /** Of staff who act as this customer: their id. */
  actedBy: string | undefined;
};

/** A span of time with its beginning, by two clocks. */
export type Span = { lengthMs: number; wallMs: number; steadyMs: number };

export function beginSpan(lengthMs: number): Span {
  return { lengthMs, wallMs: Date.now(), steadyMs: performance.now() };
}

/**
 * How much of a span is left. The steady clock stands still while a laptop sleeps, and the wall clock jumps when it is set: the one that
 * has gone further counts.
 */
export function remainingMsOf({ lengthMs, wallMs, steadyMs }: Span): number {
  return lengthMs - Math.max(Date.now() - wallMs, performance.now() - steadyMs);
}

/** An access token, and its life since it was received: the `exp` claim is not read, since the clock of a device may be an hour off. */
export type HeldToken = Span & {
  accessToken: string;
  account: Account;
  /** Tells people apart, and who acts as a customer from that customer. */
  person: string;
};

/**
 * @param remainingMs how long the token is valid from now on
 * @throws {Error} for what is no access token with its time
 */
export function holdToken(accessToken: string, remainingMs: number): HeldToken {
  if (!Number.isFinite(remainingMs)) throw new Error('No access token.');
  const account = readAccount(accessToken);
  return { accessToken, account, person: `${account.id} ${account.actedBy}`, ...beginSpan(remainingMs) };
}

/** @throws {Error} for a text that is no JWT */
function readAccount(accessToken: string): Account {
  const payload = accessToken.split('.')[1] ?? '';
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (char) =>
    char.charCodeAt(0),
  );
  const claims = JSON.parse(new TextDecoder().decode(bytes));
  return {
    id: claims.sub,
    sessionId: claims.sid,
    email: claims.email,
    emailVerified: claims.email_verified === true,
    scopes: (claims.scope ?? '').split(' ').filter(Boolean),
    role: claims.role,
    acr: claims.acr,
    actedBy: claims.act?.sub,
  };
}
