import { type Database, databaseErrorToReason, type NonceStore } from '@signet/db';
import {
  maxReportedUsage,
  otherUsage,
  type Platform,
  type UsageReport,
  usageReportPath,
} from '@signet/schema/contract';
import { errorBody, type Logger, RefusalError } from '@signet/service';
import type { ProofGate } from '@signet/subgraph';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { noteReport, readReportNumber } from '../audit/report-numbers.ts';
import { addUsage } from './field-usage.queries.ts';

/** What a client says of itself, or nothing. */
const clientWord = z.string().regex(/^[\x20-\x7e]{0,64}$/);

const usageReportSchema = z.strictObject({
  usage: z
    .array(
      z.strictObject({
        coordinate: z.union([
          z.string().regex(/^[A-Za-z_]\w{0,98}\.[A-Za-z_]\w{0,98}$/),
          z.literal(otherUsage),
        ]),
        client: clientWord,
        version: clientWord,
        count: z.int().min(1).max(1_000_000_000),
      }),
    )
    .min(1)
    .max(maxReportedUsage),
}) satisfies z.ZodType<UsageReport>;

export type UsageReportOptions = {
  /** By platform; only the platforms that this process holds. */
  databaseOf(platform: Platform): Kysely<Database> | undefined;
  nonces: NonceStore;
  logger: Logger;
};

/**
 * Receives which fields an entrance was asked for, since gateways may write to no table. The entrance is the one whose key signed the
 * report: it can add to no other's sums. Only requests with a proof reach the routes of `scope`.
 */
export function registerUsageReports(
  scope: FastifyInstance,
  gate: ProofGate,
  { databaseOf, nonces, logger }: UsageReportOptions,
): void {
  let hasWarned = false;
  scope.post(usageReportPath, async (request, reply) => {
    const { sender, nonce, expiresAt } = gate.proofOf(request);
    const { success, data: report } = usageReportSchema.safeParse(request.body);
    const number = readReportNumber(request.query);
    if (!success || number === 'malformed') {
      return reply.code(400).send(errorBody('This is not a report of usage.', 'BAD_REQUEST'));
    }
    const { entrance } = sender;
    const platform = entrance === 'portal' ? 'portal' : 'user';
    const db = databaseOf(platform);
    if (!db) throw new RefusalError('auth.unavailable');
    try {
      if (!(await nonces.use(nonce, expiresAt))) throw new RefusalError('auth.failure.replay');
      const folded = await db
        .transaction()
        .execute(async (trx) =>
          (await noteReport(trx, { platform, entrance }, number)) ? addUsage(trx, entrance, report.usage) : 0,
        );
      if (folded > 0 && !hasWarned) {
        hasWarned = true;
        logger.warn(
          { entrance, folded },
          'there are too many clients and fields in the usage of today: new ones count as other',
        );
      }
    } catch (error) {
      throw databaseErrorToReason(error) === 'unavailable' ? new RefusalError('auth.unavailable') : error;
    }
    return reply.code(202).send({});
  });
}
