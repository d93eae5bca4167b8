import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  changeProofSet,
  minStepSeconds,
  type ProofSet,
  rotateProofSet,
  rotationSteps,
  thumbprintOf,
} from '@signet/proof';
import { subgraphs } from '@signet/schema/subgraphs';
import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  createSeededHome,
  findFreePortBase,
  type HomeOnServer,
  type StartedProcess,
  startSignet,
} from './platform.test-support.ts';
import { platformCases } from './platform-cases.test-support.ts';

const password = 'correct horse battery staple';
/** Every process that signs or verifies, in a platform with one auth process. */
const services = [
  ...['graph', 'user', 'portal'].map((entrance) => `gateway-${entrance}`),
  ...subgraphs.map(({ name }) => name),
];

let home: HomeOnServer;
let portBase: number;
let platform: StartedProcess;
beforeAll(async () => {
  home = await createSeededHome();
  portBase = await findFreePortBase();
  platform = startSignet(['start'], {
    PORT_BASE: String(portBase),
    ...home.variables,
    LOG_LEVEL: 'info',
  });
  await platform.waitFor('Signet is ready');
});
afterAll(async () => {
  platform?.child.kill('SIGTERM');
  await platform?.exit();
  await home?.remove();
});

const urlOf = (offset: number) => `http://localhost:${portBase + offset}/graphql`;

async function signIn(field: string, email: string): Promise<string> {
  const query = `mutation ($email: String!, $password: String!) {
    result: ${field}(input: { email: $email, password: $password }) { accessToken }
  }`;
  const { body } = await postGraphql(urlOf(0), { query, variables: { email, password } });
  return body.data.result.accessToken;
}

/** What each caller asks: fetches of every kind, from every subgraph that says how to ask it. */
async function findRequests(tokens: { user: string; portal: string }) {
  const own = [
    { offset: 0, token: tokens.user, query: '{ me { id } mySessions { id } }' },
    { offset: 1, token: tokens.user, query: '{ me { id } }' },
    {
      offset: 2,
      token: tokens.portal,
      query: '{ portalMe { id } customers(first: 1) { edges { node { id } } } }',
    },
    {
      offset: 1,
      token: tokens.user,
      query: 'mutation { endSession(id: "00000000-0000-4000-8000-000000000000") }',
    },
  ];
  const ofSubgraphs = [];
  for (const cases of platformCases.values()) {
    for (const platform of ['user', 'portal'] as const) {
      const token = tokens[platform];
      const caller = { platform, ask: (query: string) => postGraphql(urlOf(0), { query }, { token }) };
      const questions = (await cases.findQuestions?.(caller, caller)) ?? [];
      for (const { query, variables = {} } of questions) {
        const { status } = await postGraphql(urlOf(0), { query, variables }, { token });
        if (status === 200) ofSubgraphs.push({ query, variables, token, offset: 0 });
      }
    }
  }
  return [...own, ...ofSubgraphs];
}

/** Sends them one after the other until it is stopped, and keeps those that were not answered. */
function startLoad(requests: Awaited<ReturnType<typeof findRequests>>) {
  const load = { sent: 0, refused: [] as unknown[], stop: async () => {} };
  let isOver = false;
  const run = async () => {
    while (!isOver) {
      for (const { offset, token, ...request } of requests) {
        const { status, body } = await postGraphql(urlOf(offset), request, { token });
        load.sent += 1;
        const reasons = body.errors?.map(({ extensions }) => extensions.reason ?? extensions.code);
        if (status !== 200 || reasons?.some((reason) => /unavailable|proof|replay/.test(reason))) {
          load.refused.push({ status, ...request, reasons });
        }
      }
    }
  };
  const running = Promise.all([run(), run()]);
  load.stop = async () => {
    isOver = true;
    await running;
  };
  return load;
}

function rotate(step: (typeof rotationSteps)[number], index: number): ProofSet {
  const now = new Date(Date.now() + index * minStepSeconds * 1000);
  return changeProofSet(join(home.path, 'proof'), (set) =>
    rotateProofSet(set, step, { names: Object.keys(set.keyFiles), now }),
  );
}

/** Every server has said that it has its new keys; a poll later it has the other file too. */
async function everybodyHasRead({ keyFiles }: ProofSet): Promise<void> {
  for (const name of services) {
    const keys = keyFiles[name]?.keys.map(({ x }) => thumbprintOf(x));
    await platform.waitFor(`"keys":${JSON.stringify(keys)}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 2500));
}

test('rotates every key of a running platform without a refused request', async () => {
  const load = startLoad(
    await findRequests({
      user: await signIn('login', 'ada@example.com'),
      portal: await signIn('portalLogin', 'operations@example.com'),
    }),
  );
  try {
    for (const [index, step] of rotationSteps.entries()) {
      const before = load.sent;
      await everybodyHasRead(rotate(step, index));
      await vi.waitFor(() => expect(load.sent).toBeGreaterThan(before + 8), 30_000);
    }
  } finally {
    await load.stop();
  }
  expect(load.refused).toEqual([]);
  expect(load.sent).toBeGreaterThan(30);
});

test('goes on with the keys it has where a file breaks, and says which', async () => {
  writeFileSync(join(home.path, 'proof', 'portal', 'key.json'), '{');
  await platform.waitFor('portal/key.json: is not JSON');
  const token = await signIn('portalLogin', 'operations@example.com');
  const { body } = await postGraphql(
    urlOf(2),
    { query: '{ customers(first: 1) { totalCount } }' },
    { token },
  );
  expect(body.errors).toBeUndefined();
});
