import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLogger, type Logger, loadConfig } from '@signet/service';
import { noRevocations } from '@signet/session';
import { createTestProofKeys, postGraphql } from '@signet/testing';
import { type DocumentNode, parse } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readFieldPlatforms } from '../access/field-platforms.ts';
import { gatewayConfigSchema } from '../config.ts';
import { createDocumentMark } from '../documents/document-mark.ts';
import { startEntrance } from '../entrance/entrance.test-support.ts';
import { entrancesOf } from '../entrance/entrances.ts';
import { openPlanningPool } from '../planning/planning-pool.ts';
import { createAnswerBudget } from '../subgraphs/held-answers.ts';
import {
  composeForeignGraph,
  type ForeignSubgraph,
  serveForeignSubgraph,
} from './foreign-graph.test-support.ts';
import type { SupergraphSource } from './supergraph-source.ts';

let old: ForeignSubgraph;
let fresh: ForeignSubgraph;
let reviews: ForeignSubgraph;
beforeAll(async () => {
  [old, fresh, reviews] = await Promise.all([
    serveForeignSubgraph('Product-Catalog', 'old'),
    serveForeignSubgraph('Product-Catalog', 'fresh'),
    serveForeignSubgraph('reviews_v2'),
  ]);
});
afterAll(async () => void (await Promise.all([old, fresh, reviews].map((subgraph) => subgraph.close()))));

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

type Lines = { msg: string; fault?: string }[];

/** An entrance whose supergraph changes when `serve` is called. */
async function startEntranceOn(first: string, environment: Record<string, string> = {}) {
  const lines: Lines = [];
  const logger: Logger = createLogger('test', 'info', { write: (line) => lines.push(JSON.parse(line)) });
  const config = loadConfig(gatewayConfigSchema, {
    SUPERGRAPH_FILE: 'unread',
    PORT: '0',
    ACCESS: 'off',
    PROOF: 'off',
    ...environment,
  });
  let text = first;
  let version = 0;
  /** Each graph holds the map of its own. */
  const graphs: WeakRef<object>[] = [];
  const source: SupergraphSource = {
    mark: async () => String(version),
    async read() {
      const document: DocumentNode = parse(text);
      const fieldPlatforms = readFieldPlatforms(document);
      graphs.push(new WeakRef(fieldPlatforms));
      return { document, fieldPlatforms };
    },
  };
  const planning = openPlanningPool({ logger, deadlineMs: config.PLANNING_DEADLINE_MS });
  stops.push(() => planning.stop());
  const [entrance] = entrancesOf(config);
  if (!entrance) throw new Error('no entrance');
  const server = await startEntrance(entrance, {
    config,
    logger,
    issuers: [],
    revocations: noRevocations,
    planning,
    markOf: createDocumentMark(),
    answers: createAnswerBudget(config),
    accounts: [],
    sourceOf: () => source,
    supergraphPollMs: 20,
  });
  stops.unshift(() => server.stop());
  return {
    url: `${server.url}/graphql`,
    lines,
    graphs,
    /** Resolves when the log says how it ended. */
    async serve(next: string) {
      const before = lines.filter(isOutcome).length;
      text = next;
      version += 1;
      while (lines.filter(isOutcome).length === before) await sleep(5);
      return lines.filter(isOutcome).at(-1);
    },
  };
}

function isOutcome({ msg }: { msg: string }): boolean {
  return msg.includes('a new supergraph is served') || msg.includes('the previous one stays');
}

const graphOf = (catalog: ForeignSubgraph, more = '') =>
  composeForeignGraph({ 'Product-Catalog': catalog.url, reviews_v2: reviews.url }, { more });

describe('a supergraph that changes', () => {
  it('is replaced twenty times without a request that fails, and nothing of the old ones stays', async () => {
    const { url, serve, graphs } = await startEntranceOn(graphOf(old));
    const answers = new Map<string, number>();
    let isOver = false;
    const client = async (index: number) => {
      for (let n = 0; !isOver; n += 1) {
        // Every third is of an operation that no graph knows yet.
        const alias = n % 3 === 0 ? `c${index}n${n}` : 'known';
        const query = `{ ${alias}: whoServes topProducts(first: 1) { reviews { text } } }`;
        const { status, body } = await postGraphql(url, { query });
        const key = body.errors ? `${status} ${JSON.stringify(body)}` : body.data[alias];
        answers.set(key, (answers.get(key) ?? 0) + 1);
      }
    };
    const clients = [0, 1, 2, 3].map(client);
    for (let swap = 1; swap <= 20; swap += 1) {
      const next = graphOf(swap % 2 === 1 ? fresh : old, `extend type Query { v${swap}: Int }`);
      expect(await serve(next)).toMatchObject({ msg: 'a new supergraph is served' });
    }
    const { body } = await postGraphql(url, {
      query: '{ whoServes __type(name: "Query") { fields { name } } }',
    });
    expect(body.data).toMatchObject({
      whoServes: 'old',
      __type: { fields: expect.arrayContaining([{ name: 'v20' }]) },
    });
    isOver = true;
    await Promise.all(clients);
    expect([...answers.keys()].sort()).toEqual(['fresh', 'old']);
    await collectGarbage();
    expect(graphs).toHaveLength(21);
    // The last one answers; the one before may still be held by a connection that is kept alive.
    expect(graphs.slice(0, -2).filter((graph) => graph.deref() !== undefined)).toHaveLength(0);
  });

  it('keeps the old one, and says why, where the new one cannot be served', async () => {
    const { url, serve } = await startEntranceOn(graphOf(old));
    const bad: [string, RegExp][] = [
      ['type Query { a: Int }', /no supergraph/],
      [graphOf(fresh).replaceAll('@join__type(graph: PRODUCT_CATALOG, key: "upc")', ''), /./],
      [graphOf(fresh).replace(fresh.url, ''), /Product-Catalog.*SUBGRAPH_URLS/],
      ['type Query {', /Syntax Error/],
    ];
    for (const [text, fault] of bad) {
      const line = await serve(text);
      expect(line).toMatchObject({ msg: expect.stringContaining('the previous one stays') });
      expect(line?.fault).toMatch(fault);
      expect((await postGraphql(url, { query: '{ whoServes }' })).body.data).toEqual({ whoServes: 'old' });
    }
    expect(await serve(graphOf(fresh))).toMatchObject({ msg: 'a new supergraph is served' });
    expect((await postGraphql(url, { query: '{ whoServes }' })).body.data).toEqual({ whoServes: 'fresh' });
  });

  it('keeps the old one where the new one has lost its access rules', async () => {
    const urls = { 'Product-Catalog': old.url, reviews_v2: reviews.url };
    const ruled = composeForeignGraph(urls, { rules: true });
    const { serve } = await startEntranceOn(ruled, { ACCESS: 'on' });
    expect((await serve(composeForeignGraph(urls)))?.fault).toMatch(/no access rule at all/);
    expect(
      await serve(composeForeignGraph(urls, { rules: true, more: 'extend type Query { b: Int }' })),
    ).toMatchObject({ msg: 'a new supergraph is served' });
  });

  it('is refused, at the start too, where peers.json lacks one of its subgraphs', async () => {
    const keys = createTestProofKeys(['catalog', 'ratings']);
    stops.push(async () => keys.remove());
    const { PROOF_KEY_FILE, PROOF_PEERS_FILE } = keys.environmentOf('gateway-graph');
    const proof = { PROOF: 'on', GRAPH_PROOF_KEY_FILE: PROOF_KEY_FILE, PROOF_PEERS_FILE };
    const named = (name: string) =>
      graphOf(old).replace('"Product-Catalog"', '"catalog"').replace('"reviews_v2"', `"${name}"`);
    const fault =
      /peers\.json \(PROOF_PEERS_FILE\) does not list the subgraph 'reviews'.*keys proof add reviews/;
    await expect(startEntranceOn(named('reviews'), proof)).rejects.toThrow(fault);
    const { serve } = await startEntranceOn(named('ratings'), proof);
    expect((await serve(named('reviews')))?.fault).toMatch(fault);
    expect(await serve(named('ratings'))).toMatchObject({ msg: 'a new supergraph is served' });
  });

  it('finishes a request on the graph that it began on', async () => {
    const { url, serve } = await startEntranceOn(graphOf(old));
    const slow = reviews.hold();
    const answer = postGraphql(url, { query: '{ whoServes topProducts(first: 1) { reviews { text } } }' });
    await slow.reached;
    await serve(graphOf(fresh));
    slow.release();
    expect((await answer).body.data).toEqual({
      whoServes: 'old',
      topProducts: [{ reviews: [{ text: 'about 1' }] }],
    });
  });
});

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let round = 0; round < 10; round += 1) {
    await sleep(20);
    gc();
  }
}
