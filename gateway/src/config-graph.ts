import { defaultAccesses } from '@signet/access';
import { type Platform, platforms } from '@signet/schema/contract';
import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { configFields, hasProductionSurface, type SurfaceConfig } from '@signet/service';
import {
  findIssuerFaults,
  findRevocationFaults,
  keySourceOf,
  type VerifierConfig,
} from '@signet/session/config';
import { z } from 'zod';
import { type Issues, reportFault, unlessFaulty } from './config-faults.ts';

/** Which supergraph the gateway serves, and how much of the platform stands around it (docs/any-supergraph.md). */
export const graphFields = {
  SUPERGRAPH_FILE: z
    .string()
    .optional()
    .describe(
      "Path of a supergraph to serve in place of the platform's own, at one entrance (docs/any-supergraph.md).",
    ),
  PORT: configFields.port.default(4000).describe('With SUPERGRAPH_FILE: the port of the one entrance.'),
  SUBGRAPH_URLS: configFields.list
    .refine(
      (pairs) => pairs.every((pair) => isHttpUrl(splitPair(pair)[1])),
      'must be pairs such as reviews=http://reviews:4010/graphql',
    )
    .default([])
    .describe(
      'Where subgraphs answer, in place of any other setting and of the supergraph: pairs such as reviews=http://reviews:4010/graphql, separated by commas.',
    ),
  ACCESS: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe(
      '`off`: the gateway checks no access rules, for a supergraph that has none. With `on`, DEFAULT_ACCESS decides about a field without a rule. Refused in production and with its surface unless ACCESS_OFF_IN_PRODUCTION is `yes` too.',
    ),
  ACCESS_OFF_IN_PRODUCTION: configFields.flag
    .default(false)
    .describe('`yes` confirms ACCESS=off in production. It opens nothing by itself.'),
  DEFAULT_ACCESS: z
    .enum(defaultAccesses, `must be one of ${defaultAccesses.join(', ')}`)
    .default('deny')
    .describe(
      'What holds for a field without a rule, on itself or on its type: `deny` refuses it to everybody, `authenticated` gives it to every caller who is signed in, `public` to everybody.',
    ),
  POLICIES: z
    .enum(['subgraphs', 'token'], 'must be subgraphs or token')
    .optional()
    .describe(
      'Who decides about `@policy`. `subgraphs`: the gateway leaves it to subgraphs that enforce their policies. `token`: the policies hold that the token names (`claims.policies` of its issuer), and no other. Default: `subgraphs` for the platform’s own supergraph, `token` with SUPERGRAPH_FILE.',
    ),
  REVOCATIONS_OFF_IN_PRODUCTION: configFields.flag
    .default(false)
    .describe(
      'With SUPERGRAPH_FILE: `yes` lets a gateway verify tokens in production without REVOCATIONS_DATABASE_URL, for an issuer that has none. A token is then valid until it expires.',
    ),
};

export type GraphConfig = Readonly<z.output<z.ZodObject<typeof graphFields>>>;

/** Whether `@policy` is decided by the token: for subgraphs of others unless they are said to enforce their policies. */
export function arePoliciesByToken({
  POLICIES,
  SUPERGRAPH_FILE,
}: Pick<GraphConfig, 'POLICIES' | 'SUPERGRAPH_FILE'>): boolean {
  return POLICIES === undefined ? SUPERGRAPH_FILE !== undefined : POLICIES === 'token';
}

/** The pairs of SUBGRAPH_URLS, by name of the subgraph. */
export function subgraphUrlsOf({
  SUBGRAPH_URLS,
}: Pick<GraphConfig, 'SUBGRAPH_URLS'>): ReadonlyMap<string, string> {
  return new Map(SUBGRAPH_URLS.map(splitPair));
}

function splitPair(pair: string): [name: string, url: string] {
  const [name = '', ...url] = pair.split('=');
  return [name.trim(), url.join('=').trim()];
}

export function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

type KeyConfig = Pick<VerifierConfig, `${'USER' | 'PORTAL'}_${'JWKS_URL' | 'PUBLIC_KEYS'}`>;

type PlatformsConfig = KeyConfig & {
  SUPERGRAPH_FILE?: string | undefined;
  issuers?: { entries: readonly { platform: Platform }[] };
};

/** The platforms whose tokens come from the issuer at ISSUER_URL: both, or with another supergraph those that have keys. */
export function ownPlatforms(config: PlatformsConfig): readonly Platform[] {
  if (config.SUPERGRAPH_FILE === undefined) return platforms;
  return platforms.filter((platform) => {
    const { url, pem } = keySourceOf(config, platform);
    return url !== undefined || pem !== undefined;
  });
}

/** The platforms whose tokens this process verifies. Without any, every caller is anonymous and every token is refused. */
export function verifiedPlatforms(config: PlatformsConfig): readonly Platform[] {
  const own = ownPlatforms(config);
  return platforms.filter(
    (platform) =>
      own.includes(platform) || config.issuers?.entries.some((issuer) => issuer.platform === platform),
  );
}

/**
 * What the platform's own supergraph needs, and another may do without. Where there are no subgraphs of our own, there is no such
 * supergraph either.
 */
const neededVariables =
  productSubgraphs.length === 0
    ? ['SUPERGRAPH_FILE']
    : [
        'ISSUER_URL',
        'AUTH_USER_URL',
        'AUTH_PORTAL_URL',
        ...productSubgraphs.map(({ name }) => urlVariableOf(name)),
      ];

type ServedConfig = GraphConfig &
  Omit<VerifierConfig, 'ISSUER_URL'> &
  SurfaceConfig & { ISSUER_URL?: string | undefined; ENTRANCES?: readonly string[] | undefined };

/**
 * For `superRefine`, whatever other faults there are: nothing is missing that the supergraph needs. `needed`: the variables that must be
 * set where SUPERGRAPH_FILE is not.
 */
export function refineGraph(
  config: ServedConfig,
  issues: Issues,
  needed: readonly string[] = neededVariables,
): void {
  const known = new Set(issues.issues.map(({ path }) => path?.[0]));
  const report = (variable: string, message: string) => {
    if (!known.has(variable)) reportFault(issues, variable, message);
  };
  if (config.SUPERGRAPH_FILE === undefined) {
    for (const name of needed) {
      if ((config as Readonly<Record<string, unknown>>)[name] === undefined) report(name, 'is not set');
    }
    return;
  }
  if (config.ENTRANCES !== undefined) {
    report('ENTRANCES', 'is set together with SUPERGRAPH_FILE, which is served at one entrance, at PORT');
  }
  if (config.ISSUER_URL === undefined && ownPlatforms(config).length > 0) {
    report('ISSUER_URL', 'is not set: it is the base of the issuers whose keys are set');
  }
}

/** For `superRefine`: the keys of every platform that is verified, and their revocations. */
export function refineIssuers(config: ServedConfig, issues: Issues): void {
  const own = ownPlatforms(config);
  const mayLackRevocations =
    config.SUPERGRAPH_FILE !== undefined && (own.length === 0 || config.REVOCATIONS_OFF_IN_PRODUCTION);
  const faults = [
    ...findIssuerFaults(config, own),
    ...(mayLackRevocations ? [] : findRevocationFaults(config)),
  ];
  for (const { variable, fault } of faults) reportFault(issues, variable, fault);
}

/** For `superRefine`: in production nothing is open without a second word. */
export function refineAccess(
  config: Pick<ServedConfig, keyof GraphConfig | keyof SurfaceConfig>,
  issues: Issues,
): void {
  if (config.ACCESS === 'on' || config.ACCESS_OFF_IN_PRODUCTION || !hasProductionSurface(config)) return;
  reportFault(
    issues,
    'ACCESS',
    'must not be off in production, nor with its surface: the gateway would refuse nothing (or confirm it by ACCESS_OFF_IN_PRODUCTION=yes)',
  );
}

/** For `superRefine`: the same of a dry run. */
export function refineDryRun(
  config: SurfaceConfig & { ACCESS_DRY_RUN: boolean; ACCESS_DRY_RUN_IN_PRODUCTION: boolean },
  issues: Issues,
): void {
  if (!config.ACCESS_DRY_RUN || config.ACCESS_DRY_RUN_IN_PRODUCTION || !hasProductionSurface(config)) return;
  reportFault(
    issues,
    'ACCESS_DRY_RUN',
    'must not be yes in production, nor with its surface: the gateway would refuse nothing (or confirm it by ACCESS_DRY_RUN_IN_PRODUCTION=yes)',
  );
}

export const whenDryRunIsRead = unlessFaulty([
  'ACCESS_DRY_RUN',
  'ACCESS_DRY_RUN_IN_PRODUCTION',
  'NODE_ENV',
  'SURFACE',
]);

export const whenAccessIsRead = unlessFaulty(['ACCESS', 'ACCESS_OFF_IN_PRODUCTION', 'NODE_ENV', 'SURFACE']);
