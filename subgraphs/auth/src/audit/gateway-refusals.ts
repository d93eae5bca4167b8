import { type Database, databaseErrorToReason, type NonceStore, type SampledAudit } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import {
  callerKinds,
  findReason,
  isTenantSlug,
  maxReportedRefusals,
  type Platform,
  platforms,
  type RefusalReport,
  type ReportedRefusal,
  refusalReportPath,
} from '@signet/schema/contract';
import { refusingPlaces } from '@signet/schema/subgraphs';
import { errorBody, RefusalError } from '@signet/service';
import type { ProofGate } from '@signet/subgraph';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { noteReport, readReportNumber } from './report-numbers.ts';

const refusingCodes = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN']);

const refusal = z.strictObject({
  reason: z.string().refine((reason) => refusingCodes.has(findReason(reason)?.code)),
  place: z.enum(refusingPlaces),
  field: z.optional(z.string().regex(/^[A-Za-z_]\w{0,99}\.[A-Za-z_]\w{0,99}$/)),
  count: z.int().min(1).max(1_000_000_000),
  ofMany: z.optional(z.boolean()),
  session: z.optional(z.strictObject({ id: z.uuid(), accountId: z.uuid(), tenantId: z.uuid() })),
  caller: z.optional(z.enum(callerKinds)),
  act: z.optional(z.uuid()),
  tenant: z.optional(z.string().refine(isTenantSlug)),
  address: z.optional(z.union([z.ipv4(), z.ipv6()])),
  requestId: z.optional(z.string().regex(/^[\x21-\x7e]{1,200}$/)),
});

/** Only ids and words of fixed tables: the holder of an entrance's key can write no free text into the log. */
const refusalReportSchema = z.strictObject({
  platform: z.enum(platforms),
  refusals: z.array(refusal).min(1).max(maxReportedRefusals),
}) satisfies z.ZodType<RefusalReport>;

type VerifiedProof = ReturnType<ProofGate['proofOf']>;

export type RefusalReportOptions = {
  /** By platform; only the platforms that this process holds. */
  samplesOf(platform: Platform): SampledAudit | undefined;
  databaseOf(platform: Platform): Kysely<Database> | undefined;
  nonces: NonceStore;
  findTenantId(slug: string): Promise<string | undefined>;
  defaultTenant: string;
};

/**
 * Receives what gateways refused, since they may write to no table. It samples once more: replicas together write a row a
 * minute for each reason and caller, and the holder of an entrance's key cannot fill the log. Only requests with a proof
 * reach the routes of `scope`.
 */
export function registerRefusalReports(
  scope: FastifyInstance,
  gate: ProofGate,
  options: RefusalReportOptions,
): void {
  scope.post(refusalReportPath, async (request, reply) => {
    const proof = gate.proofOf(request);
    const { success, data: report } = refusalReportSchema.safeParse(request.body);
    const number = readReportNumber(request.query);
    if (!success || number === 'malformed') {
      return reply.code(400).send(errorBody('This is not a report of refusals.', 'BAD_REQUEST'));
    }
    assertEntranceMayReport(proof, report.platform);
    const { platform } = report;
    const { entrance } = proof.sender;
    const samples = options.samplesOf(platform);
    const db = options.databaseOf(platform);
    if (!samples || !db) {
      throw new RefusalError('auth.unavailable');
    }
    try {
      await assertFirstTime(options.nonces, proof);
      const found: [ReportedRefusal, string | undefined][] = [];
      for (const refusal of report.refusals) found.push([refusal, await getTenantId(options, refusal)]);
      // Nothing that could fail comes between this and the last one: a report is counted as a whole, and once.
      if (await noteReport(db, { platform, entrance }, number)) {
        for (const [refusal, tenantId] of found) tell(samples, refusal, entrance, tenantId);
      }
    } catch (error) {
      throw databaseErrorToReason(error) === 'unavailable' ? new RefusalError('auth.unavailable') : error;
    }
    return reply.code(202).send({});
  });
}

/** The entrances `user` and `portal` admit one platform's tokens, and can refuse nothing on the other platform. */
export function assertEntranceMayReport({ sender: { entrance } }: VerifiedProof, platform: Platform): void {
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

/** The tenant of the token, else the one that the request named if it exists, else the default. */
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
  { reason, place, field, count, ofMany, session, caller: kind, act, address, requestId }: ReportedRefusal,
  entrance: string,
  tenantId: string | undefined,
): void {
  if (tenantId === undefined) return;
  const caller = ofMany ? 'many' : (session?.id ?? readClientPrefix(address ?? null).network);
  const details = {
    reason,
    entrance,
    place,
    ...(field && { field }),
    ...(ofMany ? { callers: 'many' } : { ...(kind && { caller: kind }), ...(act && { act }) }),
  };
  const who = { sessionId: session?.id, actorId: session?.accountId };
  const origin = { address: address ?? null, requestId };
  samples.tell(
    'authz.refused',
    `${entrance} ${caller}`,
    { tenantId, ...(!ofMany && { ...who, origin }), details },
    count,
  );
}
