import { configFields, processConfigFields } from '@signet/service';
import { refineVerifierConfig, verifierConfigFields, whenVerifierConfigIsRead } from '@signet/session/config';
import { z } from 'zod';
import { proofConfigFields, refineProofConfig, whenProofConfigIsRead } from './proof/proof-config.ts';

export { findProofFaults, proofConfigFields } from './proof/proof-config.ts';

/** The tenant of a request that names none, for every process that reads rows. */
export const defaultTenantField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the slug of a tenant')
  .describe('Slug of the tenant of a request without a token or an `x-tenant` header.');

const fields = {
  ...processConfigFields,
  ...verifierConfigFields,
  ...proofConfigFields,
  DATABASE_URL: configFields.postgresUrl.describe('The database as the role of the subgraph.'),
  DATABASE_REPLICAS: configFields.databaseHosts
    .optional()
    .describe(
      'Streaming replicas of the database, as `host` or `host:port`, separated by commas. They answer reads, never with something older than the request (docs/database.md).',
    ),
  DEFAULT_TENANT: defaultTenantField,
};

/** Configuration of a product subgraph's process. */
export const subgraphConfigSchema = z
  .object(fields)
  .superRefine(refineVerifierConfig, whenVerifierConfigIsRead)
  .superRefine(refineProofConfig, whenProofConfigIsRead);

/** Of a subgraph that has settings of its own as well. */
export function withOwnSettings(own: Readonly<Record<string, z.ZodType>> = {}): z.ZodObject {
  return subgraphConfigSchema.safeExtend(own);
}

/** `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. */
export type SubgraphConfig = z.output<typeof subgraphConfigSchema> & { portVariable?: string };
