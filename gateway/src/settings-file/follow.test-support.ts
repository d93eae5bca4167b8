import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type RunningServer } from '@signet/service';
import { postGraphql } from '@signet/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type GatewayOptions, startGateway } from '../start.ts';
import {
  composeForeignGraph,
  type ForeignSubgraph,
  serveForeignSubgraph,
} from '../supergraph/foreign-graph.test-support.ts';
import { loadSettings } from './load-settings.ts';

export type LogLine = {
  level: number;
  msg: string;
  settings?: string[];
  waiting?: string[];
  faults?: string[];
  issuers?: string[];
};

/** What a test file has: `path` is the configuration file, `other` a second server of the subgraph `catalog`. */
type FollowedGraph = {
  path: string;
  catalog: ForeignSubgraph;
  other: ForeignSubgraph;
  reviews: ForeignSubgraph;
};

/** Registers a foreign graph for the tests of a file, and a gateway that follows its configuration file. */
export function openFollowedGateway() {
  const graph = {} as FollowedGraph;
  let folder: string;
  let running: RunningServer | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signet-follow-'));
    const [catalog, other, reviews] = await Promise.all([
      serveForeignSubgraph('Product-Catalog', 'first'),
      serveForeignSubgraph('Product-Catalog', 'second'),
      serveForeignSubgraph('reviews_v2'),
    ]);
    Object.assign(graph, { path: join(folder, 'signet.yaml'), catalog, other, reviews });
    const urls = { 'Product-Catalog': 'http://catalog.invalid/', reviews_v2: reviews.url };
    await writeFile(join(folder, 'their.graphql'), composeForeignGraph(urls));
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  afterAll(async () => {
    await Promise.all([graph.catalog, graph.other, graph.reviews].map((subgraph) => subgraph.close()));
    await rm(folder, { recursive: true, force: true });
  });
  const write = async (text: string): Promise<void> => {
    await writeFile(`${graph.path}.new`, text);
    await rename(`${graph.path}.new`, graph.path);
  };
  return {
    graph,
    write,
    /** The text of a configuration file. */
    base: (more: string, url = graph.catalog.url) => `supergraph: their.graphql
proof: off
subgraphs: { Product-Catalog: "${url}" }
entrances: { shop: { port: 0, corsOrigins: [https://shop.example] } }
${more}
`,
    async start(text: string, options: GatewayOptions = {}) {
      const lines: LogLine[] = [];
      const logger = createLogger('test', 'info', { write: (line) => lines.push(JSON.parse(line)) });
      await write(text);
      const load = () => loadSettings({}, graph.path);
      const settings = { path: graph.path, load, pollMs: 20 };
      running = await startGateway(load(), logger, { ...options, settings });
      const { url } = running;
      const isOutcome = ({ msg }: LogLine) => /new settings|need a restart/.test(msg);
      return {
        url,
        lines,
        ask: (query: string) => postGraphql(`${url}/graphql`, { query }),
        /** The status that a caller with this token gets. */
        statusOf: async (token: string) =>
          (await postGraphql(`${url}/graphql`, { query: '{ whoServes }' }, { token })).status,
        /** Resolves with the lines that say how it ended. */
        async change(next: string, count = 1): Promise<LogLine[]> {
          const before = lines.filter(isOutcome).length;
          await write(next);
          while (lines.filter(isOutcome).length < before + count) await sleep(5);
          return lines.filter(isOutcome).slice(before);
        },
      };
    },
  };
}
