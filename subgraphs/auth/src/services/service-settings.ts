import { configFields } from '@signet/service';
import { createNetworkList, isNetwork } from './client-jwks.ts';

/** How services prove who they are. */
export const serviceConfigFields = {
  CLIENT_SECRETS: configFields.flag
    .default(false)
    .describe(
      '`yes` lets service accounts have secrets beside keys. A secret travels with each request, and whoever sees one can use it (docs/oauth.md).',
    ),
  SERVICE_JWKS_NETWORKS: configFields.list
    .refine((networks) => networks.every(isNetwork), 'must be a list of CIDRs such as 10.1.0.0/16')
    .default([])
    .describe(
      'CIDRs, separated by commas, of networks that are not public and in which key sets of service accounts may be (docs/oauth.md). By default those must be at public addresses.',
    ),
};

export type ServiceRules = {
  areSecretsOn: boolean;
  /** Whether an address that is not public may have the key set of a service. */
  isListedNetwork(address: string): boolean;
};

export function readServiceRules(config: {
  CLIENT_SECRETS: boolean;
  SERVICE_JWKS_NETWORKS: readonly string[];
}): ServiceRules {
  return {
    areSecretsOn: config.CLIENT_SECRETS,
    isListedNetwork: createNetworkList(config.SERVICE_JWKS_NETWORKS),
  };
}
