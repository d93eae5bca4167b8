import type { IncomingMessage } from 'node:http';
import type { VerifiedProof } from '@signet/proof';
import { addHttpStatus, RefusalError, type SignetContext } from '@signet/service';
import type { Session } from '@signet/session';
import type { OperationDefinitionNode } from 'graphql';

/** What the guards add to the context of resolvers. */
export type GuardedContext = {
  /** Who asks, by their own access token. Guards judge this object: a context with another one is refused. */
  session: Session;
  /** The tenant of the request, where `openGuards` knows how to find one. */
  tenantId?: string;
  /** What the gateway says of the client's request: its id, address, device, and the time that is left. */
  signetContext: SignetContext;
};

/** A request that the gate let in. */
export type Admitted = {
  context: GuardedContext;
  /** Undefined with REQUIRE_PROOF=no only. */
  proof: VerifiedProof | undefined;
  /**
   * Rejects where a request with the same token would be refused now: it has expired, or its session is revoked.
   * Undefined for a caller without a token.
   */
  assertCurrent: (() => Promise<unknown>) | undefined;
  /** The proof was used for a mutation: none may run otherwise, and one only. */
  mutation: 'refused' | 'allowed' | OperationDefinitionNode;
};

/** Where a context holds its request. Frameworks copy contexts, with the symbols. */
const admittedKey = Symbol('signet.admitted');
const admittedRequests = new WeakMap<object, Admitted>();

/** Lets `readContext` find what the gate found out. */
export function rememberAdmitted(request: IncomingMessage, admitted: Admitted): void {
  admittedRequests.set(request, admitted);
}

/**
 * The context of a request that the gate let in.
 *
 * @throws {RefusalError} auth.failure.proof_missing for any other: a path past the gate leads to no resolver.
 */
export function readContext(request: IncomingMessage | undefined): GuardedContext {
  const admitted = request && admittedRequests.get(request);
  if (!admitted) {
    const cause = new Error('the request did not come by guards.gate, or guards.context got no `req`');
    throw addHttpStatus(new RefusalError('auth.failure.proof_missing', { cause }));
  }
  return Object.assign({ ...admitted.context }, { [admittedKey]: admitted });
}

/** @throws {TypeError} for a context that lacks what `readContext` gave, or has another session. */
export function getAdmitted(context: unknown): Admitted {
  const { [admittedKey]: admitted, session } = (context ?? {}) as {
    [admittedKey]?: Admitted;
    session?: unknown;
  };
  if (!admitted) {
    throw new TypeError('the context of this operation does not hold what guards.context({ req }) returns');
  }
  if (session !== admitted.context.session) {
    throw new TypeError('the context has another `session` than guards.context({ req }) gave');
  }
  return admitted;
}
