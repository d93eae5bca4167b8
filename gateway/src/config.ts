import { productSubgraphs, type SubgraphName, urlVariableOf } from '@signet/schema/subgraphs';
import { type Variant, variants } from '@signet/schema/supergraph-files';
import { configFields, hasProductionSurface, processConfigFields, type SurfaceConfig } from '@signet/service';
import { refineVerifierConfig, verifierConfigFields, whenVerifierConfigIsRead } from '@signet/session/config';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const { PORT: _port, ...commonFields } = processConfigFields;

/** How large a request may be, the same at every entrance. docs/limits.md says how each is counted. No limit can be switched off. */
export const limitFields = {
  LIMIT_CHARACTERS: limit(40_000).describe('Characters of a document. Long values belong in variables.'),
  LIMIT_TOKENS: limit(4000).describe('Names, brackets, values and signs of a document.'),
  LIMIT_NESTING: limit(32).describe('Brackets of any kind that are open at once.'),
  LIMIT_OPERATIONS: limit(20).describe('Operations in a document, of which one runs.'),
  LIMIT_FRAGMENTS: limit(100).describe('Fragment definitions.'),
  LIMIT_DIRECTIVES: limit(100).describe('Directives in the whole document.'),
  LIMIT_DIRECTIVES_PER_FIELD: limit(5).describe('Directives at one field, fragment, variable or operation.'),
  LIMIT_DEPTH: limit(10).describe('Fields inside one another.'),
  LIMIT_FIELDS: limit(1000).describe('Fields and fragments, where they are used.'),
  LIMIT_ROOT_FIELDS: limit(20).describe('Fields of the operation itself, where they are used.'),
  LIMIT_ALIASES: limit(30).describe('Aliased fields, where they are used.'),
  LIMIT_LIST_SIZE: limit(200).describe(
    'Items of a list in the document or the variables, and items that a page asks for.',
  ),
  LIMIT_INPUT_DEPTH: limit(8).describe(
    'Lists and objects inside one another, in literals, variables and extensions.',
  ),
  LIMIT_INPUT_VALUES: limit(5000).describe(
    'Values in the variables and extensions: lists, objects, and what is in them.',
  ),
  LIMIT_INTROSPECTION: limit(60_000).describe('Objects that introspection would describe, as estimated.'),
  LIMIT_COST: limit(5000).describe(
    'Objects that the operation would fetch, and the weights of searches and counts, as estimated.',
  ),
};

export type LimitConfig = { readonly [name in keyof typeof limitFields]: number };

/** What the entrances of this process sign their fetches with (docs/proof.md). */
export const proofFields = {
  REQUIRE_PROOF: configFields.flag
    .default(true)
    .describe(
      '`no`: the gateway signs nothing, for subgraphs that believe every caller. Refused in production and with its surface.',
    ),
  GRAPH_PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance graph.'),
  USER_PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance user.'),
  PORTAL_PROOF_KEY_FILE: z.string().optional().describe('Path of the proof keys of the entrance portal.'),
  PROOF_PEERS_FILE: z.string().optional().describe('Path of the public proof keys of all processes.'),
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
  GRAPH_TRUSTED_DOCUMENTS: mode.describe(
    'Which operations the entrance graph runs: `off` and `log` any, `enforce` only those that are listed. `log` writes down what is not listed.',
  ),
  GRAPH_TRUSTED_DOCUMENTS_FILES: paths.describe(
    'Manifests of the entrance graph: files and folders, separated by commas.',
  ),
  USER_TRUSTED_DOCUMENTS: mode.describe('The same for the entrance user.'),
  USER_TRUSTED_DOCUMENTS_FILES: paths.describe('Manifests of the entrance user.'),
  PORTAL_TRUSTED_DOCUMENTS: mode.describe('The same for the entrance portal.'),
  PORTAL_TRUSTED_DOCUMENTS_FILES: paths.describe('Manifests of the entrance portal.'),
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
  PLANNING_DEADLINE_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 10000', { min: 100, max: 10_000 })
    .default(2000)
    .describe(
      'How long the gateway validates and plans an operation that it does not know yet. Then it refuses the operation for a minute.',
    ),
  EXECUTOR: z
    .enum(['signet', 'apollo'], 'must be signet or apollo')
    .default('signet')
    .describe(
      'What runs the plans: `signet` is our own executor, `apollo` the one of @apollo/gateway, as a reference.',
    ),
  ENTRANCES: configFields.list
    .pipe(z.array(z.enum(variants, `knows ${variants.join(', ')}`)).min(1, 'names no entrance'))
    .optional()
    .describe(
      `The entrances that this process opens, separated by commas: ${variants.join(', ')}. By default all. In production they must be named.`,
    ),
  GRAPH_PORT: configFields.port
    .default(4000)
    .describe('The port of the entrance graph, which has both platforms.'),
  USER_PORT: configFields.port.default(4001).describe('The port of the entrance for customers.'),
  PORTAL_PORT: configFields.port.default(4002).describe('The port of the entrance for staff.'),
  ACCESS_DRY_RUN: configFields.flag
    .default(false)
    .describe(
      '`yes`: the gateway only logs what the access rules would refuse. The subgraphs still refuse it. Refused in production and with its surface unless ACCESS_DRY_RUN_IN_PRODUCTION is `yes` too.',
    ),
  ACCESS_DRY_RUN_IN_PRODUCTION: configFields.flag
    .default(false)
    .describe('`yes` confirms ACCESS_DRY_RUN in production. It opens nothing by itself.'),
  REQUEST_TIMEOUT_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 60000', { min: 100, max: 60_000 })
    .default(15_000)
    .describe('The time for one operation, its fetches included. Each subgraph gets the time that is left.'),
  MAX_IN_FLIGHT: configFields
    .wholeNumber('must be a number from 2 to 100000', { min: 2, max: 100_000 })
    .default(256)
    .describe(
      'Operations under way at an entrance at a time, until their work has ended. More get a 503 at once. One client gets half of them at most (docs/limits.md).',
    ),
  MAX_CONNECTIONS: configFields
    .wholeNumber('must be a number from 16 to 100000', { min: 16, max: 100_000 })
    .default(2048)
    .describe(
      'Connections that are open at an entrance at a time. One client gets half of them at most, a trusted proxy all. One more replaces one that is idle.',
    ),
  MAX_BODY_BYTES: budgetBytes(32 * 2 ** 20).describe(
    'Bytes of request bodies at an entrance, from the headers until the work has ended. One client gets half of them at most.',
  ),
  MAX_ANSWER_BYTES: budgetBytes(64 * 2 ** 20).describe(
    'Bytes of answers that clients of an entrance have not taken yet. One client gets half of them at most; one more closes its connection that has waited for longest.',
  ),
  MIN_READ_BYTES_PER_SECOND: configFields
    .wholeNumber('must be bytes, 1 to 1000000000', { min: 1, max: 1_000_000_000 })
    .default(16 * 2 ** 10)
    .describe(
      'How fast a client must take an answer, counted over the whole of it, with 10 s more. The connection of one that is slower is closed.',
    ),
  AUTH_USER_URL: configFields.httpUrl.describe('Where the auth process of customers answers.'),
  AUTH_PORTAL_URL: configFields.httpUrl.describe(
    'Where the auth process of staff answers. One process may serve both.',
  ),
  ...(Object.fromEntries(
    productSubgraphs.map(({ name }) => [
      urlVariableOf(name),
      configFields.httpUrl.describe(`Where the subgraph ${name} answers.`),
    ]),
  ) as object),
  CORS_ORIGINS: originList.describe(
    'Origins whose pages may call every entrance, separated by commas, such as https://shop.example.',
  ),
  GRAPH_CORS_ORIGINS: originList.describe('Further origins for the entrance graph.'),
  USER_CORS_ORIGINS: originList.describe('Further origins for the entrance user.'),
  PORTAL_CORS_ORIGINS: originList.describe('Further origins for the entrance portal.'),
  CORS_ALLOWED_HEADERS: configFields.list
    .refine(
      (names) => names.every((name) => /^[\w!#$%&'+.^`|~-]+$/.test(name)),
      'must be names of headers, separated by commas',
    )
    .default([])
    .describe(
      'Further headers that pages of the listed origins may send, separated by commas. They go no further.',
    ),
  SESSION_COOKIES: configFields.flag
    .default(true)
    .describe('`no` lets refresh tokens travel in bodies only, and refuses a page that asks for cookies.'),
  TRUSTED_PROXIES: configFields.list
    .refine(
      (ranges) => ranges.every((range) => ipaddr.isValidCIDR(range)),
      'must be a list of CIDRs such as 10.0.0.0/8',
    )
    .default([])
    .describe(
      'CIDRs of proxies whose Forwarded and X-Forwarded-For headers are believed, separated by commas.',
    ),
  TENANT_HOSTS: configFields.list
    .refine(
      (pairs) => pairs.every((pair) => /^[^=\s]+=[a-z0-9][a-z0-9-]*$/i.test(pair)),
      'must be pairs such as shop.example=acme',
    )
    .transform((pairs) => pairs.map((pair) => pair.toLowerCase()))
    .default([])
    .describe(
      'The tenant of a request without a token, by its Host: pairs such as shop.example=acme, separated by commas.',
    ),
  SANDBOX: configFields.flag
    .optional()
    .describe('The browser page at `/`. By default on in development and off in production.'),
  EXPLORER: configFields.flag
    .optional()
    .describe('The browser page at `/explorer`. By default on in development and off in production.'),
  INTROSPECTION: configFields.flag
    .optional()
    .describe(
      'The schema for tools: `yes` is for everybody, `no` for nobody. By default everybody in development; in production only staff, at the entrance portal.',
    ),
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
  .refine(
    (config) =>
      !config.ACCESS_DRY_RUN || config.ACCESS_DRY_RUN_IN_PRODUCTION || !hasProductionSurface(config),
    {
      path: ['ACCESS_DRY_RUN'],
      message:
        'must not be yes in production, nor with its surface: the gateway would refuse nothing (or confirm it by ACCESS_DRY_RUN_IN_PRODUCTION=yes)',
      ...unlessFaulty(['ACCESS_DRY_RUN', 'ACCESS_DRY_RUN_IN_PRODUCTION', 'NODE_ENV', 'SURFACE']),
    },
  )
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

function budgetBytes(usual: number) {
  return configFields
    .wholeNumber('must be bytes, 1000000 to 10000000000', { min: 1_000_000, max: 10_000_000_000 })
    .default(usual);
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
