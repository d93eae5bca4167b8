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

/** An access token with the time at which it was received, by two clocks. */
export type HeldToken = {
  accessToken: string;
  account: Account;
  lifetimeMs: number;
  wallMs: number;
  steadyMs: number;
};

/** @param remainingMs how long the token is valid from now on */
export function holdToken(accessToken: string, remainingMs: number): HeldToken {
  return {
    accessToken,
    account: readAccount(accessToken),
    lifetimeMs: remainingMs,
    wallMs: Date.now(),
    steadyMs: performance.now(),
  };
}

/**
 * How long a token is still valid. The `exp` claim is not read, since the clock of a device may be an hour off. The steady clock stands
 * still while a laptop sleeps, and the wall clock jumps when it is set: the one that has gone further counts.
 */
export function remainingMsOf({ lifetimeMs, wallMs, steadyMs }: HeldToken): number {
  return lifetimeMs - Math.max(Date.now() - wallMs, performance.now() - steadyMs);
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
