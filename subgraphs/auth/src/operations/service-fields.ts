import type { ServiceAccountResolvers, ServiceCredentialResolvers } from '../resolvers.generated.ts';
import type { Portal } from './manage-staff.ts';

const kinds = { key: 'KEY', jwks: 'KEY_SET', secret: 'SECRET' } as const;

/** Fields of a service account that its row does not have as such. */
export function createServiceAccountFields({ findAccount }: Portal): ServiceAccountResolvers {
  return {
    side: ({ platform }) => (platform === 'user' ? 'USER' : 'PORTAL'),
    createdBy: async ({ createdById }, _args, ctx) => (await findAccount(ctx, createdById)) ?? null,
  };
}

/** The same of a credential. */
export function createServiceCredentialFields({ findAccount }: Portal): ServiceCredentialResolvers {
  return {
    kind: ({ kind }) => kinds[kind],
    createdBy: async ({ createdById }, _args, ctx) => (await findAccount(ctx, createdById)) ?? null,
  };
}
