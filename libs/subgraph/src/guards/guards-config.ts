import { defaultAccesses } from '@signet/access';
import { platforms } from '@signet/schema/contract';
import {
  ConfigError,
  configFields,
  type Environment,
  loadConfig,
  processConfigFields,
} from '@signet/service';
import {
  findIssuerFaults,
  findRevocationFaults,
  keySourceOf,
  verifierConfigFields,
} from '@signet/session/config';
import { z } from 'zod';
import { findProofFaults, proofConfigFields } from '../proof/proof-config.ts';

const { NODE_ENV, SURFACE, LOG_LEVEL, ALLOWED_HOSTS } = processConfigFields;

/** Settings of the guards in somebody else's subgraph. */
const guardsConfigSchema = z.object({
  NODE_ENV,
  SURFACE,
  LOG_LEVEL,
  ALLOWED_HOSTS,
  ...verifierConfigFields,
  ISSUER_URL: verifierConfigFields.ISSUER_URL.optional(),
  ...proofConfigFields,
  DEFAULT_ACCESS: z
    .enum(defaultAccesses, `must be one of ${defaultAccesses.join(', ')}`)
    .default('deny')
    .describe('What holds for a field without a rule, on itself or on its type.'),
  REVOCATIONS_OFF_IN_PRODUCTION: configFields.flag
    .default(false)
    .describe('`yes` lets the process verify tokens in production without REVOCATIONS_DATABASE_URL.'),
  NONCES: z
    .enum(['memory'], 'must be memory')
    .optional()
    .describe(
      '`memory` confirms in production that this subgraph has one replica, and needs no shared store.',
    ),
});

export type GuardsConfig = Readonly<z.output<typeof guardsConfigSchema>>;

/**
 * Reads the settings of the guards from the environment.
 *
 * @param hasNonceStore whether `openGuards` got a store.
 * @throws {ConfigError} with all faults, by variable.
 */
export function readGuardsConfig(env: Environment, hasNonceStore: boolean): GuardsConfig {
  const config = loadConfig(guardsConfigSchema, env);
  const wanted = wantedPlatforms(config);
  const hasOwnIssuers = wanted.length > 0;
  const faults = [
    ...(hasOwnIssuers && config.ISSUER_URL === undefined
      ? [{ variable: 'ISSUER_URL', fault: 'is not set, nor is ISSUERS_FILE' }]
      : []),
    ...findIssuerFaults(config, wanted),
    // Each entry of ISSUERS_FILE says for itself that it has none.
    ...(hasOwnIssuers && !config.REVOCATIONS_OFF_IN_PRODUCTION ? findRevocationFaults(config) : []),
    ...findProofFaults(config),
    ...findNonceFaults(config, hasNonceStore),
  ];
  if (faults.length > 0) throw new ConfigError(faults.map(({ variable, fault }) => `${variable}: ${fault}`));
  return config;
}

/**
 * The platforms of which the platform's own issuer is trusted: those that a key source is set for. A subgraph for customers alone knows no keys of
 * staff, and refuses their tokens. Without ISSUERS_FILE one is needed.
 */
export function wantedPlatforms(config: GuardsConfig) {
  const wanted = platforms.filter((platform) => {
    const { url, pem } = keySourceOf(config, platform);
    return url !== undefined || pem !== undefined;
  });
  return wanted.length > 0 || config.ISSUERS_FILE !== undefined ? wanted : platforms;
}

function findNonceFaults({ NODE_ENV: mode, REQUIRE_PROOF, NONCES }: GuardsConfig, hasNonceStore: boolean) {
  return mode === 'production' && REQUIRE_PROOF && !hasNonceStore && NONCES === undefined
    ? [
        {
          variable: 'NONCES',
          fault:
            'is not set, and openGuards got no `nonces`: give it a store that all replicas share, or set NONCES=memory for one replica',
        },
      ]
    : [];
}
