import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createLogger, loadConfig } from '@signet/service';
import { noRevocations } from '@signet/session';
import { postGraphql } from '@signet/testing';
import { composeServices } from '@theguild/federation-composition';
import { buildSchema, graphql, parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatewayConfigSchema } from '../config.ts';
import { createDocumentMark } from '../documents/document-mark.ts';
import { startEntrance } from '../entrance/entrance.test-support.ts';
import { entrancesOf } from '../entrance/entrances.ts';
import { openPlanningPool } from '../planning/planning-pool.ts';
import { type AnswerBudget, createAnswerBudget } from '../subgraphs/held-answers.ts';

const ids = ['a', 'b'];
const entities = (text: string) => `{"data":{"_entities":${text}}}`;
const evil = '{"size":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
const manyObjects = `{"size":1,"more":[${'{},'.repeat(2_000_000)}0]}`;
const hugeBytes = 200 * 2 ** 20;
/** Bytes of the huge answer that the gateway took before it hung up. */
let takenBytes = 0;

const answersByName: Record<string, (res: ServerResponse) => void> = {
  html: (res) => res.setHeader('content-type', 'text/html').end('<html>secret</html>'),
  'html-as-json': (res) => res.end('<html>secret</html>'),
  'half-json': (res) => res.end('{"data":{"_entities":[{"size":1},{"si'),
  'wrong-types': (res) => res.end(entities('[{"size":"secret"},{"size":[1]}]')),
  'no-objects': (res) => res.end(entities('["secret",7]')),
  'extra-entities': (res) => res.end(entities('[{"size":1},{"size":2},{"size":3}]')),
  proto: (res) => res.end(entities(`[${evil},${evil}]`)),
  'paths-out-of-range': (res) =>
    res.end(
      '{"data":{"_entities":[{"size":1},{"size":2}]},"errors":[{"message":"secret","path":["_entities",99,"size"]},{"message":"secret","path":["_entities",-1,{}]}]}',
    ),
  'many-objects': (res) => res.end(entities(`[${manyObjects},{"size":2}]`)),
  large: (res) => res.end(entities(`[{"size":1,"more":"${'x'.repeat(2 ** 20)}"},{"size":2}]`)),
  'no-body': (res) => res.end(),
  huge(res) {
    const part = Buffer.alloc(2 ** 20, '{"size":1},');
    const write = function* () {
      for (takenBytes = 0; takenBytes < hugeBytes; takenBytes += part.length) yield part;
    };
    pipeline(Readable.from(write(), { objectMode: false }), res).catch(() => {});
  },
  nothing: (res) => res.destroy(),
};

async function serve(answer: (query: string, res: ServerResponse) => unknown) {
  const server = createServer(async (req, res) => {
    if (req.method === 'GET') return res.writeHead(404).end();
    const { query } = (await json(req)) as { query: string };
    answer(query, res.setHeader('content-type', 'application/json'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const stops: (() => Promise<void>)[] = [];
let url: string;
let apolloUrl: string;
let answers: AnswerBudget;
/** The answer of the bad subgraph. */
let how = '';

beforeAll(async () => {
  const sdl = 'type Query { things: [Thing!] fine: Int } type Thing @key(fields: "id") { id: ID! }';
  const schema = buildSchema(sdl.replace('@key(fields: "id")', ''));
  const rootValue = { things: ids.map((id) => ({ id })), fine: 1 };
  const good = await serve(async (source, res) =>
    res.end(JSON.stringify(await graphql({ schema, source, rootValue }))),
  );
  const bad = await serve((_, res) => answersByName[how]?.(res));
  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])';
  const { supergraphSdl } = composeServices([
    {
      name: 'good',
      url: good,
      typeDefs: parse(`${link} ${sdl}`),
    },
    {
      name: 'bad',
      url: bad,
      typeDefs: parse(`${link} type Thing @key(fields: "id") { id: ID! size: Int }`),
    },
  ]);
  const document = parse(supergraphSdl ?? '');
  const logger = createLogger('test', 'fatal');
  const environment = { SUPERGRAPH_FILE: 'unread', PORT: '0', ACCESS: 'off', PROOF: 'off' };
  const config = loadConfig(gatewayConfigSchema, environment);
  answers = createAnswerBudget(config);
  const planning = openPlanningPool({ logger, deadlineMs: config.PLANNING_DEADLINE_MS });
  stops.push(() => planning.stop());
  const [entrance] = entrancesOf(config);
  if (!entrance) throw new Error('no entrance');
  const start = async (name: string, executor: 'signet' | 'apollo') => {
    const server = await startEntrance(
      { ...entrance, name },
      {
        config: { ...config, EXECUTOR: executor },
        logger,
        issuers: [],
        revocations: noRevocations,
        planning,
        markOf: createDocumentMark(),
        answers,
        accounts: [],
        sourceOf: () => ({
          mark: async () => '1',
          read: async () => ({ document, fieldPlatforms: new Map() }),
        }),
      },
    );
    stops.push(() => server.stop());
    return `${server.url}/graphql`;
  };
  url = await start('graph', 'signet');
  apolloUrl = await start('user', 'apollo');
});
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const none = [null, null];
const right = [1, 2];
const outage = [[['things'], 'SERVICE_UNAVAILABLE']];
const fault = (...path: unknown[]) => [path, 'INTERNAL_SERVER_ERROR'];

/** A subgraph without a sign of life is last: the gateway does not ask it for a while. */
test.each([
  ['html', none, outage],
  ['html-as-json', none, outage],
  ['half-json', none, outage],
  ['wrong-types', none, [fault('things', 0, 'size'), fault('things', 1, 'size')]],
  ['no-objects', none, [fault('things', 0, 'size'), fault('things', 1, 'size')]],
  ['extra-entities', none, outage],
  ['proto', [1, 1], undefined],
  ['paths-out-of-range', right, [fault('things')]],
  ['many-objects', none, outage],
  ['large', right, undefined],
  ['no-body', none, outage],
  ['huge', none, outage],
  ['nothing', none, outage],
])(
  'a subgraph that answers with %s spoils its own fields only, in both lanes',
  async (name, sizes, expected) => {
    how = name;
    const ask = (query: string) => postGraphql(url, { query });
    for (const lane of ['first seen', 'known']) {
      const [{ status, body }, ...others] = await Promise.all([
        ask(`{ fine ${how.replaceAll('-', '_')}: fine things { id size } }`),
        ...[1, 2, 3, 4].map((n) => ask(`{ n${n}: fine }`)),
      ]);
      expect(status, lane).toBe(200);
      expect(body.data).toMatchObject({
        fine: 1,
        things: ids.map((id, index) => ({ id, size: sizes[index] })),
      });
      const errors = body.errors?.map((error) => [error.path, error.extensions.code]);
      expect(errors).toEqual(expected);
      expect(JSON.stringify(body)).not.toContain('secret');
      expect(others.map((other) => other.body)).toEqual(
        [1, 2, 3, 4].map((n) => ({ data: { [`n${n}`]: 1 } })),
      );
    }
    expect(answers.heldBytes).toBe(0);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    // The gateway reads 10 MB of an answer, and what is in the buffers of both sides.
    if (how === 'huge') expect(takenBytes).toBeLessThan(40 * 2 ** 20);
  },
);

test.each([
  ['many-objects', none, outage],
  ['large', right, undefined],
])(
  "a subgraph that answers with %s spoils its own fields only, with Apollo's executor",
  async (name, sizes, expected) => {
    how = name;
    const { body } = await postGraphql(apolloUrl, { query: '{ fine things { id size } }' });
    expect(body.data).toEqual({ fine: 1, things: ids.map((id, index) => ({ id, size: sizes[index] })) });
    expect(body.errors?.map((error) => [error.path, error.extensions.code])).toEqual(expected);
    expect(answers.heldBytes).toBe(0);
  },
);
