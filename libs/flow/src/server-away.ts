/** Of Node: nothing listens there, the other end is gone, no way leads there. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Connection exceptions, a server that is shut down or starts (appendix A of the PostgreSQL manual), and one that has no connection left. */
const lostStates = /^(08...|57P0.|53300)$/;

/** pg and pg-pool throw these without a code. */
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error)/;

/** Names of our own errors for a server that gives no sign of life. */
const ownNames = new Set(['DatabaseSilentError']);

/** Whether an error says that a server cannot be reached, rather than what it answered. Looks through `cause`, and each of several errors. */
export function isServerAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (ownNames.has(error.name) || lostConnection.test(error.message)) return true;
  if (typeof code === 'string' && (networkCodes.has(code) || lostStates.test(code))) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isServerAway);
  return isServerAway(error.cause);
}

export type FaultLog = {
  /** A turn of the work failed. */
  failed(error: unknown): void;
  /** A turn succeeded. */
  worked(): void;
};

/**
 * For work that is tried again and again: says the same fault once, until a turn succeeds. A server that goes away fails in several ways, one after the other
 * (the connection ends, nothing listens, it is starting up): that is one fault.
 */
export function createFaultLog(say: { failing(error: unknown): void; working?(): void }): FaultLog {
  let said: string | undefined;
  return {
    failed(error) {
      const fault = isServerAway(error) ? 'the server is away' : String(error);
      if (fault !== said) say.failing(error);
      said = fault;
    },
    worked() {
      if (said !== undefined) say.working?.();
      said = undefined;
    },
  };
}
