import type { Session } from '@signet/session';
import type { SessionCookies } from './session-cookies.ts';

/** What the gateway knows of a request and passes on with each fetch. */
export type GatewayContext = {
  session: Session;
  authorization: string | undefined;
  signetContext: string;
  /** Only where the client asks that cookies carry refresh tokens, from a page whose origin is trusted. */
  cookies: SessionCookies | undefined;
  /** By `performance.now()`: when the client's time is up, and with it that of every fetch. */
  deadline: number;
  /** Aborts when the client closes its connection without waiting for the answer. */
  clientGone: AbortSignal;
};
