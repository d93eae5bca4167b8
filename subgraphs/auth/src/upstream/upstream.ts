import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import { createProviderClient, type ProviderClient } from './provider-client.ts';
import type { Provider } from './providers-file.ts';
import { createSignInStates, type SignInStates } from './sign-in-state.ts';

/** A provider of a platform, and the id of its tenant. */
export type TenantProvider = { client: ProviderClient; tenantId: string };

/** The identity providers at which people of a platform sign in. */
export type Upstream = {
  find(name: string): TenantProvider | undefined;
  states: SignInStates;
  close(): Promise<void>;
};

type Opening = {
  platform: Platform;
  /** Those of all platforms. */
  providers: readonly Provider[];
  /** The first seals the states of sign-ins, all open them. */
  secrets: readonly Uint8Array[];
  findTenantId(slug: string): Promise<string | undefined>;
};

/**
 * Nothing is fetched before somebody signs in: a provider that is down keeps nobody else out.
 *
 * @throws {ConfigError} for a tenant that does not exist
 */
export async function openUpstream({
  platform,
  providers,
  secrets,
  findTenantId,
}: Opening): Promise<Upstream> {
  const own = providers.filter((provider) => provider.platform === platform);
  const byName = new Map<string, TenantProvider>();
  const faults: string[] = [];
  for (const provider of own) {
    const tenantId = await findTenantId(provider.tenant);
    if (tenantId === undefined) faults.push(`${provider.placeOf('tenant')}: there is no such tenant`);
    else byName.set(provider.name, { client: createProviderClient(provider), tenantId });
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    find: (name) => byName.get(name),
    states: createSignInStates(secrets, platform),
    async close() {
      await Promise.all([...byName.values()].map(({ client }) => client.close()));
    },
  };
}
