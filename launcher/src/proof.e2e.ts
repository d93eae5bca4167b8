import { join } from 'node:path';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import {
  createTestGateway,
  type GraphqlAnswer,
  postGraphql,
  reasonsOf,
  type SigningGateway,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSubgraphs, type Place } from './access-places.test-support.ts';
import { createQuestions, writeQuestion } from './access-questions.test-support.ts';
import { comparesPassword } from './access-routes.test-support.ts';
import { startTestPlatform, type TestPlatform } from './platform.test-support.ts';
import { platformCases, type RefusedMutation } from './platform-cases.test-support.ts';

// What a caller can do who reaches the port of a subgraph: with no key, with a captured request, with an entrance's key.

let platform: TestPlatform;
let places: ReadonlyMap<SubgraphName, Place>;
let tokens: { user: string; portal: string };

beforeAll(async () => {
  platform = await startTestPlatform();
  const opened = await openSubgraphs(platform.portBase, join(platform.home.path, 'proof'));
  places = new Map(opened.map((place) => [place.name, place]));
  tokens = {
    user: await platform.signIn('user', 'ada@example.com'),
    portal: await platform.signIn('portal', 'admin@example.com'),
  };
});
afterAll(() => platform?.stop());

const urlOf = (name: SubgraphName) => {
  const { portOffset } = subgraphs.find((subgraph) => subgraph.name === name) ?? { portOffset: 0 };
  return `http://127.0.0.1:${platform.portBase + portOffset}/graphql`;
};
const gatewayOf = (
  recipient: SubgraphName,
  entrance: 'graph' | 'user' | 'portal' = 'graph',
): SigningGateway => createTestGateway({ recipient, entrance, folder: join(platform.home.path, 'proof') });

const names = subgraphs.map(({ name }) => name);
const questions = [
  '{ __typename }',
  '{ _service { sdl } }',
  '{ _entities(representations: [{ __typename: "User", id: "1" }]) { __typename } }',
  '{ __schema { queryType { name } } }',
];

describe.each(names)('%s', (name) => {
  test.each(questions)('answers %s to no one without a proof, whatever token they have', async (query) => {
    for (const token of [undefined, tokens.user, tokens.portal]) {
      const answer = await postGraphql(urlOf(name), { query }, token === undefined ? {} : { token });
      expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_missing']]);
      expect(answer.body.data).toBeUndefined();
    }
  });

  test('believes no Signet-Context that came without a proof', async () => {
    const headers = { 'signet-context': 'id="r", entrance="graph", auth=?0, address="192.0.2.1"' };
    const answer = await postGraphql(urlOf(name), { query: '{ __typename }' }, { headers });
    expect(reasonsOf(answer)).toEqual(['auth.failure.proof_missing']);
  });

  test('answers a gateway, and not what was signed for another subgraph', async () => {
    const query = '{ __typename }';
    expect(reasonsOf(await gatewayOf(name).post(urlOf(name), { query }))).toEqual([]);
    const other = names.find((found) => found !== name) ?? name;
    expect(reasonsOf(await gatewayOf(other).post(urlOf(name), { query }))).toEqual([
      'auth.failure.proof_invalid',
    ]);
  });

  test("refuses the other platform's token under an entrance's key", async () => {
    const query = '{ __typename }';
    for (const [entrance, platformName] of [
      ['user', 'portal'],
      ['portal', 'user'],
    ] as const) {
      const answer = await gatewayOf(name, entrance).post(
        urlOf(name),
        { query },
        { token: tokens[platformName] },
      );
      expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
    }
  });

  test('is open where it must be', async () => {
    expect((await fetch(new URL('/health/ready', urlOf(name)))).status).toBe(200);
  });

  test('takes in a mutation once', async () => {
    const refused = refusedMutationOf(name);
    for (const mutation of refused ? [toMutation(refused)] : findMutations(name).slice(0, 1)) {
      const send = capture(name, mutation);
      const first = await send();
      if (refused) {
        expect([first.status, reasonsOf(first)]).toEqual([200, [refused.reason]]);
      } else {
        // No case says the reason. It ran: at most, made up ids and texts are refused.
        expect([first.status, reasonsOf(first).filter((reason) => notRun.test(reason))]).toEqual([200, []]);
      }
      const again = await send();
      expect([again.status, reasonsOf(again)]).toEqual([401, ['auth.failure.replay']]);
    }
  });

  test("refuses the other platform's fields under an entrance's key", async () => {
    const ofPortal = operationsOfPlatform(name, 'portal');
    const ofUser = operationsOfPlatform(name, 'user');
    for (const [entrance, operation] of [
      ...ofPortal.map((operation) => ['user', operation] as const),
      ...ofUser.map((operation) => ['portal', operation] as const),
    ]) {
      const answer = await gatewayOf(name, entrance).post(urlOf(name), operation);
      expect([answer.status, reasonsOf(answer), operation.query]).toEqual([
        401,
        ['auth.failure.proof_invalid'],
        operation.query,
      ]);
    }
  });
});

const notRun = /^auth\.failure\.(?!invalid_credentials)|^service|^auth\.unavailable|^INTERNAL/;

/** Auth has no cases of its own. */
const authMutation: RefusedMutation = {
  query: 'mutation { refresh(input: { refreshToken: "unknown" }) { expiresIn } }',
  reason: 'auth.failure.invalid_credentials',
};

const refusedMutationOf = (name: SubgraphName) =>
  name === 'auth' ? authMutation : platformCases.get(name)?.refusedMutation;

const toMutation = ({ query, as }: RefusedMutation): Mutation => ({
  query,
  variables: {},
  ...(as && { token: tokens[as] }),
});

type Operation = { query: string; variables: Record<string, unknown> };
type Mutation = Operation & { token?: string };

/** Root fields of the subgraph that only this platform's tokens may have, by the access matrix; what they are asked with changes nothing. */
function operationsOfPlatform(name: SubgraphName, platformName: 'user' | 'portal'): Operation[] {
  const [caller, other] =
    platformName === 'user' ? (['user', 'super_admin'] as const) : (['super_admin', 'user'] as const);
  return rootFields(name, /^(Query|Mutation)\./)
    .filter(
      ({ verdicts }) => verdicts?.anonymous === 'no' && verdicts[other] === 'no' && verdicts[caller] !== 'no',
    )
    .map(({ coordinate }) => writeRoot(name, coordinate));
}

/** The subgraph's mutations that take an input which changes nothing, each with a token that may run it. */
function findMutations(name: SubgraphName): Mutation[] {
  return rootFields(name, /^Mutation\.(?!.*[lL]ogout)/)
    .filter(({ coordinate }) => !comparesPassword.test(coordinate))
    .map(({ coordinate, verdicts }) => ({
      ...writeRoot(name, coordinate),
      ...(verdicts?.anonymous !== 'yes' && {
        token: verdicts?.user === 'no' ? tokens.portal : tokens.user,
      }),
    }))
    .filter(({ variables }) => Object.keys(variables).length > 0);
}

function rootFields(name: SubgraphName, pattern: RegExp) {
  const place = places.get(name) as Place;
  return [...place.fields]
    .filter((coordinate) => pattern.test(coordinate))
    .map((coordinate) => ({ coordinate, verdicts: place.verdicts.get(coordinate) }));
}

function writeRoot(name: SubgraphName, coordinate: string): Operation {
  const holder = { caller: 'anonymous', objects: {} } as const;
  const [question] = createQuestions(coordinate, places.get(name) as Place, holder);
  if (!question) throw new Error(`no way to ask for ${coordinate}`);
  return writeQuestion(question);
}

/** A request as it was captured on the way. */
function capture(name: SubgraphName, { query, variables, token }: Mutation): () => Promise<GraphqlAnswer> {
  const url = urlOf(name);
  const body = JSON.stringify({ query, variables });
  const headers = gatewayOf(name).headersOf({ url, body, token });
  return async () => {
    const response = await fetch(url, { method: 'POST', headers, body });
    const answer = (await response.json()) as GraphqlAnswer['body'];
    return { status: response.status, headers: response.headers, body: answer };
  };
}

describe("with the customers' entrance's key", () => {
  test.each([
    ['auth', 'mutation { portalLogin(input: { email: "admin@example.com", password: "x" }) { expiresIn } }'],
    ['auth', 'mutation { portalRefresh(input: { refreshToken: "x" }) { expiresIn } }'],
    ['portal', '{ portalHealth }'],
  ] as const)("%s is not asked for staff's field: %s", async (name, query) => {
    const answer = await gatewayOf(name, 'user').post(urlOf(name), { query });
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
  });
});

describe("with the staff's entrance's key", () => {
  test.each([
    ['auth', 'mutation { login(input: { email: "ada@example.com", password: "x" }) { expiresIn } }'],
    ['auth', 'mutation { register(input: { email: "a@example.com", password: "x" }) { expiresIn } }'],
  ] as const)("%s is not asked for customers' field: %s", async (name, query) => {
    const answer = await gatewayOf(name, 'portal').post(urlOf(name), { query });
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
  });
});
