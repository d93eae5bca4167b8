import { type Platform, platforms } from '@signet/schema/contract';
import { configFields } from '@signet/service';

/** Variables of every process that verifies tokens. For each platform either the URL or the keys. */
export const issuerConfigFields = {
  /** Base of both issuers: `iss` is this, followed by /user or /portal. */
  ISSUER_URL: configFields.httpUrl,
  USER_JWKS_URL: configFields.httpUrl.optional(),
  PORTAL_JWKS_URL: configFields.httpUrl.optional(),
  /** Public keys in PEM form, usually from USER_PUBLIC_KEYS_FILE. Read once: a rotation needs a restart. */
  USER_PUBLIC_KEYS: configFields.pem.optional(),
  PORTAL_PUBLIC_KEYS: configFields.pem.optional(),
  /** `yes` allows plain http beyond loopback. Anybody on the network path can then forge every token. */
  JWKS_INSECURE: configFields.flag.default(false),
};

export type IssuerConfig = {
  ISSUER_URL: string;
  USER_JWKS_URL?: string | undefined;
  PORTAL_JWKS_URL?: string | undefined;
  USER_PUBLIC_KEYS?: string | undefined;
  PORTAL_PUBLIC_KEYS?: string | undefined;
  JWKS_INSECURE: boolean;
};

/** Variables of every process that follows revocations. */
export const revocationConfigFields = {
  /** As the role `signet_verifier`, which may read revocations and nothing else. Must be set in production. */
  REVOCATIONS_DATABASE_URL: configFields.postgresUrl.optional(),
};

export type RevocationConfig = {
  NODE_ENV: 'development' | 'production' | 'test';
  REVOCATIONS_DATABASE_URL?: string | undefined;
};

/** Variables of every process that verifies tokens and is no issuer. */
export const verifierConfigFields = { ...issuerConfigFields, ...revocationConfigFields };

export type VerifierConfig = IssuerConfig & RevocationConfig;
export type VariableFault = { variable: string; fault: string };

/** Faults between the variables: a platform whose keys have no source, two sources, or an unsafe one. */
export function findIssuerFaults(config: IssuerConfig): VariableFault[] {
  const faults = platforms.flatMap((platform) => findPlatformFaults(config, platform));
  if (config.USER_JWKS_URL !== undefined && config.USER_JWKS_URL === config.PORTAL_JWKS_URL) {
    faults.push({
      variable: 'PORTAL_JWKS_URL',
      fault: 'is the same as USER_JWKS_URL; each platform has its own key set',
    });
  }
  return faults;
}

function findPlatformFaults(config: IssuerConfig, platform: Platform): VariableFault[] {
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

/** Where the keys of a platform come from, and how its variables begin. */
export function keySourceOf(config: IssuerConfig, platform: Platform) {
  const prefix = platform === 'user' ? 'USER' : 'PORTAL';
  return { prefix, url: config[`${prefix}_JWKS_URL`], pem: config[`${prefix}_PUBLIC_KEYS`] } as const;
}

/** Whether nobody else can change what is fetched from the URL: https, or this machine. */
export function isSafeUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
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
