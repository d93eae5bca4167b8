import { productSubgraphs, type SubgraphName, urlVariableOf } from '@signet/schema/subgraphs';
import { variants } from '@signet/schema/supergraph-files';
import { configFields, processConfigFields } from '@signet/service';
import { type IssuerList, verifierConfigFields, whenVerifierConfigIsRead } from '@signet/session/config';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import {
  refineTrustedDocuments,
  trustedDocumentsFields,
  whenTrustedDocumentsAreRead,
} from './config-documents.ts';
import { originList } from './config-entrances.ts';
import { unlessFaulty } from './config-faults.ts';
import {
  graphFields,
  refineAccess,
  refineDryRun,
  refineGraph,
  refineIssuers,
  whenAccessIsRead,
  whenDryRunIsRead,
} from './config-graph.ts';
import { limitFields } from './config-limits.ts';
import { proofFields, refineProof, whenProofIsRead } from './config-proof.ts';
import { loggedRequests } from './telemetry/request-log.ts';

export {
  refineTrustedDocuments,
  type TrustedDocumentsMode,
  trustedDocumentsFields,
  trustedDocumentsOf,
  whenTrustedDocumentsAreRead,
} from './config-documents.ts';
export { type LimitConfig, limitFields } from './config-limits.ts';
export { type ProofConfig, proofFields, proofFilesOf, refineProof, whenProofIsRead } from './config-proof.ts';

const { PORT: _port, ...commonFields } = processConfigFields;

/** Every setting of the gateway, by variable. */
export const gatewayFields = {
  ...commonFields,
  ...verifierConfigFields,
  ISSUER_URL: verifierConfigFields.ISSUER_URL.optional().describe(
    'Base of both issuers, as clients see it. With SUPERGRAPH_FILE it is needed only where keys are set.',
  ),
  ...graphFields,
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
  UNMERGED_SUBGRAPHS: configFields.list
    .default([])
    .describe(
      'Names of subgraphs, separated by commas, to which the fetches of one operation go one by one. Others get those of one moment as one document.',
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
  FIELD_USAGE: configFields.flag
    .default(true)
    .describe(
      'Whether the gateway counts which client asks for which field, and passes the sums on to auth once a minute (docs/usage.md).',
    ),
  ACCESS_DRY_RUN: configFields.flag
    .default(false)
    .describe(
      '`yes`: the gateway only logs what the access rules would refuse. The subgraphs still refuse it. Refused in production and with its surface unless ACCESS_DRY_RUN_IN_PRODUCTION is `yes` too.',
    ),
  ACCESS_DRY_RUN_IN_PRODUCTION: configFields.flag
    .default(false)
    .describe('`yes` confirms ACCESS_DRY_RUN in production. It opens nothing by itself.'),
  LOG_REQUESTS: z
    .enum(loggedRequests, `must be ${loggedRequests.join(', ')}`)
    .default('all')
    .describe(
      'Which requests have a line in the log, at the level info: `all`, `failures` (those without all that they asked for), `none`. `npm start` has `failures` by default.',
    ),
  LANES: z
    .enum(['both', 'apollo', 'fast'], 'must be both, apollo or fast')
    .default('both')
    .describe(
      'The ways of an operation sent by POST. `both`: Apollo Server the first time, then the fast lane, which answers the same. `apollo`: always Apollo Server. `fast`: the fast lane the first time too.',
    ),
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
    'Bytes of answers that clients of an entrance have not taken yet. One client gets half of them at most; one more closes its connection that has waited for longest. The process holds at most twice as many of the answers of subgraphs.',
  ),
  MIN_READ_BYTES_PER_SECOND: configFields
    .wholeNumber('must be bytes, 1 to 1000000000', { min: 1, max: 1_000_000_000 })
    .default(16 * 2 ** 10)
    .describe(
      'How fast a client must take an answer, counted over the whole of it, with 10 s more. The connection of one that is slower is closed.',
    ),
  AUTH_USER_URL: configFields.httpUrl.optional().describe('Where the auth process of customers answers.'),
  AUTH_PORTAL_URL: configFields.httpUrl
    .optional()
    .describe('Where the auth process of staff answers. One process may serve both.'),
  ...(Object.fromEntries(
    productSubgraphs.map(({ name }) => [
      urlVariableOf(name),
      configFields.httpUrl.optional().describe(`Where the subgraph ${name} answers.`),
    ]),
  ) as object),
  CLIENT_SECRETS: configFields.flag
    .default(false)
    .describe(
      'What auth has under this name: the metadata of the issuers say whether service accounts may have secrets.',
    ),
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
  CONSOLE: configFields.flag
    .default(true)
    .describe('The pages for staff at `/console/` of the entrance portal, where they are built.'),
  INTROSPECTION: configFields.flag
    .optional()
    .describe(
      'The schema for tools: `yes` is for everybody, `no` for nobody. By default everybody in development; in production only staff, at the entrance portal.',
    ),
};

export const gatewayConfigSchema = z
  .object(gatewayFields)
  .superRefine((config, issues) => refineGraph(config, issues), { when: () => true })
  .superRefine(refineIssuers, whenVerifierConfigIsRead)
  .superRefine((config, issues) => refineProof(config, issues), whenProofIsRead)
  .superRefine((config, issues) => refineTrustedDocuments(config, issues), whenTrustedDocumentsAreRead)
  .superRefine(refineAccess, whenAccessIsRead)
  .superRefine(refineDryRun, whenDryRunIsRead)
  .refine(
    ({ NODE_ENV, ENTRANCES, SUPERGRAPH_FILE }) =>
      NODE_ENV !== 'production' || ENTRANCES !== undefined || SUPERGRAPH_FILE !== undefined,
    {
      path: ['ENTRANCES'],
      message: 'must be set in production: name the entrances to open',
      ...unlessFaulty(['ENTRANCES']),
    },
  );

/**
 * `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. The rest comes from a
 * configuration file alone.
 */
export type GatewayConfig = z.output<typeof gatewayConfigSchema> & {
  portVariable?: string;
  /** The names of its entrances. Their settings are those of `entranceFields`. */
  entranceNames?: readonly string[];
  /** The issuers whose tokens are verified. */
  issuers?: IssuerList;
  /** Where an operator sets a variable: file, line and field. */
  placeOf?: (variable: string) => string;
};

/** The URL of a registered subgraph other than auth, where its variable is set. */
export function subgraphUrlOf(config: GatewayConfig, name: SubgraphName): string | undefined {
  return (config as Readonly<Record<string, unknown>>)[urlVariableOf(name)] as string | undefined;
}

function budgetBytes(usual: number) {
  return configFields
    .wholeNumber('must be bytes, 1000000 to 10000000000', { min: 1_000_000, max: 10_000_000_000 })
    .default(usual);
}
