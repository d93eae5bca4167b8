import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type Platform,
  type RefusalRecordReport,
  type RefusalReport,
  refusalRecordPath,
  refusalReportPath,
} from '@signet/schema/contract';
import { productSubgraphs, type SubgraphName, urlVariableOf } from '@signet/schema/subgraphs';
import { createLogger, type Logger, loadConfig } from '@signet/service';
import { createTrustedIssuers, openRevocations } from '@signet/session';
import type { ServiceMetrics } from '@signet/telemetry';
import { createTestIssuer, gatewayProofEnvironment } from '@signet/testing';
import { type GraphQLFieldResolver, getNamedType, graphql, isListType, isNonNullType, parse } from 'graphql';
import { gatewayConfigSchema } from '../config.ts';
import { createDocumentMark } from '../documents/document-mark.ts';
import { openPlanningPool } from '../planning/planning-pool.ts';
import { createAnswerBudget } from '../subgraphs/held-answers.ts';
import { fixedSource } from '../supergraph/supergraph-source.ts';
import { type EntranceOptions, openEntrance } from './entrance-server.ts';
import { type Entrance, entrances } from './entrances.ts';
import { readShopSupergraph, shopGraphSources } from './shop-graph.test-support.ts';

/** Opens one entrance and its port. */
export async function startEntrance(entrance: Entrance, options: EntranceOptions) {
  const opened = await openEntrance(entrance, options);
  return { ...opened, url: await opened.listen() };
}

/**
 * `limited`: staff without scopes that matter. `aged`: staff who signed in a thousand seconds ago. `job` and `portalJob`: service accounts of
 * customers and of the portal. `acted`: the customer as whom staff act.
 */
export type Who = 'anonymous' | 'customer' | 'staff' | 'limited' | 'aged' | 'job' | 'portalJob' | 'acted';
export type TestGateway = {
  urls: Record<Entrance['kind'], string>;
  tokens: Record<Exclude<Who, 'anonymous'>, string>;
  /** An honest token of the customer, whose time is over. */
  expiredToken: string;
  /** Names of the subgraphs that were called, in order, since the last time this was read. */
  takeCalls(): SubgraphName[];
  /** From now on no subgraph answers, until the function returned is called. */
  holdAnswers(): () => void;
  /** How often each platform's keys were fetched. */
  keyFetches: Record<Platform, number>;
  /** What the entrances reported to auth as refused, in order. */
  reports: RefusalReport[];
  /** What they reported as refused, request by request. */
  records: RefusalRecordReport[];
  /** From now on a subgraph answers each operation with these errors, until the function returned is called. */
  answerErrors(name: SubgraphName, errors: readonly object[]): () => void;
  stop(): Promise<void>;
};

/** All three entrances on the graph of shop-graph.test-support.ts, before subgraphs that guard nothing and give everything. */
export async function startTestGateway(
  env: Record<string, string> = {},
  logger: Logger = createLogger('test', 'silent'),
  metrics?: ServiceMetrics,
): Promise<TestGateway> {
  const stops: (() => unknown)[] = [];
  const serve = async (listener: RequestListener) => {
    const { url, close } = await listen(listener);
    stops.push(close);
    return url;
  };
  const calls: SubgraphName[] = [];
  let held = Promise.resolve();
  const urls: Record<SubgraphName, string> = {};
  const reports: RefusalReport[] = [];
  const records: RefusalRecordReport[] = [];
  const errorsOf = new Map<SubgraphName, readonly object[]>();
  for (const { name, sdl } of shopGraphSources) {
    const answer = createStub(sdl);
    urls[name] = await serve(async (req, res) => {
      const [path] = req.url?.split('?') ?? [];
      if (path === refusalReportPath) {
        reports.push((await json(req)) as RefusalReport);
        res.writeHead(202).end();
        return;
      }
      if (path === refusalRecordPath) {
        records.push((await json(req)) as RefusalRecordReport);
        res.writeHead(202).end();
        return;
      }
      if (req.method === 'GET') {
        // The gateway asks whether auth is ready.
        res.end();
        return;
      }
      calls.push(name);
      const operation = (await json(req)) as Operation;
      await held;
      res.setHeader('content-type', 'application/json');
      const errors = errorsOf.get(name);
      res.end(JSON.stringify(errors ? { data: null, errors } : await answer(operation)));
    });
  }
  const issuer = await createTestIssuer();
  stops.push(() => issuer.close());
  const keyFetches = { user: 0, portal: 0 };
  const serveKeys = (platform: Platform) =>
    serve(async (_req, res) => {
      keyFetches[platform] += 1;
      res.setHeader('content-type', 'application/json');
      res.end(await (await fetch(issuer.jwksUrls[platform])).text());
    });
  const config = loadConfig(gatewayConfigSchema, {
    NODE_ENV: 'test',
    ISSUER_URL: issuer.issuerUrl,
    USER_JWKS_URL: await serveKeys('user'),
    PORTAL_JWKS_URL: await serveKeys('portal'),
    AUTH_USER_URL: `${urls.auth}/graphql`,
    AUTH_PORTAL_URL: `${urls.auth}/graphql`,
    ...Object.fromEntries(
      productSubgraphs.map(({ name }) => [
        urlVariableOf(name),
        `${urls[name] ?? 'http://absent.invalid'}/graphql`,
      ]),
    ),
    ...gatewayProofEnvironment(),
    // Else the subgraphs of a test would get a report when it ends.
    FIELD_USAGE: 'no',
    ...(process.env.LANES && { LANES: process.env.LANES }),
    ...env,
  });
  const issuers = await createTrustedIssuers({ ...config, ISSUER_URL: config.ISSUER_URL ?? '' }, logger);
  const revocations = await openRevocations(config, logger, undefined);
  const planning = openPlanningPool({ logger, deadlineMs: config.PLANNING_DEADLINE_MS });
  stops.push(() => planning.stop());
  const markOf = createDocumentMark();
  const answers = createAnswerBudget(config);
  const open = async (entrance: Entrance) => {
    const free = { ...config, [entrance.portVariable]: 0 };
    const server = await startEntrance(entrance, {
      config: free,
      logger,
      issuers,
      revocations,
      planning,
      markOf,
      answers,
      metrics,
      accounts: [],
      sourceOf: (variant) => fixedSource(readShopSupergraph, variant),
    });
    stops.unshift(() => server.stop());
    return [entrance.kind, server.url] as const;
  };
  const opened = await Promise.all(entrances.map(open));
  // Else a busy machine refuses the first operations, which would wait for a worker for too long.
  await planning.ready();
  const tenantId = '0199c2f4-7a10-7000-8000-00000000000a';
  const id = '0199c2f4-7a10-7000-8000-00000000000b';
  const mintStaff = (claims = {}) =>
    issuer.mintPortalToken({ tenantId, staffId: id, role: 'super_admin', claims });
  return {
    urls: Object.fromEntries(opened) as TestGateway['urls'],
    tokens: {
      customer: await issuer.mintUserToken({ tenantId, userId: id }),
      staff: await mintStaff(),
      limited: await mintStaff({ scope: 'profile:read' }),
      aged: await mintStaff({ auth_time: Math.floor(Date.now() / 1000) - 1_000 }),
      job: await issuer.mintServiceToken({ of: 'user', tenantId }),
      portalJob: await issuer.mintServiceToken({ of: 'portal', tenantId }),
      acted: await issuer.mintImpersonatedToken({ tenantId, userId: id }),
    },
    expiredToken: await issuer.mintUserToken({
      tenantId,
      userId: id,
      claims: { iat: 1_700_000_000, exp: 1_700_000_900 },
    }),
    takeCalls: () => calls.splice(0),
    holdAnswers() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    keyFetches,
    reports,
    records,
    answerErrors(name, errors) {
      errorsOf.set(name, errors);
      return () => void errorsOf.delete(name);
    },
    async stop() {
      for (const stop of stops) await stop();
    },
  };
}

type Operation = { query: string; variables?: Record<string, unknown> };

/** A subgraph without any guard: a value for every field, one item in every list. */
function createStub(sdl: string) {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl) }]);
  return ({ query, variables = {} }: Operation) =>
    graphql({ schema, source: query, variableValues: variables, fieldResolver: invent });
}

const scalars: Record<string, unknown> = { Int: 1, Float: 1, Boolean: true };

const invent: GraphQLFieldResolver<Record<string, unknown>, unknown> = (parent, _args, _context, info) => {
  if (parent && info.fieldName in parent) {
    return parent[info.fieldName];
  }
  const type = isNonNullType(info.returnType) ? info.returnType.ofType : info.returnType;
  const named = getNamedType(type);
  const value =
    'getFields' in named
      ? {}
      : 'getValues' in named
        ? named.getValues()[0]?.value
        : (scalars[named.name] ?? 'x');
  return isListType(type) ? [value] : value;
};

async function listen(listener: RequestListener) {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
