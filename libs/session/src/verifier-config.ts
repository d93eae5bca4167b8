import { audienceOf, issuerOf, type Platform, platforms } from '@signet/schema/contract';
import { configFields } from '@signet/service';
import { z } from 'zod';
import type { IssuerListRules } from './issuers/issuer-list-faults.ts';
import { isSafeUrl } from './safe-url.ts';

export { findIssuerListFaults, type IssuerListRules, type ListFault } from './issuers/issuer-list-faults.ts';
export { readIssuersFile } from './issuers/issuers-file.ts';
export { type IssuerEntry, issuersSchema } from './issuers/issuers-schema.ts';
export {
  type FieldPath,
  nameOfField,
  nameOfKey,
  parseYamlFile,
  readConfigText,
  type YamlFile,
} from './issuers/yaml-file.ts';
export type { IssuerList } from './trusted-issuers.ts';

const jwksUrl = configFields.httpUrl.optional();
const publicKeys = configFields.pem.optional();

/** Variables of every process that verifies tokens. For each platform either the URL or the keys. */
export const issuerConfigFields = {
  ISSUER_URL: configFields.httpUrl.describe(
    'Base of both issuers, as clients see it. `iss` in every token is this URL, followed by /user or /portal, so it must not change later.',
  ),
  USER_JWKS_URL: jwksUrl.describe('Where the public keys of customer tokens are published.'),
  PORTAL_JWKS_URL: jwksUrl.describe('Where the public keys of staff tokens are published.'),
  USER_PUBLIC_KEYS: publicKeys.describe(
    'Public keys of customer tokens in PEM form, in place of USER_JWKS_URL, usually as USER_PUBLIC_KEYS_FILE. They are read once: a rotation needs a restart.',
  ),
  PORTAL_PUBLIC_KEYS: publicKeys.describe('The same for staff, in place of PORTAL_JWKS_URL.'),
  JWKS_INSECURE: configFields.flag
    .default(false)
    .describe(
      '`yes` allows key sets over plain http beyond loopback. Anybody on the network path can then forge every token.',
    ),
  ISSUERS_FILE: z
    .string()
    .optional()
    .describe(
      'Path of a YAML or JSON file whose section `issuers` names issuers to trust beside our own (docs/issuers.md).',
    ),
};

export type IssuerConfig = {
  ISSUER_URL: string;
  USER_JWKS_URL?: string | undefined;
  PORTAL_JWKS_URL?: string | undefined;
  USER_PUBLIC_KEYS?: string | undefined;
  PORTAL_PUBLIC_KEYS?: string | undefined;
  JWKS_INSECURE: boolean;
  ISSUERS_FILE?: string | undefined;
};

/** Variables of every process that follows revocations. */
export const revocationConfigFields = {
  REVOCATIONS_DATABASE_URL: configFields.postgresUrl
    .optional()
    .describe(
      'The database as the role `signet_verifier`, which may read revocations and nothing else. It must be set in production.',
    ),
};

export type RevocationConfig = {
  NODE_ENV: 'development' | 'production' | 'test';
  REVOCATIONS_DATABASE_URL?: string | undefined;
};

/** Variables of every process that verifies tokens and is no issuer. */
export const verifierConfigFields = { ...issuerConfigFields, ...revocationConfigFields };

export type VerifierConfig = IssuerConfig & RevocationConfig;
export type VariableFault = { variable: string; fault: string };

type KeyConfig = Omit<IssuerConfig, 'ISSUER_URL' | 'ISSUERS_FILE'>;

/** Faults between the variables of the wanted platforms: one whose keys have no source, two sources, or an unsafe one. */
export function findIssuerFaults(
  config: KeyConfig,
  wanted: readonly Platform[] = platforms,
): VariableFault[] {
  const faults = wanted.flatMap((platform) => findPlatformFaults(config, platform));
  if (config.USER_JWKS_URL !== undefined && config.USER_JWKS_URL === config.PORTAL_JWKS_URL) {
    faults.push({
      variable: 'PORTAL_JWKS_URL',
      fault: 'is the same as USER_JWKS_URL; each platform has its own key set',
    });
  }
  return faults;
}

function findPlatformFaults(config: KeyConfig, platform: Platform): VariableFault[] {
  const { prefix, url, pem } = keySourceOf(config, platform);
  if (url === undefined && pem === undefined) {
    return [{ variable: `${prefix}_JWKS_URL`, fault: `is not set, nor is ${prefix}_PUBLIC_KEYS` }];
  }
  if (url !== undefined && pem !== undefined) {
    return [
      { variable: `${prefix}_PUBLIC_KEYS`, fault: `is set together with ${prefix}_JWKS_URL; keep one` },
    ];
  }
  return url === undefined || isSafeUrl(url) || config.JWKS_INSECURE
    ? []
    : [{ variable: `${prefix}_JWKS_URL`, fault: 'must be https beyond loopback (or JWKS_INSECURE=yes)' }];
}

/** In production a process must follow revocations. */
export function findRevocationFaults({
  NODE_ENV,
  REVOCATIONS_DATABASE_URL,
}: RevocationConfig): VariableFault[] {
  return NODE_ENV === 'production' && REVOCATIONS_DATABASE_URL === undefined
    ? [
        {
          variable: 'REVOCATIONS_DATABASE_URL',
          fault: 'is not set; without it logout would not end access tokens',
        },
      ]
    : [];
}

type ListConfig = {
  [Name in 'ISSUER_URL' | 'USER_JWKS_URL' | 'PORTAL_JWKS_URL']?: string | undefined;
} & { JWKS_INSECURE?: boolean; NODE_ENV?: RevocationConfig['NODE_ENV'] };

/** What the section `issuers` must fit to, where our own issuers of these platforms are trusted too. */
export function issuerListRulesOf(config: ListConfig, ownPlatforms: readonly Platform[]): IssuerListRules {
  const { ISSUER_URL } = config;
  return {
    isProduction: config.NODE_ENV === 'production',
    allowInsecure: config.JWKS_INSECURE ?? false,
    own:
      ISSUER_URL === undefined
        ? []
        : ownPlatforms.map((platform) => ({
            issuer: issuerOf(ISSUER_URL, platform),
            audience: audienceOf(platform),
            platform,
            jwksUrl: keySourceOf(config, platform).url,
          })),
  };
}

/** Where the keys of a platform come from, and how its variables begin. */
export function keySourceOf(config: Partial<Omit<KeyConfig, 'JWKS_INSECURE'>>, platform: Platform) {
  const prefix = platform === 'user' ? 'USER' : 'PORTAL';
  return { prefix, url: config[`${prefix}_JWKS_URL`], pem: config[`${prefix}_PUBLIC_KEYS`] } as const;
}

/** When to look for faults between variables: beside all other faults, but only if these variables were read. */
export const whenVerifierConfigIsRead = {
  when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
    issues.every(({ path }) => !readVariables.has(String(path?.[0]))),
};
const readVariables = new Set([...Object.keys(verifierConfigFields), 'NODE_ENV']);

type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** For `superRefine`: reports each fault between these variables under the variable to change. */
export function refineVerifierConfig(config: VerifierConfig, issues: Issues): void {
  for (const { variable, fault } of [...findIssuerFaults(config), ...findRevocationFaults(config)]) {
    issues.addIssue({ code: 'custom', path: [variable], message: fault });
  }
}
