import { productSubgraphs, type SubgraphName, urlVariableOf } from '@signet/schema/subgraphs';
import { variants } from '@signet/schema/supergraph-files';
import { configFields, processConfigFields } from '@signet/service';
import { refineVerifierConfig, verifierConfigFields, whenVerifierConfigIsRead } from '@signet/session';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { limitConfigFields } from './limits/index.ts';
import { planningFields } from './planning/index.ts';
import { proofFields, refineProof, whenProofIsRead } from './proof/index.ts';
import {
  refineTrustedDocuments,
  trustedDocumentsFields,
  whenTrustedDocumentsAreRead,
} from './trusted-documents/index.ts';

const { PORT: _port, ...commonFields } = processConfigFields;

const originList = configFields.list
  .refine(
    (origins) => origins.every(isOrigin),
    'must be origins such as https://shop.example, without a path',
  )
  .default([]);

const fields = {
  ...commonFields,
  ...verifierConfigFields,
  ...limitConfigFields,
  ...proofFields,
  ...trustedDocumentsFields,
  ...planningFields,
  /** The doors that this process opens. All by default; in production they must be named, `graph` only where it is meant. */
  ENTRANCES: configFields.list
    .pipe(z.array(z.enum(variants, `knows ${variants.join(', ')}`)).min(1, 'names no entrance'))
    .optional(),
  GRAPH_PORT: configFields.port.default(4000),
  USER_PORT: configFields.port.default(4001),
  PORTAL_PORT: configFields.port.default(4002),
  /** `yes` only logs what the access rules would refuse here; the subgraphs still refuse it. */
  ACCESS_DRY_RUN: configFields.flag.default(false),
  /** What an operation may take, its fetches included. A subgraph is told what is left. */
  REQUEST_TIMEOUT_MS: configFields
    .wholeNumber('must be milliseconds, 100 to 60000', { min: 100, max: 60_000 })
    .default(15_000),
  /** Operations under way at a time at an entrance; beyond, 503. One client's address gets half of them. */
  MAX_IN_FLIGHT: configFields
    .wholeNumber('must be a number from 2 to 100000', { min: 2, max: 100_000 })
    .default(256),
  /** Where the platforms' auth processes answer. One process may serve both. */
  AUTH_USER_URL: configFields.httpUrl,
  AUTH_PORTAL_URL: configFields.httpUrl,
  /** `PORTAL_URL` and so on: one for every other subgraph of the registry. */
  ...(Object.fromEntries(
    productSubgraphs.map(({ name }) => [urlVariableOf(name), configFields.httpUrl]),
  ) as object),
  /** Origins whose pages may call every entrance of this gateway, and those for one of them. */
  CORS_ORIGINS: originList,
  GRAPH_CORS_ORIGINS: originList,
  USER_CORS_ORIGINS: originList,
  PORTAL_CORS_ORIGINS: originList,
  /** `no` lets refresh tokens travel in bodies only; a page that asks for cookies is refused. */
  SESSION_COOKIES: configFields.flag.default(true),
  /** CIDRs of proxies whose Forwarded and X-Forwarded-For are believed. */
  TRUSTED_PROXIES: configFields.list
    .refine((ranges) => ranges.every(isRange), 'must be a list of CIDRs such as 10.0.0.0/8')
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
   * The browser pages, and the schema for tools. On in development, off in production unless set to yes. Staff may ask the
   * `portal` entrance for its schema in production too, unless INTROSPECTION is no.
   */
  SANDBOX: configFields.flag.optional(),
  EXPLORER: configFields.flag.optional(),
  INTROSPECTION: configFields.flag.optional(),
};

export const gatewayConfigSchema = z
  .object(fields)
  .superRefine(refineVerifierConfig, whenVerifierConfigIsRead)
  .superRefine(refineProof, whenProofIsRead)
  .superRefine(refineTrustedDocuments, whenTrustedDocumentsAreRead)
  .refine((config) => config.NODE_ENV !== 'production' || config.ENTRANCES !== undefined, {
    path: ['ENTRANCES'],
    message: 'must be set in production: name the entrances to open',
    // Also beside other faults, so that all are told at once.
    when: ({ issues }) => issues.every((issue) => issue.path?.[0] !== 'ENTRANCES'),
  });

/** `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. */
export type GatewayConfig = z.output<typeof gatewayConfigSchema> & { portVariable?: string };

/** Where a subgraph other than auth answers. */
export function subgraphUrlOf(config: GatewayConfig, name: SubgraphName): string {
  return (config as Readonly<Record<string, unknown>>)[urlVariableOf(name)] as string;
}

/** Browsers send origins in this one form; any other would never match, nor would a pattern. */
function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text && !text.includes('*');
}

function isRange(range: string): boolean {
  return ipaddr.isValidCIDR(range);
}
