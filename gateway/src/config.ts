import { productSubgraphs, type SubgraphName, urlVariableOf } from '@signet/schema/subgraphs';
import { type Variant, variants } from '@signet/schema/supergraph-files';
import { configFields, hasProductionSurface, processConfigFields, type SurfaceConfig } from '@signet/service';
import { refineVerifierConfig, verifierConfigFields, whenVerifierConfigIsRead } from '@signet/session';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const { PORT: _port, ...commonFields } = processConfigFields;

/** How large a request may be, the same at every entrance. docs/limits.md says how each is counted. No limit can be switched off. */
export const limitFields = {
  LIMIT_CHARACTERS: limit(40_000),
  LIMIT_TOKENS: limit(4000),
  LIMIT_NESTING: limit(32),
  LIMIT_OPERATIONS: limit(20),
  LIMIT_FRAGMENTS: limit(100),
  LIMIT_DIRECTIVES: limit(100),
  LIMIT_DIRECTIVES_PER_FIELD: limit(5),
  LIMIT_DEPTH: limit(10),
  LIMIT_FIELDS: limit(1000),
  LIMIT_ROOT_FIELDS: limit(20),
  LIMIT_ALIASES: limit(30),
  LIMIT_LIST_SIZE: limit(200),
  LIMIT_INPUT_DEPTH: limit(8),
  LIMIT_INTROSPECTION: limit(60_000),
  LIMIT_COST: limit(5000),
};

export type LimitConfig = { readonly [name in keyof typeof limitFields]: number };

/** What the entrances of this process sign their fetches with (docs/proof.md). */
export const proofFields = {
  /** `no`: fetches are not signed, for subgraphs that require no proof. Not in production. */
  REQUIRE_PROOF: configFields.flag.default(true),
  /** Paths of each entrance's own proof keys, and of everybody's public keys. */
  GRAPH_PROOF_KEY_FILE: z.string().optional(),
  USER_PROOF_KEY_FILE: z.string().optional(),
  PORTAL_PROOF_KEY_FILE: z.string().optional(),
  PROOF_PEERS_FILE: z.string().optional(),
};

/**
 * `off`: any document runs. `log`: any document runs, and the log names those that are not listed. `enforce`: only listed
 * documents run.
 */
const trustedDocumentsModes = ['off', 'log', 'enforce'] as const;
export type TrustedDocumentsMode = (typeof trustedDocumentsModes)[number];

const mode = z
  .enum(trustedDocumentsModes, `must be one of ${trustedDocumentsModes.join(', ')}`)
  .default('off');
const paths = configFields.list.default([]);

/** Each entrance has its own mode and its own manifests (files and folders), since it has its own clients. */
export const trustedDocumentsFields = {
  GRAPH_TRUSTED_DOCUMENTS: mode,
  GRAPH_TRUSTED_DOCUMENTS_FILES: paths,
  USER_TRUSTED_DOCUMENTS: mode,
  USER_TRUSTED_DOCUMENTS_FILES: paths,
  PORTAL_TRUSTED_DOCUMENTS: mode,
  PORTAL_TRUSTED_DOCUMENTS_FILES: paths,
};

const originList = configFields.list
  .refine(
    (origins) => origins.every(isOrigin),
    'must be origins such as https://shop.example, without a path',
  )
  .default([]);

const fields = {
  ...commonFields,
  ...verifierConfigFields,
  ...limitFields,
  ...proofFields,
  ...trustedDocumentsFields,
  /** How long a worker may validate and plan an operation that is not known yet. Then the operation is refused. */
  PLANNING_DEADLINE_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 10000', { min: 100, max: 10_000 })
    .default(2000),
  /** The entrances that this process opens. Default: all. In production they must be named. */
  ENTRANCES: configFields.list
    .pipe(z.array(z.enum(variants, `knows ${variants.join(', ')}`)).min(1, 'names no entrance'))
    .optional(),
  GRAPH_PORT: configFields.port.default(4000),
  USER_PORT: configFields.port.default(4001),
  PORTAL_PORT: configFields.port.default(4002),
  /** `yes` only logs what the access rules would refuse here; the subgraphs still refuse it. */
  ACCESS_DRY_RUN: configFields.flag.default(false),
  /** The time for one operation, its fetches included. Each subgraph gets the time that is left. */
  REQUEST_TIMEOUT_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 60000', { min: 100, max: 60_000 })
    .default(15_000),
  /** Operations under way at an entrance at a time. More get a 503. One client's address gets half of them. */
  MAX_IN_FLIGHT: configFields
    .wholeNumber('must be a number from 2 to 100000', { min: 2, max: 100_000 })
    .default(256),
  /** Where the auth process of each platform answers. One process may serve both. */
  AUTH_USER_URL: configFields.httpUrl,
  AUTH_PORTAL_URL: configFields.httpUrl,
  /** `PORTAL_URL` and so on: one for every other subgraph of the registry. */
  ...(Object.fromEntries(
    productSubgraphs.map(({ name }) => [urlVariableOf(name), configFields.httpUrl]),
  ) as object),
  /** Origins whose pages may call every entrance of this gateway, and those for a single entrance. */
  CORS_ORIGINS: originList,
  GRAPH_CORS_ORIGINS: originList,
  USER_CORS_ORIGINS: originList,
  PORTAL_CORS_ORIGINS: originList,
  /** `no` lets refresh tokens travel in bodies only; a page that asks for cookies is refused. */
  SESSION_COOKIES: configFields.flag.default(true),
  /** CIDRs of proxies whose Forwarded and X-Forwarded-For headers are believed. */
  TRUSTED_PROXIES: configFields.list
    .refine(
      (ranges) => ranges.every((range) => ipaddr.isValidCIDR(range)),
      'must be a list of CIDRs such as 10.0.0.0/8',
    )
    .default([]),
  /** `host=slug` pairs: the tenant of a request without a token, by its Host. */
  TENANT_HOSTS: configFields.list
    .refine(
      (pairs) => pairs.every((pair) => /^[^=\s]+=[a-z0-9][a-z0-9-]*$/i.test(pair)),
      'must be pairs such as shop.example=acme',
    )
    .transform((pairs) => pairs.map((pair) => pair.toLowerCase()))
    .default([]),
  /**
   * The browser pages, and the schema for tools. On in development; in production off unless set to yes. In production staff
   * may still ask the `portal` entrance for its schema, unless INTROSPECTION is no.
   */
  SANDBOX: configFields.flag.optional(),
  EXPLORER: configFields.flag.optional(),
  INTROSPECTION: configFields.flag.optional(),
};

const keyFileVariables = {
  graph: 'GRAPH_PROOF_KEY_FILE',
  user: 'USER_PROOF_KEY_FILE',
  portal: 'PORTAL_PROOF_KEY_FILE',
} as const satisfies Record<Variant, keyof typeof proofFields>;

export type ProofConfig = SurfaceConfig & {
  ENTRANCES?: readonly Variant[] | undefined;
} & z.output<z.ZodObject<typeof proofFields>>;

/** The proof files of an entrance. Undefined where REQUIRE_PROOF is no. */
export function proofFilesOf(
  config: ProofConfig,
  entrance: Variant,
): { keyFile: string; peersFile: string } | undefined {
  const { [keyFileVariables[entrance]]: keyFile, PROOF_PEERS_FILE: peersFile } = config;
  return config.REQUIRE_PROOF && keyFile !== undefined && peersFile !== undefined
    ? { keyFile, peersFile }
    : undefined;
}

type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** For `superRefine`: every entrance that is opened has keys to sign with. */
export function refineProof(config: ProofConfig, issues: Issues): void {
  const report = (variable: string, message: string) =>
    issues.addIssue({ code: 'custom', path: [variable], message });
  if (!config.REQUIRE_PROOF) {
    if (hasProductionSurface(config)) {
      report(
        'REQUIRE_PROOF',
        'must not be no in production, nor with its surface: subgraphs refuse every fetch that is not signed',
      );
    }
    return;
  }
  for (const entrance of config.ENTRANCES ?? variants) {
    const variable = keyFileVariables[entrance];
    if (config[variable] === undefined) {
      report(
        variable,
        `is not set: the entrance ${entrance} signs with it (npm run keys -- proof init makes it)`,
      );
    }
  }
  if (config.PROOF_PEERS_FILE === undefined) {
    report('PROOF_PEERS_FILE', 'is not set (npm run keys -- proof init makes the file)');
  }
}

export const whenProofIsRead = unlessFaulty([
  ...Object.keys(proofFields),
  'NODE_ENV',
  'SURFACE',
  'ENTRANCES',
]);

type TrustedDocumentsConfig = {
  readonly [N in keyof typeof trustedDocumentsFields]: z.output<(typeof trustedDocumentsFields)[N]>;
};

/** For `superRefine`: a mode that compares documents needs manifests to compare with. */
export function refineTrustedDocuments(config: TrustedDocumentsConfig, issues: Issues): void {
  for (const name of variants) {
    const { mode, paths, modeVariable, pathsVariable } = trustedDocumentsOf(config, name);
    if (mode !== 'off' && paths.length === 0) {
      issues.addIssue({
        code: 'custom',
        path: [pathsVariable],
        message: `must name the manifests that ${modeVariable}=${mode} compares with`,
      });
    }
  }
}

export const whenTrustedDocumentsAreRead = unlessFaulty(Object.keys(trustedDocumentsFields));

/** The settings of one entrance, and the names of their variables for messages to the operator. */
export function trustedDocumentsOf(config: TrustedDocumentsConfig, entrance: Variant) {
  const modeVariable = `${upper(entrance)}_TRUSTED_DOCUMENTS` as const;
  const pathsVariable = `${modeVariable}_FILES` as const;
  return { mode: config[modeVariable], paths: config[pathsVariable], modeVariable, pathsVariable };
}

export const gatewayConfigSchema = z
  .object(fields)
  .superRefine(refineVerifierConfig, whenVerifierConfigIsRead)
  .superRefine(refineProof, whenProofIsRead)
  .superRefine(refineTrustedDocuments, whenTrustedDocumentsAreRead)
  .refine((config) => config.NODE_ENV !== 'production' || config.ENTRANCES !== undefined, {
    path: ['ENTRANCES'],
    message: 'must be set in production: name the entrances to open',
    ...unlessFaulty(['ENTRANCES']),
  });

/** `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. */
export type GatewayConfig = z.output<typeof gatewayConfigSchema> & { portVariable?: string };

/** The URL of a subgraph other than auth. */
export function subgraphUrlOf(config: GatewayConfig, name: SubgraphName): string {
  return (config as Readonly<Record<string, unknown>>)[urlVariableOf(name)] as string;
}

function upper<S extends string>(text: S): Uppercase<S> {
  return text.toUpperCase() as Uppercase<S>;
}

/** Runs a check although other variables are faulty, so that all faults are reported at once, but not if one of these is. */
function unlessFaulty(variables: readonly string[]) {
  return {
    when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
      issues.every(({ path }) => !variables.includes(String(path?.[0]))),
  };
}

function limit(defaultValue: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1')
    .transform(Number)
    .default(defaultValue);
}

/** Browsers send origins in exactly this form. Any other form, and any pattern, would never match. */
function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text && !text.includes('*');
}
