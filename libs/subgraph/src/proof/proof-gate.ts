import type { IncomingMessage } from 'node:http';
import { type ProofVerifier, readSignedMessage, type SignedMessage, type VerifiedProof } from '@signet/proof';
import { createJsonReader, createRequestValue, RefusalError, type SignetContext } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { type ContextReader, createContextReader } from '../context-reader.ts';
import type { ProofRefusals } from './proof-refusals.ts';

/** How requests are checked, and where refusals are logged. */
export type ProofCheck = { verifier: ProofVerifier; refusals: ProofRefusals };

type ProvenRequest = { raw: IncomingMessage };

export type ProofGate = {
  /**
   * Checks the proof of a request that does not come past the routes of the scope, over the bytes of its body.
   *
   * @throws {RefusalError} auth.failure.proof_missing or auth.failure.proof_invalid, neither logged nor counted here
   */
  check(request: ProvenRequest, bytes: Buffer): void;
  /**
   * The proof of a request that was let in.
   *
   * @throws {RefusalError} auth.failure.proof_missing for any other
   */
  proofOf(request: ProvenRequest): VerifiedProof;
  /**
   * What the gateway says of the client of a request that was let in.
   *
   * @throws {RefusalError} auth.failure.proof_missing for any other
   */
  contextOf(request: ProvenRequest): SignetContext;
};

/**
 * Lets only requests with a valid proof come to the routes of `scope`, which must be encapsulated. It is checked over the
 * bytes as they came, before they are read as JSON and before the bearer token is looked at.
 */
export function registerProofGate(
  scope: FastifyInstance,
  { verifier, refusals }: ProofCheck,
  readContext: ContextReader = createContextReader(),
): ProofGate {
  const proofs = createRequestValue<VerifiedProof>('proof');
  const check = (request: ProvenRequest, bytes: Buffer) => {
    const message = readSignedMessage(request.raw, bytes);
    proofs.set(request.raw, verifyMessage(verifier, message, readContext(request)));
  };
  const readJson = createJsonReader(scope);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  scope.addHook('preHandler', (request, _reply, done) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    try {
      check(request, body);
    } catch (error) {
      refusals.tell(error, { address: request.raw.socket.remoteAddress });
      return done(error as Error);
    }
    readJson(request, body, (error, parsed) => {
      request.body = parsed;
      done(error ?? undefined);
    });
  });
  const proofOf: ProofGate['proofOf'] = ({ raw }) => {
    const proof = proofs.of(raw);
    if (!proof) throw new RefusalError('auth.failure.proof_missing');
    return proof;
  };
  return {
    check,
    proofOf,
    contextOf(request) {
      proofOf(request);
      const context = readContext(request);
      if (!context) throw new RefusalError('auth.failure.proof_missing');
      return context;
    },
  };
}

/**
 * Checks a message that came, and that the token which it has is the one that the gateway had.
 *
 * @param context what `Signet-Context` says.
 * @throws {RefusalError} auth.failure.proof_missing or auth.failure.proof_invalid
 */
export function verifyMessage(
  verifier: ProofVerifier,
  message: SignedMessage,
  context: SignetContext | undefined,
): VerifiedProof {
  const proof = verifier.verify(message);
  assertToken(message, context);
  return proof;
}

/** @throws {RefusalError} auth.failure.proof_invalid where the token was added or removed on the way. */
function assertToken({ headers }: SignedMessage, context: SignetContext | undefined): void {
  if (context?.hasToken !== (headers.authorization !== undefined)) {
    throw new RefusalError('auth.failure.proof_invalid', {
      cause: new Error("Signet-Context's auth differs from whether there is an Authorization header"),
    });
  }
}
