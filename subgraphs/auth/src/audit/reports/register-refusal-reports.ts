import { databaseErrorToReason, type NonceStore, type SampledAudit } from '@signet/db';
import { type Platform, type ReportedRefusal, refusalReportPath } from '@signet/schema/contract';
import { errorBody, RefusalError } from '@signet/service';
import type { ProofGate } from '@signet/subgraph';
import type { FastifyInstance } from 'fastify';
import { readClientPrefix } from '../../throttle/client-prefix.ts';
import { refusalReportSchema } from './refusal-report-schema.ts';

type VerifiedProof = ReturnType<ProofGate['proofOf']>;

export type RefusalReportOptions = {
  /** Of the platforms that this process holds. */
  samplesOf(platform: Platform): SampledAudit | undefined;
  nonces: NonceStore;
  findTenantId(slug: string): Promise<string | undefined>;
  defaultTenant: string;
};

/**
 * Takes in what gateways refused, who may write to no table: sampled once more, so that replicas together write a row a
 * minute for each reason and caller, and no key of an entrance fills the log. `scope` lets only requests with a proof come here.
 */
export function registerRefusalReports(
  scope: FastifyInstance,
  gate: ProofGate,
  options: RefusalReportOptions,
): void {
  scope.post(refusalReportPath, async (request, reply) => {
    const proof = gate.proofOf(request);
    const { success, data: report } = refusalReportSchema.safeParse(request.body);
    if (!success) {
      return reply.code(400).send(errorBody('This is no report of refusals.', 'BAD_REQUEST'));
    }
    assertEntranceMayReport(proof, report.platform);
    const samples = options.samplesOf(report.platform);
    if (!samples) {
      throw new RefusalError('auth.unavailable');
    }
    try {
      await assertFirstTime(options.nonces, proof);
      for (const refusal of report.refusals) {
        tell(samples, refusal, proof.sender.entrance, await getTenantId(options, refusal));
      }
    } catch (error) {
      throw databaseErrorToReason(error) === 'unavailable' ? new RefusalError('auth.unavailable') : error;
    }
    return reply.code(202).send({});
  });
}

/** An entrance admits one platform's tokens, and has refused nothing on the side of the other. */
function assertEntranceMayReport({ sender: { entrance } }: VerifiedProof, platform: Platform): void {
  if (entrance !== 'graph' && entrance !== platform) {
    throw new RefusalError('auth.failure.proof_invalid', {
      cause: new Error(`the entrance ${entrance} reports refusals of the platform ${platform}`),
    });
  }
}

async function assertFirstTime(nonces: NonceStore, { nonce, expiresAt }: VerifiedProof): Promise<void> {
  if (!(await nonces.use(nonce, expiresAt))) {
    throw new RefusalError('auth.failure.replay');
  }
}

/** That of the token; else the one that was named, if there is one of the name. */
async function getTenantId(
  { findTenantId, defaultTenant }: RefusalReportOptions,
  { session, tenant }: ReportedRefusal,
): Promise<string | undefined> {
  if (session) return session.tenantId;
  const named = tenant === undefined ? undefined : await findTenantId(tenant);
  return named ?? findTenantId(defaultTenant);
}

function tell(
  samples: SampledAudit,
  { reason, place, field, count, ofMany, session, address, requestId }: ReportedRefusal,
  entrance: string,
  tenantId: string | undefined,
): void {
  if (tenantId === undefined) return;
  const caller = ofMany ? 'many' : (session?.id ?? readClientPrefix(address ?? null).network);
  const details = { reason, entrance, place, ...(field && { field }), ...(ofMany && { callers: 'many' }) };
  const who = { sessionId: session?.id, actorId: session?.accountId };
  const origin = { address: address ?? null, requestId };
  samples.tell(
    'authz.refused',
    `${entrance} ${caller}`,
    { tenantId, ...(!ofMany && { ...who, origin }), details },
    count,
  );
}
