import { type Database, databaseErrorToReason, type NonceStore } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import {
  type Check,
  callerKinds,
  checks,
  everydayRefusals,
  findOauthReason,
  findReason,
  isTenantSlug,
  maxRefusalRecords,
  maxRefusalsOfRecord,
  oauthRouteNames,
  type Platform,
  platforms,
  type RefusalRecord,
  refusalRecordPath,
  staffRoles,
} from '@signet/schema/contract';
import { errorBody, type Logger, RefusalError } from '@signet/service';
import type { ProofGate } from '@signet/subgraph';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { assertEntranceMayReport } from '../audit/gateway-refusals.ts';
import { noteReport, readReportNumber } from '../audit/report-numbers.ts';
import {
  countLeftOut,
  insertRefusalRecords,
  noteReporter,
  type OwnedRecord,
  trimRefusalRecords,
} from './refusal-records.queries.ts';

const word = z.string().regex(/^[\w.:/-]{1,100}$/);
const clientWord = z.string().regex(/^[\x20-\x7e]{1,64}$/);
const subgraphName = z.string().regex(/^[\w-]{1,64}$/);
const names = z.array(z.array(word).max(20)).max(20);
const wholeNumber = z.int().min(0).max(1_000_000_000);

const condition = z.strictObject({
  kind: z.enum(['authenticated', 'platform', 'callers', 'scopes', 'policies', 'recentAuth']),
  anyOf: z.optional(names),
  seconds: z.optional(wholeNumber),
  isMet: z.optional(z.boolean()),
});

const refusal = z.strictObject({
  check: z.optional(z.enum(checks as readonly [Check, ...Check[]])),
  code: z.string().regex(/^[A-Za-z_]{1,60}$/),
  reason: z.optional(
    z
      .string()
      .max(100)
      .refine((reason) => (findReason(reason) ?? findOauthReason(reason)) !== undefined),
  ),
  field: z.optional(z.string().regex(/^[A-Za-z_]\w{0,99}\.[A-Za-z_]\w{0,99}$/)),
  path: z.optional(z.string().regex(/^[\w.]{1,200}$/)),
  subgraph: z.optional(subgraphName),
  count: z.int().min(1).max(1_000_000),
  rule: z.optional(z.array(condition).max(20)),
  limit: z.optional(z.strictObject({ found: wholeNumber, allowed: wholeNumber })),
  retryAfterSeconds: z.optional(wholeNumber),
});

const record = z.strictObject({
  requestId: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  at: z.int().min(0),
  isPartial: z.boolean(),
  status: z.int().min(200).max(599),
  hasToken: z.boolean(),
  // Those of a configured issuer need not be of a version of RFC 9562.
  account: z.optional(z.strictObject({ id: z.guid(), tenantId: z.guid() })),
  caller: z.optional(z.enum(callerKinds)),
  act: z.optional(z.guid()),
  role: z.optional(z.enum(staffRoles)),
  scopes: z.optional(z.array(word).max(100)),
  signInAge: z.optional(wholeNumber),
  tenant: z.optional(z.string().refine(isTenantSlug)),
  tenantId: z.optional(z.guid()),
  network: z.optional(z.union([z.ipv4(), z.ipv6()])),
  operation: z.optional(
    z.strictObject({
      name: z.optional(z.string().regex(/^[A-Za-z_]\w{0,99}$/)),
      type: z.enum(['query', 'mutation', 'subscription']),
      hash: z.string().regex(/^[\w.:-]{1,100}$/),
    }),
  ),
  client: z.optional(z.strictObject({ name: z.optional(clientWord), version: z.optional(clientWord) })),
  oauth: z.optional(z.enum(oauthRouteNames)),
  refusals: z.array(refusal).min(1).max(maxRefusalsOfRecord),
}) satisfies z.ZodType<RefusalRecord>;

/** Ids, numbers, words of fixed tables and names without spaces: the holder of an entrance's key can write no sentence to staff. */
const reportSchema = z.strictObject({
  platform: z.enum(platforms),
  /** Each is looked at by itself: one that is not as it should be takes no other's place. */
  records: z.array(z.unknown()).max(maxRefusalRecords),
  leftOut: z.optional(z.int().min(1).max(1_000_000_000)),
  leftOutSince: z.optional(z.int().min(0)),
  coverage: z.optional(
    z.strictObject({
      source: z.uuid(),
      since: z.int().min(0),
      until: z.int().min(0),
      isLast: z.boolean(),
    }),
  ),
});

export type RefusalRecordOptions = {
  /** By platform; only the platforms that this process holds. */
  databaseOf(platform: Platform): Kysely<Database> | undefined;
  nonces: NonceStore;
  findTenantId(slug: string): Promise<string | undefined>;
  defaultTenant: string;
  /** For how many days they are kept. */
  days: number;
  logger: Pick<Logger, 'warn'>;
  /** Rows that an entrance may write in a minute, by this process. */
  perMinute?: number;
  trimEveryMs?: number;
};

const defaultPerMinute = 6000;
const minuteMs = 60_000;

/**
 * Receives what entrances refused, request by request, since gateways may write to no table. How many rows an entrance writes in a minute is
 * bounded, and what is stored is trimmed about twice a minute: neither strangers nor the holder of an entrance's key fill the table. Only requests with
 * a proof reach the routes of `scope`.
 */
export function registerRefusalRecords(
  scope: FastifyInstance,
  gate: ProofGate,
  options: RefusalRecordOptions,
): void {
  const {
    databaseOf,
    nonces,
    logger,
    days,
    perMinute = defaultPerMinute,
    trimEveryMs = minuteMs / 2,
  } = options;
  const budgets = new Map<string, { from: number; used: number }>();
  const takeBudget = (entrance: string, wanted: number) => {
    const now = performance.now();
    let budget = budgets.get(entrance);
    if (!budget || now - budget.from >= minuteMs) {
      budget = { from: now, used: 0 };
      budgets.set(entrance, budget);
    }
    const given = Math.min(wanted, perMinute - budget.used);
    budget.used += given;
    return given;
  };
  const trimmedAt = new Map<Platform, number>();
  const trim = (platform: Platform, db: Kysely<Database>) => {
    const last = trimmedAt.get(platform) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - last < trimEveryMs) return;
    trimmedAt.set(platform, performance.now());
    trimRefusalRecords(db, platform, { days }).catch((err: unknown) =>
      logger.warn({ err, platform }, 'the records of refused requests could not be trimmed yet'),
    );
  };
  scope.post(refusalRecordPath, async (request, reply) => {
    const proof = gate.proofOf(request);
    const { success, data: report } = reportSchema.safeParse(request.body);
    const number = readReportNumber(request.query);
    if (!success || number === 'malformed') {
      return reply.code(400).send(errorBody('This is no report of refused requests.', 'BAD_REQUEST'));
    }
    const { platform, leftOut = 0, leftOutSince, coverage } = report;
    const records = report.records.flatMap((one) => record.safeParse(one).data ?? []);
    assertEntranceMayReport(proof, platform);
    const misfits = report.records.length - records.length;
    if (misfits > 0)
      logger.warn({ misfits }, 'records of refused requests have another form: they are left out');
    const db = databaseOf(platform);
    if (!db) throw new RefusalError('auth.unavailable');
    const { entrance } = proof.sender;
    try {
      if (!(await nonces.use(proof.nonce, proof.expiresAt))) throw new RefusalError('auth.failure.replay');
      const taken = records.slice(0, takeBudget(entrance, records.length));
      const owned: OwnedRecord[] = [];
      for (const one of taken) {
        const tenantId = await findTenant(options, one);
        if (tenantId !== undefined) owned.push({ tenantId, caller: callerOf(one), record: inTime(one) });
      }
      const since = timeIn(Math.min(leftOutSince ?? Date.now(), ...records.map(({ at }) => at)), dayMs);
      await db.transaction().execute(async (trx) => {
        if (coverage) await noteReporter(trx, { platform, entrance }, coverage);
        if (!(await noteReport(trx, { platform, entrance }, number))) return;
        const written = await insertRefusalRecords(trx, { platform, entrance }, owned);
        const count = leftOut + report.records.length - written;
        if (count > 0) await countLeftOut(trx, platform, { count, since: new Date(since) });
        // Stored at a later time than their own: if they are trimmed, they are counted there, and at their own time nobody would miss them.
        const late = taken.filter((one) => inTime(one).at > one.at).length;
        if (late > 0) await countLeftOut(trx, platform, { count: late, since: new Date(since) });
      });
    } catch (error) {
      throw databaseErrorToReason(error) === 'unavailable' ? new RefusalError('auth.unavailable') : error;
    }
    trim(platform, db);
    return reply.code(202).send({});
  });
}

type SentRecord = z.infer<typeof record>;

/** The tenant of the token, else that of the client that the request named, else the one that it named if it exists, else the default. */
async function findTenant(
  { findTenantId, defaultTenant }: RefusalRecordOptions,
  { account, tenantId, tenant }: SentRecord,
): Promise<string | undefined> {
  const own = account?.tenantId ?? tenantId;
  if (own !== undefined) return own;
  const named = tenant === undefined ? undefined : await findTenantId(tenant);
  return named ?? findTenantId(defaultTenant);
}

function callerOf({ account, network, refusals }: SentRecord): string {
  if (account) return account.id;
  const { network: prefix } = readClientPrefix(network ?? null);
  return refusals.every(({ reason }) => everydayRefusals.has(reason)) ? `${prefix} everyday` : prefix;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A gateway's clock may be wrong; the database takes no record of another day. */
function inTime(one: SentRecord): SentRecord {
  return { ...one, at: timeIn(one.at, hourMs - minuteMs) };
}

function timeIn(at: number, lastMs: number): number {
  const now = Date.now();
  return Math.min(now, Math.max(now - lastMs, at));
}
