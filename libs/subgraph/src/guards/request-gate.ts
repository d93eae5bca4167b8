import type { IncomingMessage, ServerResponse } from 'node:http';
import { readSignedMessage, type VerifiedProof } from '@signet/proof';
import {
  answerHealth,
  assertReadableBody,
  createHostCheck,
  errorBody,
  type Health,
  healthPaths,
  type Logger,
  otherHost,
  type RequestIds,
  readAuthorization,
  readJson,
  runAsRequest,
  type SignetContext,
  subgraphBodyLimitBytes,
  valuesOfHeader,
} from '@signet/service';
import type { Session } from '@signet/session';
import { createContextReader } from '../context-reader.ts';
import { type ProofCheck, verifyMessage } from '../proof/proof-gate.ts';
import { type GuardedContext, rememberAdmitted } from './admitted.ts';
import { answerJson, createRefusalAnswer } from './answer-refusal.ts';
import { type OperationGate, readOperationBody } from './operation-gate.ts';
import { readBody } from './read-body.ts';

/** Stands before a framework: `next` is called for requests that were let in, with `req.body` parsed. */
export type RequestGate = (
  req: IncomingMessage & { originalUrl?: string | undefined; body?: unknown },
  res: ServerResponse,
  next: () => void,
) => void;

export type RequestGateOptions = {
  logger: Logger;
  /** Undefined: everybody who reaches the port counts as a gateway. */
  proof: ProofCheck | undefined;
  /** Host names beside those of loopback. Compared only without a proof: a page that rebinds DNS can sign nothing. */
  allowedHosts: readonly string[];
  /** @throws {RefusalError} (rejects with) */
  findSession(request: {
    authorization: string | undefined;
    signetContext: SignetContext;
  }): Promise<{ session: Session; tenantId?: string }>;
  /** Who has this Authorization header now. @throws {RefusalError} (rejects with) */
  authenticate(authorization: string): Promise<Session>;
  /** @throws {RefusalError} where the sender's entrance admits no such session. */
  assertSession(proof: VerifiedProof | undefined, session: Session): void;
  operations: OperationGate;
  health: Health;
};

/**
 * Creates the gate of a server on node:http, Connect or Express. It reads the body itself, since a proof is over its bytes, and refuses with the
 * errors and statuses of docs/errors.md. It answers `/health/live`, `/health/started` and `/health/ready`.
 */
export function createRequestGate(options: RequestGateOptions): RequestGate {
  const { logger, proof: check } = options;
  const contextOf = createContextReader();
  const isOurHost = createHostCheck(options.allowedHosts);
  const answerRefusal = createRefusalAnswer(logger);
  const admit = async (req: Parameters<RequestGate>[0], ids: RequestIds): Promise<boolean> => {
    assertReadableBody(req);
    const bytes = await readBody(req, subgraphBodyLimitBytes);
    if (!bytes) return false;
    const signetContext = contextOf({ raw: req });
    let proof: VerifiedProof | undefined;
    if (check) {
      // A router under a path of its own shortens `url`. What was signed is the target as it came.
      const { method, rawHeaders, url = '', originalUrl = url } = req;
      const message = readSignedMessage({ method, rawHeaders, url: originalUrl }, bytes);
      proof = tellRefusal(check, req, () => verifyMessage(check.verifier, message, signetContext));
    }
    if (signetContext) ids.requestId = signetContext.requestId;
    const body = readJson(bytes);
    const operation = readOperationBody(body);
    const request = {
      authorization: readAuthorization(req),
      signetContext: signetContext ?? { requestId: ids.requestId },
    };
    const found = await options.findSession(request);
    options.assertSession(proof, found.session);
    const mutation = proof ? await options.operations.admit(proof, operation) : 'allowed';
    const context: GuardedContext = { ...found, signetContext: request.signetContext };
    const { authorization } = request;
    const assertCurrent = authorization === undefined ? undefined : () => options.authenticate(authorization);
    rememberAdmitted(req, { context, proof, assertCurrent, mutation });
    // body-parser leaves such a request alone, and every framework takes a parsed body from here.
    Object.assign(req, { body, _body: true });
    return true;
  };
  return (req, res, next) => {
    const path = (req.originalUrl ?? req.url ?? '').replace(/\?.*$/s, '');
    if (req.method === 'GET' && paths.includes(path)) return void showHealth(res, path, options.health);
    if (!check && !(valuesOfHeader(req, 'host').length === 1 && isOurHost(req.headers.host))) {
      return answerJson(res, otherHost.status, errorBody(otherHost.text, otherHost.code));
    }
    if (req.method !== 'POST') {
      const body = errorBody('This path takes POST.', 'BAD_REQUEST');
      return answerJson(res, 405, body, [['allow', 'POST']]);
    }
    // The gateway's own, once it is proven that one has sent the request.
    const ids = { requestId: crypto.randomUUID() };
    admit(req, ids).then(
      (isAdmitted) => isAdmitted && runAsRequest(ids, res, next),
      (error) => {
        runAsRequest(ids, res, () => answerRefusal(res, error));
        if (!req.complete) closeAfter(req, res);
      },
    );
  };
}

/** What is not read would be taken for the next request. A client that still sends gets the answer first. */
function closeAfter(req: IncomingMessage, res: ServerResponse): void {
  res.once('finish', () => setTimeout(() => req.destroy(), 1000).unref());
}

function tellRefusal<T>({ refusals }: ProofCheck, req: IncomingMessage, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    refusals.tell(error, { address: req.socket.remoteAddress });
    throw error;
  }
}

const paths: readonly string[] = healthPaths;

async function showHealth(res: ServerResponse, path: string, health: Health): Promise<void> {
  const answer = await answerHealth(health, path, { isPublic: false });
  if (answer) answerJson(res, answer.status, answer.body, Object.entries(answer.headers));
}
