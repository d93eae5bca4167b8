import {
  findReason,
  isTenantSlug,
  maxReportedRefusals,
  platforms,
  type RefusalReport,
} from '@signet/schema/contract';
import { refusingPlaces } from '@signet/schema/subgraphs';
import { z } from 'zod';

const refusingCodes = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN']);

const refusal = z.strictObject({
  reason: z.string().refine((reason) => refusingCodes.has(findReason(reason)?.code)),
  place: z.enum(refusingPlaces),
  field: z.optional(z.string().regex(/^[A-Za-z_]\w{0,99}\.[A-Za-z_]\w{0,99}$/)),
  count: z.int().min(1).max(1_000_000_000),
  ofMany: z.optional(z.boolean()),
  session: z.optional(z.strictObject({ id: z.uuid(), accountId: z.uuid(), tenantId: z.uuid() })),
  tenant: z.optional(z.string().refine(isTenantSlug)),
  address: z.optional(z.union([z.ipv4(), z.ipv6()])),
  requestId: z.optional(z.string().regex(/^[\x21-\x7e]{1,200}$/)),
});

/** Words of the tables and ids: nothing in a report is free text, whoever holds the key of an entrance. */
export const refusalReportSchema = z.strictObject({
  platform: z.enum(platforms),
  refusals: z.array(refusal).min(1).max(maxReportedRefusals),
}) satisfies z.ZodType<RefusalReport>;
